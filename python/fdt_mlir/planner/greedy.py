"""Layouts by first fit: place the buffers one by one, each at the lowest legal offset.

Exemptions are honoured: an exempt pair forbids fewer offsets than a plain one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fdt_mlir.planner.problem import Buffer, Offset, Overlap, Problem


@dataclass(frozen=True)
class Barrier:
    """Where a buffer may not start because of one placed neighbour.

    Offsets strictly between `above` and `below`, both relative to the neighbour's offset, are
    forbidden, save those in `allowed`.
    """

    above: int
    below: int
    allowed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Neighbourhood:
    """For every buffer, by index, the buffers it can collide with and the barrier of each."""

    problem: Problem

    @cached_property
    def barriers(self) -> tuple[dict[int, Barrier], ...]:
        """Barriers by the index of the buffer to place, then by that of the placed neighbour."""
        buffers = self.problem.buffers
        exemptions: dict[tuple[str, str], list[Overlap]] = {}
        for overlap in self.problem.overlaps:
            pair = (overlap.input_name, overlap.output_name)
            exemptions.setdefault(pair, []).append(overlap)
        barriers: tuple[dict[int, Barrier], ...] = tuple({} for _ in buffers)
        by_birth = sorted(range(len(buffers)), key=lambda index: (buffers[index].first, index))
        for position, one in enumerate(by_birth):
            for other in by_birth[position + 1 :]:
                if buffers[other].first >= buffers[one].last:
                    break
                if buffers[one].size_bytes and buffers[other].size_bytes:
                    barriers[one][other] = _barrier(buffers[one], buffers[other], exemptions)
                    barriers[other][one] = _barrier(buffers[other], buffers[one], exemptions)
        return barriers


def _barrier(
    buffer: Buffer, neighbour: Buffer, exemptions: dict[tuple[str, str], list[Overlap]]
) -> Barrier:
    above, below = -buffer.size_bytes, neighbour.size_bytes
    allowed: list[int] = []
    ends_equal = neighbour.size_bytes - buffer.size_bytes
    for overlap in exemptions.get((neighbour.name, buffer.name), ()):  # the result is placed
        if overlap.direction == "forward":
            above = max(above, -overlap.distance_bytes)
        elif overlap.direction == "reverse":
            below = min(below, ends_equal + overlap.distance_bytes)
        else:
            allowed.append(0)
    for overlap in exemptions.get((buffer.name, neighbour.name), ()):  # the input is placed
        if overlap.direction == "forward":
            below = min(below, overlap.distance_bytes)
        elif overlap.direction == "reverse":
            above = max(above, ends_equal - overlap.distance_bytes)
        else:
            allowed.append(0)
    return Barrier(above, below, tuple(allowed))


def first_fit(neighbourhood: Neighbourhood, order: Sequence[int]) -> list[Offset]:
    """Place pinned buffers, then the others in `order`, each at its lowest legal offset.

    Returns offsets by index. `order` names every buffer once.
    """
    buffers = neighbourhood.problem.buffers
    offsets: list[int | None] = [buffer.pin for buffer in buffers]
    for index in order:
        if offsets[index] is None:
            offsets[index] = _lowest_offset(index, neighbourhood, offsets)
    return [Offset(offset) for offset in offsets if offset is not None]


def _lowest_offset(index: int, neighbourhood: Neighbourhood, offsets: Sequence[int | None]) -> int:
    buffer = neighbourhood.problem.buffers[index]
    gaps: list[tuple[int, int]] = []
    points: list[tuple[int, int, int]] = []
    for neighbour, barrier in neighbourhood.barriers[index].items():
        base = offsets[neighbour]
        if base is None or barrier.above >= barrier.below:
            continue
        gaps.append((base + barrier.above, base + barrier.below))
        points += [(base + point, *gaps[-1]) for point in barrier.allowed]
    gaps.sort()
    offset = _lowest_outside(gaps, buffer.align)
    for point, above, below in sorted(points):
        others = list(gaps)
        others.remove((above, below))  # the exemption lifts this neighbour's barrier, no other's
        if point < offset and point % buffer.align == 0 and not _forbidden(point, others):
            return point
    return offset


def _lowest_outside(gaps: list[tuple[int, int]], align: int) -> int:
    """Return the least aligned offset in none of the open intervals, which are sorted."""
    offset = 0
    for above, below in gaps:
        if above < offset < below:
            offset = below + -below % align
    return offset


def _forbidden(offset: int, gaps: list[tuple[int, int]]) -> bool:
    return any(above < offset < below for above, below in gaps)


def arena_of(problem: Problem, offsets: Sequence[int]) -> int:
    """Return the bytes up to the end of the highest buffer."""
    pairs = zip(problem.buffers, offsets, strict=True)
    return max((offset + buffer.size_bytes for buffer, offset in pairs), default=0)


def warm_start_orders(problem: Problem, breadths: Sequence[int]) -> list[list[int]]:
    """List orders for first fit, each by another idea of what is hardest to place.

    `breadths` gives, by buffer, the largest live sum in bytes over its lifetime.
    """
    buffers = problem.buffers
    layers = _layers(buffers)

    def area(index: int) -> int:
        return buffers[index].size_bytes * lifetime(index)

    def lifetime(index: int) -> int:
        return buffers[index].last - buffers[index].first

    def size(index: int) -> int:
        return buffers[index].size_bytes

    keys: list[Callable[[int], tuple[int, ...]]] = [
        lambda index: (-breadths[index], -size(index)),
        lambda index: (-breadths[index], -lifetime(index), -size(index)),
        lambda index: (-breadths[index], -area(index)),
        lambda index: (-size(index), -lifetime(index)),
        lambda index: (-lifetime(index), -size(index)),
        lambda index: (-area(index),),
        lambda index: (buffers[index].first, -size(index)),
        lambda index: (-buffers[index].last, -size(index)),
        lambda index: (buffers[index].first, -lifetime(index)),
        lambda index: (layers[index], buffers[index].first),
    ]
    return [sorted(range(len(buffers)), key=lambda index: (*key(index), index)) for key in keys]


def _layers(buffers: Sequence[Buffer]) -> list[int]:
    """Number the layers of buffers that live one after the other, filled by birth.

    A chain of tensors, two live at a time, has two layers. With the first on the ground, every
    buffer of the second rests on its neighbours only, and the arena is the live sum.
    """
    layers = [0] * len(buffers)
    deaths: list[int] = []
    for index in sorted(range(len(buffers)), key=lambda index: (buffers[index].first, index)):
        first, last = buffers[index].first, buffers[index].last
        free = (layer for layer, death in enumerate(deaths) if death <= first)
        layers[index] = next(free, len(deaths))
        if layers[index] == len(deaths):
            deaths.append(last)
        deaths[layers[index]] = last
    return layers
