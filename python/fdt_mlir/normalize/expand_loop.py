"""Replace one loop of a structured operation by several, and its tensors by reshaped ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import Structured, element_type, producer, shape_of


def expand_loop(view: Structured, loop: int, extents: Sequence[int]) -> ir.Operation:
    """Give `view` one loop for each of `extents` in place of `loop`.

    Every tensor that the loop indexes must do so with a plain dimension, which is split. A result
    that it indexes is collapsed again behind the new operation, which is returned.
    """
    added = len(extents) - 1
    loops = [n if n <= loop else n + added for n in range(len(view.iterators))]
    with ir.InsertionPoint(view.op), view.op.location:
        inputs = [
            _split(value, affine_map, loop, extents)
            for value, affine_map in zip(view.inputs, view.maps, strict=False)
        ]
        init = _split_init(view, loop, extents)
        iterators = list(view.op.attributes["iterator_types"])
        iterators[loop : loop + 1] = [iterators[loop]] * len(extents)
        maps = [_remapped(m, loop, len(extents), loops) for m in view.maps]
        created = ir.Operation.create(
            "linalg.generic",
            results=[init.type],
            operands=[*inputs, init],
            attributes={
                "indexing_maps": ir.ArrayAttr.get([ir.AffineMapAttr.get(m) for m in maps]),
                "iterator_types": ir.ArrayAttr.get(iterators),
                "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(inputs), 1]),
            },
            regions=1,
        )
        result = _joined(created.results[0], view, loop, extents)
    view.op.regions[0].blocks[0].append_to(created.regions[0])
    view.result.replace_all_uses_with(result)
    view.op.erase()
    return created


def computes_with_loops(view: Structured) -> bool:
    """Whether the body asks for the number of a loop, which `expand_loop` would change."""
    body = view.op.regions[0].blocks[0]
    return any(inner.operation.name == "linalg.index" for inner in body.operations)


def position_of(affine_map: ir.AffineMap, loop: int) -> int | None:
    """The dimension of a tensor that `loop` indexes alone; None where there is none."""
    found = [
        dim
        for dim, expr in enumerate(affine_map.results)
        if isinstance(expr, ir.AffineDimExpr) and expr.position == loop
    ]
    return found[0] if found else None


def _split(
    value: ir.Value, affine_map: ir.AffineMap, loop: int, extents: Sequence[int]
) -> ir.Value:
    """An operand with the loop's dimension split in `extents`."""
    position = position_of(affine_map, loop)
    if position is None:
        return value
    shape = _split_shape(value, position, extents)
    op = producer(value)
    is_joined = op is not None and op.name == "tensor.collapse_shape"
    if op is not None and is_joined and list(shape_of(op.operands[0])) == shape:
        return op.operands[0]
    return ir.Operation.create(
        "tensor.expand_shape",
        results=[ir.RankedTensorType.get(shape, element_type(value))],
        operands=[value],
        attributes={
            "reassociation": _groups(len(shape_of(value)), position, len(extents)),
            "static_output_shape": ir.DenseI64ArrayAttr.get(shape),
        },
    ).results[0]


def _split_init(view: Structured, loop: int, extents: Sequence[int]) -> ir.Value:
    position = position_of(view.maps[-1], loop)
    if position is None or view.reads_init:
        return _split(view.init, view.maps[-1], loop, extents)
    shape = _split_shape(view.init, position, extents)
    split = ir.RankedTensorType.get(shape, element_type(view.init))
    return ir.Operation.create("tensor.empty", results=[split]).results[0]


def _joined(value: ir.Value, view: Structured, loop: int, extents: Sequence[int]) -> ir.Value:
    """The new result in the shape of the old one."""
    position = position_of(view.maps[-1], loop)
    if position is None:
        return value
    groups = _groups(len(shape_of(view.result)), position, len(extents))
    return ir.Operation.create(
        "tensor.collapse_shape", [view.result.type], [value], {"reassociation": groups}
    ).results[0]


def _split_shape(value: ir.Value, position: int, extents: Sequence[int]) -> list[int]:
    shape = list(shape_of(value))
    assert shape[position] == math.prod(extents)
    shape[position : position + 1] = extents
    return shape


def _groups(rank: int, position: int, count: int) -> ir.ArrayAttr:
    """The reassociation of a tensor of `rank` whose dimension `position` is `count` dimensions."""
    index = ir.IntegerType.get_signless(64)
    groups = [[dim + (count - 1) * (dim > position)] for dim in range(rank)]
    groups[position] = list(range(position, position + count))
    return ir.ArrayAttr.get(
        [ir.ArrayAttr.get([ir.IntegerAttr.get(index, dim) for dim in group]) for group in groups]
    )


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
