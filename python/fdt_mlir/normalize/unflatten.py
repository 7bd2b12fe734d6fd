"""fdt-unflatten: layers that read a flattened tensor read it in its own dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir, walk
from fdt_mlir.normalize.structured import Structured, is_constant, producer, shape_of, structured
from fdt_mlir.passes import Pass


@dataclass(frozen=True)
class UnflattenPass(Pass):
    """Let a reduction over a flattened tensor run over the tensor's own dimensions.

    Requires: linalg.generic, before layers are marked.
    Ensures: a reduction whose loop indexes one flattened dimension of a `tensor.collapse_shape`
        (a dense layer after a convolution) has one loop for each dimension behind it, and its
        weights have that shape. So tiles of rows or channels reach through the flattening.
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
    if len(view.inputs) < 2:
        return None
    for value, affine_map in zip(view.inputs, view.maps, strict=False):
        op = producer(value)
        if op is None or op.name != "tensor.collapse_shape" or is_constant(op.operands[0]):
            continue
        extents = shape_of(op.operands[0])
        (expr, *others) = affine_map.results
        # Only a whole tensor made flat: one dimension, indexed by one loop of the reduction.
        if others or not isinstance(expr, ir.AffineDimExpr):
            continue
        loop = expr.position
        if view.iterators[loop] == "reduction" and _is_plain(view, loop):
            return loop, extents
    return None


def _is_plain(view: Structured, loop: int) -> bool:
    """Whether the loop only ever indexes a dimension alone, in tensors that can be reshaped."""
    for value, affine_map in zip((*view.inputs, view.init), view.maps, strict=True):
        for expr in affine_map.results:
            alone = isinstance(expr, ir.AffineDimExpr)
            if not alone and f"d{loop}" in str(expr):
                return False
            if isinstance(expr, ir.AffineDimExpr) and expr.position == loop:
                op = producer(value)
                flat = op is not None and op.name == "tensor.collapse_shape"
                if not (flat or is_constant(value)):
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
        created = ir.Operation.create(
            "linalg.generic",
            results=[view.result.type],
            operands=[*inputs, view.init],
            attributes={
                "indexing_maps": ir.ArrayAttr.get([ir.AffineMapAttr.get(m) for m in maps]),
                "iterator_types": ir.ArrayAttr.get(iterators),
                "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(inputs), 1]),
            },
            regions=1,
        )
    view.op.regions[0].blocks[0].append_to(created.regions[0])
    view.result.replace_all_uses_with(created.results[0])
    view.op.erase()


def _reshaped(
    value: ir.Value, affine_map: ir.AffineMap, loop: int, extents: Sequence[int]
) -> ir.Value:
    """An operand with the loop's dimension split in `extents`."""
    positions = [
        dim
        for dim, expr in enumerate(affine_map.results)
        if isinstance(expr, ir.AffineDimExpr) and expr.position == loop
    ]
    if not positions:
        return value
    (position,) = positions
    op = producer(value)
    if op is not None and op.name == "tensor.collapse_shape":
        return op.operands[0]
    shape = list(shape_of(value))
    assert shape[position] == math.prod(extents)
    shape[position : position + 1] = extents
    groups = [[dim + (len(extents) - 1) * (dim > position)] for dim in range(len(shape_of(value)))]
    groups[position] = list(range(position, position + len(extents)))
    element = ir.RankedTensorType(value.type).element_type
    index = ir.IntegerType.get_signless(64)
    reassociation = ir.ArrayAttr.get(
        [ir.ArrayAttr.get([ir.IntegerAttr.get(index, dim) for dim in group]) for group in groups]
    )
    return ir.Operation.create(
        "tensor.expand_shape",
        results=[ir.RankedTensorType.get(shape, element)],
        operands=[value],
        attributes={
            "reassociation": reassociation,
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
