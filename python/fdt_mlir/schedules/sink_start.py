"""Start every tile of a reduction where it is computed, not the whole result before the loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.attributes import integers, string
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import (
    Structured,
    element_type,
    is_carried,
    producer,
    shape_of,
    structured,
)
from fdt_mlir.schedules.layer_members import erase_unread

_CARRIED = 3  # operand number of the tensor that a loop carries, after its bounds and step


def sink_start(loop: ir.Operation, end: ir.Operation) -> None:
    """Move the start value of `end`, and the operations of its layer that lead to it, into the
    loop, where `end` is a reduction whose tiles are slices of the result.

    NOTE: fuse_into_containing_op does not follow a value that enters a loop as its first result.
    """
    view, start = structured(end), _start_of(loop)
    if view is None or start is None or not view.reads_init:
        return
    tile = producer(view.init)
    if tile is None or tile.name != "tensor.extract_slice" or not is_carried(view.init):
        return
    copy = _tile_of(start, _Offsets.of(tile), view.init, end)
    copy.attributes["fdt.layer"] = end.attributes["fdt.layer"]
    end.operands[len(view.inputs)] = copy.results[0]
    with ir.InsertionPoint(loop), loop.location:
        empty = ir.Operation.create("tensor.empty", [start.result.type])
        loop.operands[_CARRIED] = empty.results[0]
    erase_unread(loop.block.owner.operation)


def _start_of(loop: ir.Operation) -> Structured | None:
    """The operation that computes what the loop starts with, if it writes element by element."""
    view = _plain_member(loop.operands[_CARRIED])
    return view if view is not None and string(view.op, "fdt.role").startswith("init") else None


def _plain_member(value: ir.Value) -> Structured | None:
    """The member of a layer that computes `value`, if it writes element by element."""
    op = producer(value)
    view = structured(op) if op is not None and "fdt.role" in op.attributes else None
    if view is None or view.is_reduction or view.reads_init:
        return None
    expressions = (expr for each in view.maps for expr in each.results)
    is_plain = all(isinstance(expr, ir.AffineDimExpr) for expr in expressions)
    identity = ir.AffineMap.get_identity(len(view.iterators))
    return view if is_plain and view.maps[-1] == identity else None


def _tile_of(
    view: Structured, offsets: _Offsets, destination: ir.Value, before: ir.Operation
) -> ir.Operation:
    """Compute a tile of a result in `destination`, and of what leads to it in the same layer."""
    extents = shape_of(destination)
    inputs: list[ir.Value] = []
    for value, affine_map in zip(view.inputs, view.maps, strict=False):
        dims = [expr.position for expr in affine_map.results if isinstance(expr, ir.AffineDimExpr)]
        part = _Offsets(tuple(offsets.positions[dim] for dim in dims))
        sizes = [extents[dim] for dim in dims]
        member = _plain_member(value)
        with ir.InsertionPoint(before), view.op.location:
            if member is None or not _same_layer(member.op, view.op):
                inputs.append(_slice_of(value, part, sizes))
                continue
            own = ir.RankedTensorType.get(sizes, element_type(value))
            empty = ir.Operation.create("tensor.empty", [own])
        inputs.append(_tile_of(member, part, empty.results[0], before).results[0])
    copy = view.op.clone(ip=ir.InsertionPoint(before)).operation
    for number, value in enumerate([*inputs, destination]):
        copy.operands[number] = value
    copy.results[0].set_type(destination.type)
    return copy


def _same_layer(op: ir.Operation, other: ir.Operation) -> bool:
    return op.attributes["fdt.layer"] == other.attributes["fdt.layer"]


@dataclass(frozen=True)
class _Offsets:
    """Where a tile begins in each dimension: a number or a value."""

    positions: tuple[int | ir.Value, ...]

    @staticmethod
    def of(tile: ir.Operation) -> _Offsets:
        dynamic = ir.ShapedType.get_dynamic_stride_or_offset()
        values = iter(list(tile.operands)[1:])
        return _Offsets(
            tuple(
                next(values) if offset == dynamic else offset
                for offset in integers(tile, "static_offsets")
            )
        )


def _slice_of(value: ir.Value, offsets: _Offsets, sizes: Sequence[int]) -> ir.Value:
    """The part of an input that a tile of the result reads."""
    if not isinstance(value.type, ir.RankedTensorType):
        return value
    positions = offsets.positions
    values = [position for position in positions if isinstance(position, ir.Value)]
    dynamic = ir.ShapedType.get_dynamic_stride_or_offset()
    fixed = [dynamic if isinstance(each, ir.Value) else each for each in positions]
    part = ir.Operation.create(
        "tensor.extract_slice",
        [ir.RankedTensorType.get(sizes, element_type(value))],
        [value, *values],
        attributes={
            "static_offsets": ir.DenseI64ArrayAttr.get(fixed),
            "static_sizes": ir.DenseI64ArrayAttr.get(sizes),
            "static_strides": ir.DenseI64ArrayAttr.get([1] * len(sizes)),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, len(values), 0, 0]),
        },
    )
    return part.results[0]
