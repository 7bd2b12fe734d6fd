"""When a kernel reads and writes: how far its result may overlap an input that dies in the call.

A kernel visits its result block by block (`Kernel.block`; single elements without one) in the
order of its loops (`loops.result_order`), forwards or, where the plan asks for it, backwards. It
first reads all that a block needs, then writes the block. So a byte of the input may be overwritten
as soon as no later block reads it. The distances follow by walking all blocks once, for any
indexing maps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.kernels.access import Access, Subscript
from fdt_mlir.kernels.kernel import Kernel
from fdt_mlir.kernels.loops import result_order

Addresses = NDArray[Any]


@dataclass(frozen=True)
class Reach:
    """An operand in memory: how it is indexed, bytes per element, bytes before its first one."""

    operand: int
    access: Access
    element_bytes: int
    offset_bytes: int = 0


@dataclass(frozen=True)
class Distances:
    """How the result may lie to the input, both counted from the start of their buffers.

    `forward_bytes`: running forwards, the result must start at least this far below the input;
    negative where it may start above. `reverse_bytes`: running backwards, it must start at least
    this far above the input.
    """

    forward_bytes: int
    reverse_bytes: int


def overlap_distances(kernel: Kernel, reads: Sequence[Reach], write: Reach) -> Distances:
    """Compute the distances for one input, read through all of `reads`.

    The kernel must be a whole one: no slices, windows or rings.
    """
    assert not kernel.slices, "a slice of a kernel overlaps nothing"
    assert not kernel.windows, "a part of a tensor overlaps nothing"
    assert not kernel.rings, "a part of a tensor overlaps nothing"
    order = result_order(kernel)
    first, last = _bounds(kernel, write, order, backwards=False)
    forward = [_bounds(kernel, read, order, backwards=False) for read in reads]
    backward = [_bounds(kernel, read, order, backwards=True) for read in reads]
    lowest_read = np.minimum.reduce([low for low, _ in forward])
    highest_read = np.maximum.reduce([high for _, high in backward])
    return Distances(forward_distance(lowest_read, last), _reverse_distance(highest_read, first))


def span_bounds(
    reach: Reach, spans: Sequence[tuple[Addresses, Addresses]]
) -> tuple[Addresses, Addresses]:
    """Lowest and highest byte of an operand that each iteration of a tile loop touches.

    `spans` has first position and end of each loop of the kernel, by iteration; an iteration in
    which one of them is empty touches nothing.
    """
    low = np.full(np.shape(spans[0][0]), reach.offset_bytes, dtype=np.int64)
    high = low + reach.element_bytes - 1
    for subscript in reach.access.subscripts:
        first = last = np.array(subscript.position.constant, dtype=np.int64)
        for dim, factor in enumerate(subscript.position.coefficients):
            ends = factor * spans[dim][0], factor * (spans[dim][1] - 1)
            first, last = first + np.minimum(*ends), last + np.maximum(*ends)
        step, most = subscript.stride * reach.element_bytes, subscript.extent - 1
        low, high = low + np.clip(first, 0, most) * step, high + np.clip(last, 0, most) * step
    idle = np.logical_or.reduce([begin >= end for begin, end in spans])
    return np.where(idle, NOTHING, low), np.where(idle, -NOTHING, high)


def forward_distance(lowest_read: Addresses, last_written: Addresses) -> int:
    """Largest lead of what was written over what is still to be read, in bytes.

    Entry t holds what step t reads, then writes; there may be one more step that only reads.
    """
    written = np.maximum.accumulate(last_written)
    to_read = np.minimum.accumulate(lowest_read[::-1])[::-1][1:]
    return _largest(written[: len(to_read)] - to_read) + 1


def _reverse_distance(highest_read: Addresses, first_written: Addresses) -> int:
    written = np.minimum.accumulate(first_written[::-1])[::-1][1:]
    to_read = np.maximum.accumulate(highest_read)[:-1]
    return _largest(to_read - written) + 1


NOTHING = 1 << 40
"""Farther than any address: stands for a point that reads nothing."""


def _largest(lead: Addresses) -> int:
    """The largest lead; where nothing is read after the first write any place will do."""
    return int(lead.max()) if lead.size else -NOTHING


def _bounds(
    kernel: Kernel, reach: Reach, order: Sequence[int], backwards: bool
) -> tuple[Addresses, Addresses]:
    """First and last byte that each block touches of an operand, in the order of the loops."""
    shape = [kernel.dims[dim] for dim in order]
    low = np.full(shape, reach.offset_bytes, dtype=np.int64)
    high = np.full(shape, reach.offset_bytes + reach.element_bytes - 1, dtype=np.int64)
    for subscript in reach.access.subscripts:
        step = subscript.stride * reach.element_bytes
        smallest, largest = _positions(kernel, subscript, order)
        low += smallest * step
        high += largest * step
    idle = _idle_points(kernel, reach.operand, order, backwards)
    low[idle] = NOTHING
    high[idle] = -NOTHING
    block = [kernel.block[dim] if kernel.block else 1 for dim in order]
    lowest, highest = _by_block(low, block, NOTHING).min(-1), _by_block(high, block, -NOTHING)
    return lowest, highest.max(-1)


def _by_block(points: Addresses, block: Sequence[int], nothing: int) -> Addresses:
    """The points of each block in a row of their own; blocks at the border are filled up."""
    if not block:
        return points.reshape(1, 1)  # a single element
    missing = [(0, -extent % size) for extent, size in zip(points.shape, block, strict=True)]
    filled = np.pad(points, missing, constant_values=nothing)
    split = [
        n for extent, size in zip(filled.shape, block, strict=True) for n in (extent // size, size)
    ]
    blocks = filled.reshape(split)
    outer, inner = range(0, len(split), 2), range(1, len(split), 2)
    return blocks.transpose(*outer, *inner).reshape(math.prod(split[::2]), -1)


def _positions(
    kernel: Kernel, subscript: Subscript, order: Sequence[int]
) -> tuple[Addresses, Addresses]:
    """Smallest and largest position of a subscript at each point, clipped to the operand."""
    coefficients = subscript.position.coefficients
    base: Addresses = np.full([1] * len(order), subscript.position.constant, dtype=np.int64)
    for axis, dim in enumerate(order):
        if coefficients[dim]:
            line = [1] * len(order)
            line[axis] = kernel.dims[dim]
            base = base + coefficients[dim] * np.arange(kernel.dims[dim]).reshape(line)
    reduced = [
        coefficients[dim] * (extent - 1)
        for dim, extent in enumerate(kernel.dims)
        if dim not in order
    ]
    smallest = base + sum(min(0, step) for step in reduced)
    largest = base + sum(max(0, step) for step in reduced)
    end = subscript.extent - 1
    return np.clip(smallest, 0, end), np.clip(largest, 0, end)


def _idle_points(
    kernel: Kernel, operand: int, order: Sequence[int], backwards: bool
) -> tuple[Any, ...]:
    """The points that do not read an operand: an early stage reads at its first point only."""
    if operand == len(kernel.maps) - 1:
        return (np.zeros([kernel.dims[dim] for dim in order], dtype=bool),)
    names = {f"in:{operand}", f"table:{operand}"}
    using = [stage for stage in kernel.stages if names & {*stage.args, *stage.init_args}]
    active = np.zeros([kernel.dims[dim] for dim in order], dtype=bool)
    for stage in using:
        # A stage runs anew whenever one of the loops up to its innermost one advances; one inside
        # of a reduction runs at every point.
        nested = any(dim not in order for dim in stage.over)
        around = (
            len(order) if nested else max((order.index(dim) + 1 for dim in stage.over), default=0)
        )
        place = tuple(
            slice(None) if depth < around else (-1 if backwards else 0)
            for depth in range(len(order))
        )
        active[place] = True
    return (~active,)
