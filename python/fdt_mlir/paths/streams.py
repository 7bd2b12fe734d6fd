"""A region that streams: which rows its layers keep, and what may lie over its dying inputs.

`kernels/stream_axis.py` says which rows each layer computes in an iteration, and
`kernels/stream_grid.py` what is kept of them; the same code builds the loops, so memory is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fdt_mlir.kernels.access import Access, Linear, Subscript
from fdt_mlir.kernels.stream_axis import RowRead, Rows, StreamAxis, stream_axis
from fdt_mlir.kernels.stream_grid import Kept, StreamGrid
from fdt_mlir.kernels.traversal import NOTHING, Reach, forward_distance, span_bounds
from fdt_mlir.paths.graph import Graph, Read, TensorNode


@dataclass(frozen=True)
class Stream:
    """A region that runs row by row, or pixel by pixel, along loops of its end layer.

    `members` are in program order, the end layer last, and so are the layers of `grid`.
    """

    graph: Graph
    members: tuple[int, ...]
    fan_in: bool
    grid: StreamGrid

    @property
    def end(self) -> int:
        return self.members[-1]

    @cached_property
    def kept(self) -> Mapping[int, Kept]:
        """What exists of each member's result at a time."""
        return dict(zip(self.members, self.grid.kept(), strict=True))

    @cached_property
    def whole(self) -> tuple[int, ...]:
        """The members whose results are also read after the region, and so exist whole."""
        return tuple(m for m in self.members[:-1] if not is_closed(self.graph, m, self.members))

    @cached_property
    def tiles(self) -> Mapping[int, int]:
        """The bytes of each ring or tile buffer, by member."""
        return {m: self._tile_bytes(m) for m in self.members[:-1] if m not in self.whole}

    def _tile_bytes(self, member: int) -> int:
        points = self.grid.points(self.members.index(member))
        size_bytes = self.graph.result_of(member).size_bytes
        return size_bytes // points * math.prod(self.kept[member].extents)

    @property
    def extra_macs(self) -> int:
        """Multiply-accumulates more than without tiling: none, or fewer where rows are unneeded."""
        extra = 0
        for number, member in enumerate(self.members[:-1]):
            macs = self.graph.layers[member].macs
            computed = self.grid.computed_points(number)
            extra += macs * computed // self.grid.points(number) - macs
        return extra

    # Lying over a dying input

    def trailing(self, sources: Iterable[str]) -> list[Trailing]:
        """Which results may lie over which of some tensors, should these die in the loop."""
        if not self.graph.in_place:
            return []
        # Partial sums, and tensors that other layers write parts of, exist before the loop.
        is_old = self.fan_in or self.graph.layers[self.end].part_of is not None
        targets = self.members[:-1] if is_old else self.members
        found: list[Trailing] = []
        for source in sources:
            reads = list(self._reads_of(source))
            if any(lowest is None for _, lowest in reads):
                continue
            known = [(member, lowest) for member, lowest in reads if lowest is not None]
            found += [Trailing(source, m, self._distance(m, known)) for m in targets]
        return found

    @property
    def sources(self) -> Sequence[str]:
        """The tensors that the layers read and that others write."""
        inside = {self.graph.layers[member].result for member in self.members}
        reads = [read.tensor for m in self.members for read in self.graph.layers[m].reads]
        return [
            name
            for name in dict.fromkeys(reads)
            if name not in inside and not self.graph.tensors[name].streamed
        ]

    def _reads_of(self, source: str) -> Iterator[tuple[int, Rows | None]]:
        """Who reads a tensor, and the first byte that each iteration reads, None for any."""
        for member in self.members:
            is_fan_in = self.fan_in and member == self.end
            for read in self.graph.layers[member].reads:
                if read.tensor != source or (is_fan_in and not read.in_reduction):
                    continue
                reach = _reach_of_read(self.graph, read)
                yield member, reach and span_bounds(reach, self._loop_spans(member))[0]

    def _distance(self, target: int, reads: Sequence[tuple[int, Rows]]) -> int:
        """How far below the tensor that is read a member's result has to start, in bytes."""
        lowest_read = np.full(self.grid.iterations + 1, NOTHING, dtype=np.int64)
        for member, lowest in reads:
            # What is read in the same iteration, but not before the write, counts as later.
            part = lowest_read[:-1] if member < target else lowest_read[1:]
            np.minimum(part, lowest, out=part)
        return forward_distance(lowest_read, self._last_written(target))

    def _last_written(self, target: int) -> Rows:
        """The last byte of a result that each iteration writes; of a part or a ring all of it."""
        kept = self.kept[target]
        is_whole = kept.carried and not kept.rings  # a ring with room for everything is none
        if target == self.end or target in self.whole or is_whole:
            reach = _reach_of_result(self.graph, target)
            return span_bounds(reach, self._loop_spans(target))[1]
        spans = self.grid.nest_spans(self.members.index(target))
        writes = np.logical_and.reduce([span.begin < span.end for span in spans])
        return np.where(writes, self._tile_bytes(target) - 1, -NOTHING)

    def _loop_spans(self, member: int) -> list[tuple[Rows, Rows]]:
        number = self.members.index(member)
        none = np.zeros(self.grid.iterations, dtype=np.int64)
        spans = [(none, none + extent) for extent in self.graph.layers[member].dims]
        nest = self.grid.nest_spans(number)
        for axis, span in zip(self.grid.axes, nest, strict=True):
            spans[axis.loops[number]] = (span.begin, span.end)
        return spans

    @property
    def shared_bytes(self) -> int:
        """About how many bytes results share with a dying input: with the one that gives most.

        Results that begin to be written late may end higher up; they are stacked in that order.
        """
        filled: dict[str, int] = {}
        ends: list[tuple[int, str, int]] = []
        dying = [name for name in self.sources if self.graph.last_use[name] <= self.end]
        for each in self.trailing(dying):
            size = self.tiles.get(each.member, self.graph.result_of(each.member).size_bytes)
            ends.append((size - each.distance_bytes, each.source, size))
        for end, source, size in sorted(ends):
            known = filled.get(source, 0)
            most = min(end, self.graph.tensors[source].size_bytes)
            filled[source] = max(known, min(known + size, most))
        return max(filled.values(), default=0)


