"""A region that streams: which rows its layers keep, and what may lie over its dying inputs.

`kernels/stream_axis.py` says which rows each layer computes in an iteration; the same code builds
the loops, so memory is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fdt_mlir.kernels.access import Access, Linear, Subscript
from fdt_mlir.kernels.stream_axis import KeptRows, RowRead, Rows, StreamAxis, stream_axis
from fdt_mlir.kernels.tile_ranges import Span
from fdt_mlir.kernels.traversal import NOTHING, Reach, forward_distance, span_bounds
from fdt_mlir.paths.graph import Graph, Read, TensorNode


@dataclass(frozen=True)
class Stream:
    """A region that runs row by row along a loop of its end layer.

    `members` are in program order, the end layer last, and so are the layers of `axis`.
    """

    graph: Graph
    members: tuple[int, ...]
    fan_in: bool
    axis: StreamAxis

    @property
    def end(self) -> int:
        return self.members[-1]

    @cached_property
    def spans(self) -> Mapping[int, Span[Rows]]:
        """The rows that each member computes, by iteration."""
        return dict(zip(self.members, self.axis.all_spans(), strict=True))

    @property
    def iterations(self) -> int:
        """How often the loop runs."""
        return len(self.spans[self.end].begin)

    @cached_property
    def kept(self) -> Mapping[int, KeptRows]:
        """How many rows of each member's result exist at a time.

        Those of a streamed input come between the iterations.
        """
        kept = self.axis.kept_rows(list(self.spans.values()))
        return {
            member: replace(rows, carried=rows.carried or self.graph.takes_rows(member))
            for member, rows in zip(self.members, kept, strict=True)
        }

    @cached_property
    def whole(self) -> tuple[int, ...]:
        """The members whose results are also read after the region, and so exist whole."""
        return tuple(m for m in self.members[:-1] if not is_closed(self.graph, m, self.members))

    @property
    def tiles(self) -> Mapping[int, int]:
        """The bytes of each ring or tile buffer, by member."""
        return {m: self._tile_bytes(m) for m in self.members[:-1] if m not in self.whole}

    def _tile_bytes(self, member: int) -> int:
        tensor = self.graph.result_of(member)
        rows = self._rows(member)
        return tensor.size_bytes // rows * min(self.kept[member].count, rows)

    def _rows(self, member: int) -> int:
        return self.axis.rows[self.members.index(member)]

    @property
    def extra_macs(self) -> int:
        """Multiply-accumulates more than without tiling: none, or fewer where rows are unneeded."""
        extra = 0
        for member in self.members[:-1]:
            computed = int(np.sum(self.spans[member].end - self.spans[member].begin))
            macs = self.graph.layers[member].macs
            extra += macs * computed // self._rows(member) - macs
        return extra

    # Lying over a dying input

    @cached_property
    def trailing(self) -> list[Trailing]:
        """Which results may lie over which of the tensors that die in the loop."""
        if not self.graph.in_place:
            return []
        # Partial sums, and tensors that other layers write parts of, exist before the loop.
        is_old = self.fan_in or self.graph.layers[self.end].part_of is not None
        targets = self.members[:-1] if is_old else self.members
        found: list[Trailing] = []
        for source in self._dying:
            reads = list(self._reads_of(source))
            if any(lowest is None for _, lowest in reads):
                continue
            known = [(member, lowest) for member, lowest in reads if lowest is not None]
            found += [Trailing(source, m, self._distance(m, known)) for m in targets]
        return found

    @property
    def _dying(self) -> Sequence[str]:
        inside = {self.graph.layers[member].result for member in self.members}
        reads = [read.tensor for m in self.members for read in self.graph.layers[m].reads]
        return [
            name
            for name in dict.fromkeys(reads)
            if name not in inside
            and self.graph.last_use[name] <= self.end
            and not self.graph.tensors[name].streamed
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
        lowest_read = np.full(self.iterations + 1, NOTHING, dtype=np.int64)
        for member, lowest in reads:
            # What is read in the same iteration, but not before the write, counts as later.
            part = lowest_read[:-1] if member < target else lowest_read[1:]
            np.minimum(part, lowest, out=part)
        return forward_distance(lowest_read, self._last_written(target))

    def _last_written(self, target: int) -> Rows:
        """The last byte of a result that each iteration writes; of a ring all of it."""
        if target == self.end or target in self.whole:
            reach = _reach_of_result(self.graph, target)
            return span_bounds(reach, self._loop_spans(target))[1]
        rows = self.spans[target]
        return np.where(rows.begin < rows.end, self._tile_bytes(target) - 1, -NOTHING)

    def _loop_spans(self, member: int) -> list[tuple[Rows, Rows]]:
        number, rows = self.members.index(member), self.spans[member]
        none = np.zeros_like(rows.begin)
        spans = [(none, none + extent) for extent in self.axis.dims[number]]
        spans[self.axis.loops[number]] = (rows.begin, rows.end)
        return spans

    @property
    def shared_bytes(self) -> int:
        """About how many bytes results share with a dying input: with the one that gives most.

        Results that begin to be written late may end higher up; they are stacked in that order.
        """
        filled: dict[str, int] = {}
        ends: list[tuple[int, str, int]] = []
        for each in self.trailing:
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

    def stream(
        self, graph: Graph, members: Sequence[int], fan_in: bool, step: int
    ) -> Stream | None:
        """The stream of some of the layers; None where readers want rows at different rates."""
        ordered = tuple(sorted(members))
        number = {member: place for place, member in enumerate(ordered)}
        axis = stream_axis(
            [graph.layers[member].dims for member in ordered],
            [self.loops[member] for member in ordered],
            [RowRead(number[a], number[b], p) for a, b, p in self.reads if {a, b} <= {*ordered}],
            step,
        )
        return None if axis is None else Stream(graph, ordered, fan_in, axis)


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
