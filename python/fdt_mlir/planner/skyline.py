"""The state of a packing under construction: a skyline over the sections of time.

A section is the time between two neighbouring births or deaths. Buffers are placed from the bottom
up, so a section is described by its floor, below which no more buffer goes, and its slack, the
bytes that may still be wasted in it. Free space below a floor is waste.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from fdt_mlir.planner.problem import Buffer


@dataclass(frozen=True)
class Sections:
    """Buffers with their lifetimes in sections: buffer i covers `[first[i], last[i])`."""

    buffers: tuple[Buffer, ...]

    @cached_property
    def times(self) -> dict[int, int]:
        """Section that begins at a birth or death; the last one is no section but the end."""
        events = {buffer.first for buffer in self.buffers} | {
            buffer.last for buffer in self.buffers
        }
        return {time: section for section, time in enumerate(sorted(events))}

    @cached_property
    def count(self) -> int:
        """Number of sections."""
        return max(0, len(self.times) - 1)

    @cached_property
    def first(self) -> list[int]:
        """First section, by buffer."""
        return [self.times[buffer.first] for buffer in self.buffers]

    @cached_property
    def last(self) -> list[int]:
        """Section after the last, by buffer."""
        return [self.times[buffer.last] for buffer in self.buffers]

    @cached_property
    def kind(self) -> list[int]:
        """Least buffer that is the same but for its name, by buffer."""
        least: dict[tuple[int, int, int, int], int] = {}
        shapes = [(b.size_bytes, b.first, b.last, b.align) for b in self.buffers]
        return [least.setdefault(shape, index) for index, shape in enumerate(shapes)]

    @cached_property
    def starting(self) -> list[list[int]]:
        """Buffers born with a section, the longest and then the largest first."""
        return self._by_edge(self.first)

    @cached_property
    def ending(self) -> list[list[int]]:
        """Buffers that die where a section begins, the longest and then the largest first."""
        return self._by_edge(self.last)

    @cached_property
    def crossing(self) -> list[int]:
        """Mask of the buffers that live on both sides of where a section begins."""
        masks = [0] * (self.count + 1)
        for index, (first, last) in enumerate(zip(self.first, self.last, strict=True)):
            for section in range(first + 1, last):
                masks[section] |= 1 << index
        return masks

    @cached_property
    def live_bytes(self) -> list[int]:
        """Sum of the sizes of the buffers live in a section."""
        totals = [0] * self.count
        for buffer, first, last in zip(self.buffers, self.first, self.last, strict=True):
            for section in range(first, last):
                totals[section] += buffer.size_bytes
        return totals

    def within(self, begin: int, end: int) -> int:
        """Return the mask of the buffers that live in sections `[begin, end)` only."""
        mask = 0
        for index, (first, last) in enumerate(zip(self.first, self.last, strict=True)):
            if begin <= first and last <= end:
                mask |= 1 << index
        return mask

    def _by_edge(self, edge: Sequence[int]) -> list[list[int]]:
        lists: list[list[int]] = [[] for _ in range(self.count + 1)]
        for index, section in enumerate(edge):
            lists[section].append(index)

        def rank(index: int) -> tuple[int, int, int]:
            lifetime = self.first[index] - self.last[index]
            return (lifetime, -self.buffers[index].size_bytes, index)

        return [sorted(indices, key=rank) for indices in lists]


class Move(NamedTuple):
    """Place `buffer` (its index) at `offset`; without one, raise the floor of `section` to it."""

    offset: int
    buffer: int = -1
    section: int = -1


class Skyline:
    """Floors and slacks of all sections, the buffers left to place, and how to undo a move."""

    def __init__(self, sections: Sections, capacity_bytes: int) -> None:
        self.sections = sections
        self.capacity_bytes = capacity_bytes
        self.floor = [0] * sections.count
        self.slack = [capacity_bytes - live for live in sections.live_bytes]
        self.left = (1 << len(sections.buffers)) - 1
        self.offsets = [0] * len(sections.buffers)
        self._undo: list[tuple[int, int, list[int], list[int] | None]] = []

    @property
    def mark(self) -> int:
        """Point in the history to which `undo_to` can return."""
        return len(self._undo)

    def apply(self, move: Move) -> None:
        """Carry out a move that the slack allows."""
        if move.buffer < 0:
            self.raise_floor(move.section, move.offset)
            return
        sections, index, offset = self.sections, move.buffer, move.offset
        first, last = sections.first[index], sections.last[index]
        waste = offset - self.floor[first]
        self._undo.append(
            (index, first, self.floor[first:last], self.slack[first:last] if waste else None)
        )
        if waste:
            self.slack[first:last] = [slack - waste for slack in self.slack[first:last]]
        top = offset + sections.buffers[index].size_bytes
        self.floor[first:last] = [top] * (last - first)
        self.left ^= 1 << index
        self.offsets[index] = offset

    def raise_floor(self, section: int, floor: int) -> None:
        """Waste the bytes of a section below `floor`."""
        old_floor, old_slack = self.floor[section], self.slack[section]
        self._undo.append((-1, section, [old_floor], [old_slack]))
        self.slack[section] = old_slack - (floor - old_floor)
        self.floor[section] = floor

    def undo_to(self, mark: int) -> None:
        """Undo all that happened since `mark` was read."""
        while len(self._undo) > mark:
            index, section, floors, slacks = self._undo.pop()
            self.floor[section : section + len(floors)] = floors
            if slacks is not None:
                self.slack[section : section + len(slacks)] = slacks
            if index >= 0:
                self.left ^= 1 << index

    def components(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Split `[begin, end)` where no buffer left crosses, dropping sections without any left."""
        crossing, left = self.sections.crossing, self.left
        cuts = [section for section in range(begin + 1, end) if not crossing[section] & left]
        bounds = [begin, *cuts, end]
        return [
            (one, other)
            for one, other in pairwise(bounds)
            # What is neither floor nor slack is still to be placed.
            if self.floor[one] + self.slack[one] != self.capacity_bytes
        ]