@dataclass(frozen=True)
class Trailing:
    """The result of `member` may lie over an input that dies in the loop, `distance_bytes` below.

    Or above it, if that is negative: before the member's first row some of the input is dead.
    """

    source: str
    member: int
    distance_bytes: int


def is_closed(graph: Graph, member: int, members: Sequence[int]) -> bool:
    """Whether only `members` read the result of one of them."""
    tensor = graph.result_of(member)
    return not tensor.is_output and set(tensor.consumers) <= set(members)


def _reach_of_read(graph: Graph, read: Read) -> Reach | None:
    tensor = graph.tensors[read.tensor]
    positions = [axis.position for axis in read.axes if axis is not None]
    if not positions or len(positions) < len(read.axes):
        return None
    return _reach(positions, tensor)


def _reach_of_result(graph: Graph, member: int) -> Reach:
    layer = graph.layers[member]
    units = [
        Linear(tuple(int(dim == loop) for dim in range(len(layer.dims))))
        for loop in layer.result_loops
    ]
    return _reach(units, graph.result_of(member))


def _reach(positions: Sequence[Linear], tensor: TensorNode) -> Reach:
    """A whole tensor, indexed by one position for each axis."""
    subscripts: list[Subscript] = []
    stride = 1
    for position, extent in reversed(list(zip(positions, tensor.shape, strict=True))):
        subscripts.append(Subscript(position, extent, stride))
        stride *= extent
    return Reach(0, Access(tuple(subscripts)), tensor.element_bytes)


# Following the rows


