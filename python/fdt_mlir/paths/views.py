"""Positions in a view of a tensor, expressed as positions in the tensor itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.kernels.access import Linear
from fdt_mlir.normalize.structured import shape_of
from fdt_mlir.paths.graph import AxisRead

Axes = list[AxisRead | None]


def source_axes(view: ir.Operation, axes: Axes, dims: Sequence[int]) -> Axes:
    """Translate `axes` of the result of a view operation to axes of what it shows.

    An axis that cannot be followed becomes None: the whole of it is needed.
    """
    source, result = shape_of(view.operands[0]), shape_of(view.results[0])
    loops = len(dims)
    if view.name == "tensor.extract_slice":
        return _sliced(view, axes, source, result, loops)
    if view.name == "tensor.collapse_shape":
        groups = [list(group) for group in view.attributes["reassociation"]]
        return [
            axis
            for group, read in zip(groups, axes, strict=True)
            for axis in _split(read, [source[int(position)] for position in group], loops)
        ]
    if view.name == "tensor.expand_shape":
        groups = [list(group) for group in view.attributes["reassociation"]]
        return [
            _merge(
                [axes[int(position)] for position in group],
                [result[int(position)] for position in group],
                dims,
            )
            for group in groups
        ]
    return [None] * len(source)


def _first(loops: int) -> AxisRead:
    """The only position of an axis of extent 1."""
    return AxisRead(Linear((0,) * loops), 1)


def _sliced(
    view: ir.Operation,
    axes: Axes,
    source: Sequence[int],
    result: Sequence[int],
    loops: int,
) -> Axes:
    offsets = list(view.attributes["static_offsets"])
    strides = list(view.attributes["static_strides"])
    if len(view.operands) > 1 or any(stride != 1 for stride in strides):
        return [None] * len(source)
    kept = iter(axis for axis, extent in zip(axes, result, strict=True) if extent != 1)
    sizes = list(view.attributes["static_sizes"])
    moved: Axes = []
    for size, offset in zip(sizes, offsets, strict=True):
        axis = _first(loops) if size == 1 else next(kept)
        moved.append(_moved(axis, offset))
    return moved


def _moved(axis: AxisRead | None, offset: int) -> AxisRead | None:
    if axis is None:
        return None
    return AxisRead(axis.position, axis.extent, axis.divide, axis.offset + offset)


def _split(axis: AxisRead | None, extents: Sequence[int], loops: int) -> Axes:
    """An axis of the view is a group of axes of the source: the leading one can be followed."""
    filled = [position for position, extent in enumerate(extents) if extent != 1]
    split: Axes = [_first(loops) if extent == 1 else None for extent in extents]
    if not filled:
        return split
    if len(filled) == 1:
        split[filled[0]] = axis
    elif axis is not None and axis.offset == 0:
        inner = math.prod(extents) // extents[filled[0]]
        split[filled[0]] = AxisRead(axis.position, axis.extent, axis.divide * inner)
    return split


def _merge(axes: Axes, extents: Sequence[int], dims: Sequence[int]) -> AxisRead | None:
    """A group of axes of the view is one axis of the source."""
    filled = [(axis, extent) for axis, extent in zip(axes, extents, strict=True) if extent != 1]
    if not filled:
        return _first(len(dims))
    if len(filled) == 1:
        return filled[0][0]
    position = Linear((0,) * len(dims))
    for axis, extent in filled:
        if axis is None or axis.divide != 1 or axis.offset or axis.extent != extent:
            return None
        low, high = axis.position.bounds(dims)
        if low < 0 or high >= extent:
            return None
        position = position.scaled(extent).plus(axis.position)
    return AxisRead(position, math.prod(extents))
