"""fdt-unflatten: layers that read a flattened tensor read it in its own dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.attributes import i64, integer_of, items, items_of
from fdt_mlir.bindings import ir, walk
from fdt_mlir.normalize.generic import create_generic
from fdt_mlir.normalize.structured import (
    Structured,
    element_type,
    is_constant,
    producer,
    shape_of,
    structured,
)
from fdt_mlir.passes import Pass


@dataclass(frozen=True)
class UnflattenPass(Pass):
    """Let computations on a flattened tensor run over the tensor's own dimensions.

    Requires: linalg.generic, before layers are marked.
    Ensures: a reduction whose loop indexes one flattened dimension of a `tensor.collapse_shape`
        (a dense layer after a convolution) has one loop for each dimension behind it, and its
        weights have that shape. So tiles of rows or channels reach through the flattening. What is
        computed element by element from a flattened accumulator (the bias and rescale of a
        depthwise convolution with a multiplier) comes before the flattening.
    Fails when: never; a reshape that a loop does not index plainly is left alone.
    """

    name: ClassVar[str] = "fdt-unflatten"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            view = structured(op)
            found = _flattened(view) if view is not None else None
            if view is not None and found is not None:
                _expand(view, *found)


def _flattened(view: Structured) -> tuple[int, tuple[int, ...]] | None:
    """The loop over a flattened dimension and the extents behind it."""
    if _computes_with_loops(view):
        return None
    for value, affine_map in zip(view.inputs, view.maps, strict=False):
        op = producer(value)
        group = _only_group(op) if op is not None else None
        if op is None or group is None or is_constant(op.operands[0]):
            continue
        dim, extents = group
        expr = affine_map.results[dim]
        if not isinstance(expr, ir.AffineDimExpr) or not _is_plain(view, expr.position, extents):
            continue
        reduced = view.iterators[expr.position] == "reduction"
        if (reduced and len(view.inputs) > 1) or _is_epilogue(view, op.operands[0]):
            return expr.position, extents
    return None


def _only_group(op: ir.Operation) -> tuple[int, tuple[int, ...]] | None:
    """The one dimension of a `tensor.collapse_shape` that several became, and their extents."""
    if op.name != "tensor.collapse_shape":
        return None
    shape = shape_of(op.operands[0])
    groups = [[integer_of(dim) for dim in items_of(g)] for g in items(op, "reassociation")]
    merged = [dim for dim, group in enumerate(groups) if len(group) > 1]
    if len(merged) != 1:
        return None
    extents = tuple(shape[dim] for dim in groups[merged[0]])
    # Dropping dimensions of extent 1 flattens nothing.
    return (merged[0], extents) if sum(extent != 1 for extent in extents) > 1 else None


def _computes_with_loops(view: Structured) -> bool:
    """Whether the body asks for the number of a loop, which would change."""
    body = view.op.regions[0].blocks[0]
    return any(inner.operation.name == "linalg.index" for inner in body.operations)


def _is_epilogue(view: Structured, accumulator: ir.Value) -> bool:
    """Whether a computation is element by element and follows a reduction, perhaps with others."""
    op = producer(accumulator)
    before = structured(op) if op is not None else None
    if before is None or view.is_reduction or not view.maps[-1].is_permutation:
        return False
    return before.is_reduction or any(_is_epilogue(before, value) for value in before.inputs)


def _is_plain(view: Structured, loop: int, extents: Sequence[int]) -> bool:
    """Whether the loop only ever indexes a dimension alone, in tensors that can be reshaped."""
    for value, affine_map in zip((*view.inputs, view.init), view.maps, strict=True):
        for dim, expr in enumerate(affine_map.results):
            alone = isinstance(expr, ir.AffineDimExpr)
            if not alone and f"d{loop}" in str(expr):
                return False
            if isinstance(expr, ir.AffineDimExpr) and expr.position == loop:
                op = producer(value)
                split = op is not None and _only_group(op) == (dim, tuple(extents))
                empty = op is not None and op.name == "tensor.empty"
                if not (split or empty or is_constant(value)):
                    return False
    return True


def _expand(view: Structured, loop: int, extents: Sequence[int]) -> None:
    """Replace one loop by several, and reshape the operands that it indexes."""
    added = len(extents) - 1
    loops = [n if n <= loop else n + added for n in range(len(view.iterators))]
    with ir.InsertionPoint(view.op), view.op.location:
        inputs = [
            _reshaped(value, affine_map, loop, extents)
            for value, affine_map in zip(view.inputs, view.maps, strict=False)
        ]
        iterators = list(view.op.attributes["iterator_types"])
        iterators[loop : loop + 1] = [iterators[loop]] * len(extents)
        maps = [_remapped(m, loop, len(extents), loops) for m in view.maps]
        init = _reshaped(view.init, view.maps[-1], loop, extents)
        created = create_generic(inputs, init, maps, iterators)
    view.op.regions[0].blocks[0].append_to(created.regions[0])
    result = created.results[0]
    if result.type != view.result.type:
        with ir.InsertionPoint(view.op), view.op.location:
            result = _flattened_again(view, result, loop, len(extents))
    view.result.replace_all_uses_with(result)
    view.op.erase()


def _flattened_again(view: Structured, result: ir.Value, loop: int, count: int) -> ir.Value:
    (position,) = _positions(view.maps[-1], loop)
    return ir.Operation.create(
        "tensor.collapse_shape",
        results=[view.result.type],
        operands=[result],
        attributes={"reassociation": _groups(len(shape_of(view.result)), position, count)},
    ).results[0]


def _positions(affine_map: ir.AffineMap, loop: int) -> list[int]:
    """The dimensions that a loop indexes."""
    return [
        dim
        for dim, expr in enumerate(affine_map.results)
        if isinstance(expr, ir.AffineDimExpr) and expr.position == loop
    ]


def _groups(rank: int, position: int, count: int) -> ir.ArrayAttr:
    """The reassociation that splits dimension `position` of `rank` in `count`."""
    groups = [[dim + (count - 1) * (dim > position)] for dim in range(rank)]
    groups[position] = list(range(position, position + count))
    return ir.ArrayAttr.get([ir.ArrayAttr.get([i64(dim) for dim in group]) for group in groups])


def _reshaped(
    value: ir.Value, affine_map: ir.AffineMap, loop: int, extents: Sequence[int]
) -> ir.Value:
    """An operand with the loop's dimension split in `extents`."""
    positions = _positions(affine_map, loop)
    if not positions:
        return value
    (position,) = positions
    op = producer(value)
    if op is not None and op.name == "tensor.collapse_shape":
        return op.operands[0]
    shape = list(shape_of(value))
    assert shape[position] == math.prod(extents)
    shape[position : position + 1] = extents
    expanded = ir.RankedTensorType.get(shape, element_type(value))
    if op is not None and op.name == "tensor.empty":
        return ir.Operation.create("tensor.empty", [expanded]).results[0]
    return ir.Operation.create(
        "tensor.expand_shape",
        results=[expanded],
        operands=[value],
        attributes={
            "reassociation": _groups(len(shape_of(value)), position, len(extents)),
            "static_output_shape": ir.DenseI64ArrayAttr.get(shape),
        },
    ).results[0]


def _remapped(
    affine_map: ir.AffineMap, loop: int, count: int, loops: Sequence[int]
) -> ir.AffineMap:
    """The map with one loop replaced by `count`, the others renumbered."""
    results: list[ir.AffineExpr] = []
    renumbered = ir.AffineMap.get(
        len(loops) + count - 1, 0, [ir.AffineExpr.get_dim(number) for number in loops]
    )
    for expr in affine_map.results:
        if isinstance(expr, ir.AffineDimExpr) and expr.position == loop:
            results += [ir.AffineExpr.get_dim(loop + n) for n in range(count)]
        else:
            results.append(expr.compose(renumbered))
    return ir.AffineMap.get(len(loops) + count - 1, 0, results)