@dataclass(frozen=True)
class RowLoops:
    """The layers through which rows can be followed back, nearest to the end layer first.

    For each its loop along the rows, and by whom its rows are read at which position.
    """

    loops: Mapping[int, int]
    reads: Sequence[tuple[int, int, Linear]]  # reader, source, position

    def axis(self, graph: Graph, members: Sequence[int], step: int) -> StreamAxis | None:
        """The axis of some of the layers; None where readers want rows at different rates."""
        number = {member: place for place, member in enumerate(members)}
        return stream_axis(
            [graph.layers[member].dims for member in members],
            [self.loops[member] for member in members],
            [RowRead(number[a], number[b], p) for a, b, p in self.reads if {a, b} <= {*members}],
            step,
        )


def stream_along(
    graph: Graph,
    along: Sequence[RowLoops],
    members: Sequence[int],
    fan_in: bool,
    sizes: Sequence[int],
) -> Stream | None:
    """The stream of some layers along rows, or rows and columns, with steps of `sizes`.

    None where readers want rows at different rates, where columns to keep do not lie side by side,
    or where what is read after the layers has rows that their end does not need.
    """
    ordered = tuple(sorted(members))
    axes: list[StreamAxis] = []
    for loops, size in zip(along, sizes, strict=True):
        axis = loops.axis(graph, ordered, size)
        if axis is None:
            return None
        axes.append(axis)
    by_row = [number for number, member in enumerate(ordered) if graph.takes_rows(member)]
    stream = Stream(graph, ordered, fan_in, StreamGrid(tuple(axes), frozenset(by_row)))
    pixels_in_rows = all(_has_rows_of_pixels(stream, member) for member in ordered[:-1])
    return stream if pixels_in_rows and _computes_whole(stream) else None


def _computes_whole(stream: Stream) -> bool:
    """Whether the region computes all that is read after it: its end may need less."""
    numbers = [stream.members.index(member) for member in stream.whole]
    return all(stream.grid.computed_points(n) == stream.grid.points(n) for n in numbers)


def _has_rows_of_pixels(stream: Stream, member: int) -> bool:
    """Whether the pixels that are kept of a result lie in rows, one after the other."""
    if stream.kept[member].rings < 2:
        return True
    layer, number = stream.graph.layers[member], stream.members.index(member)
    rows, columns = (layer.result_loops.index(axis.loops[number]) for axis in stream.grid.axes)
    return columns == rows + 1


def follow_rows(graph: Graph, members: Sequence[int], dim: int) -> RowLoops:
    """Follow loop `dim` of an end layer, the first of `members`, back as far as it goes."""
    end, *others = members
    loops = {end: dim}
    reads: list[tuple[int, int, Linear]] = []
    for member in others:
        found = _row_reads(graph, member, loops)
        if found is None:
            break
        loops[member], positions = found
        reads += [(reader, member, position) for reader, position in positions]
    return RowLoops(loops, reads)


def _row_reads(
    graph: Graph, member: int, loops: Mapping[int, int]
) -> tuple[int, list[tuple[int, Linear]]] | None:
    """The loop of a layer that runs along the rows, and by whom and how they are read in order.

    None where a reader needs them in no order, or along another axis.
    """
    layer = graph.layers[member]
    axes: set[int] = set()
    positions: list[tuple[int, Linear]] = []
    for reader, loop in loops.items():
        for read in graph.layers[reader].reads:
            if read.tensor != layer.result:
                continue
            along = [
                (number, axis.position)
                for number, axis in enumerate(read.axes)
                if axis is not None and axis.position.coefficients[loop]
            ]
            if None in read.axes or len(along) != 1 or along[0][1].coefficients[loop] < 0:
                return None
            axes.add(along[0][0])
            positions.append((reader, along[0][1]))
    if len(axes) != 1 or layer.part_of:
        return None
    row_loop = layer.result_loops[axes.pop()]
    return None if row_loop is None else (row_loop, positions)
