"""The search: which regions to tile, for every arena size that can be reached.

A program is cut into consecutive pieces: single layers, and intervals taken by one region. What a
piece needs (its live bytes less what a result shares with a dying input) does not depend on how the
other pieces are tiled, so for a limit of needed bytes dynamic programming over the cuts gives the
set of regions of least work. Lowering the limit to just below each result walks along the Pareto
front of needed bytes and work. All regions are chosen at once, which breaks plateaus: several steps
at the same peak. The planner has the last word: it lays out each choice of the front.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fdt_mlir.paths.graph import Graph
from fdt_mlir.paths.program import untiled_needs_bytes
from fdt_mlir.paths.regions import STREAMS, Candidate, CandidateTable

# Tiles count after work: both are compared as one number, `macs * _TILE_WEIGHT + tiles`.
_TILE_WEIGHT = 1 << 24


@dataclass(frozen=True)
class Choice:
    """A set of regions: what its neediest step needs, were it alone, and its additional work."""

    regions: tuple[Candidate, ...]
    needs_bytes: int
    extra_macs: int


@dataclass(frozen=True)
class _Interval:
    """The candidates of one interval that are best for some limit, by falling bytes."""

    first: int
    end: int
    peaks: list[int]  # ascending
    costs: list[int]  # falling: the least cost up to this peak
    places: list[tuple[int, int]]  # table, row

    def best(self, limit_bytes: int) -> int | None:
        """The position of the cheapest candidate within a limit."""
        position = bisect_right(self.peaks, limit_bytes) - 1
        return position if position >= 0 else None


class Search:
    """Candidates of a graph, prepared to be chosen from for any limit of needed bytes."""

    def __init__(self, graph: Graph, tables: Sequence[CandidateTable]):
        self.graph = graph
        self.tables = [table for table in tables if _keeps_streaming(graph, table)]
        self.needs: list[int | None] = [*untiled_needs_bytes(graph)]
        for layer in range(len(graph.layers)):
            if graph.takes_rows(layer):
                self.needs[layer] = None  # rows that come one after the other: a stream takes them
        self.ending: dict[int, list[_Interval]] = {}
        for (first, end), numbers in _by_interval(self.tables).items():
            interval = self._interval(first, end, numbers)
            self.ending.setdefault(end, []).append(interval)

    def _interval(self, first: int, end: int, numbers: Sequence[int]) -> _Interval:
        peaks = np.concatenate([self.tables[n].peak_bytes for n in numbers])
        macs = np.concatenate([self.tables[n].extra_macs for n in numbers])
        tiles = np.concatenate([self.tables[n].tiles for n in numbers])
        table = np.concatenate([np.full(len(self.tables[n]), n) for n in numbers])
        row = np.concatenate([np.arange(len(self.tables[n])) for n in numbers])
        # Work that is saved by chance is no reason to tile.
        costs = np.maximum(macs, 0) * _TILE_WEIGHT + tiles
        order = np.lexsort((row, table, costs, peaks))
        costs = costs[order]
        least = np.minimum.accumulate(costs)
        better = np.ones(len(costs), dtype=bool)
        better[1:] = least[1:] < least[:-1]
        kept = order[better]
        return _Interval(
            first,
            end,
            peaks[kept].tolist(),
            costs[better].tolist(),
            list(zip(table[kept].tolist(), row[kept].tolist(), strict=True)),
        )

    def within(self, limit_bytes: int) -> Choice | None:
        """The regions of least work, then fewest tiles, then fewest regions within a limit.

        None where no choice keeps every step within `limit_bytes`.
        """
        # Up to each layer: cost, number of regions, and how the last piece came about.
        best: list[tuple[int, int, _Interval | None, int] | None] = [(0, 0, None, -1)]
        for layer, needs in enumerate(self.needs):
            found: tuple[int, int, _Interval | None, int] | None = None
            before = best[layer]
            if needs is not None and needs <= limit_bytes and before is not None:
                found = (before[0], before[1], None, -1)
            for interval in self.ending.get(layer, ()):
                start = best[interval.first]
                position = interval.best(limit_bytes)
                if start is None or position is None:
                    continue
                cost, count = start[0] + interval.costs[position], start[1] + 1
                if found is None or (cost, count) < found[:2]:
                    found = (cost, count, interval, position)
            best.append(found)
        return self._collect(best) if best[-1] is not None else None

    def _collect(self, best: Sequence[tuple[int, int, _Interval | None, int] | None]) -> Choice:
        regions: list[Candidate] = []
        peak = 0
        layer = len(best) - 1
        while layer:
            entry = best[layer]
            assert entry is not None
            _, _, interval, position = entry
            if interval is None:
                needs = self.needs[layer - 1]
                assert needs is not None
                peak = max(peak, needs)
                layer -= 1
            else:
                table, row = interval.places[position]
                regions.append(self.tables[table].candidate(row))
                peak = max(peak, regions[-1].peak_bytes)
                layer = interval.first
        regions.reverse()
        return Choice(tuple(regions), peak, sum(region.extra_macs for region in regions))

    def _most_bytes(self) -> int:
        """What any choice needs at most."""
        needs = [bytes_ for bytes_ in self.needs if bytes_ is not None]
        peaks = [int(table.peak_bytes.max()) for table in self.tables if len(table)]
        return max([*needs, *peaks] if len(needs) < len(self.needs) else needs, default=0)

    def front(self, lowest_bytes: int = 0) -> list[Choice]:
        """The Pareto front of needed bytes and work, from untiled downwards.

        Stops below `lowest_bytes`.
        """
        choices: list[Choice] = []
        choice = self.within(self._most_bytes())
        while choice is not None:
            choices.append(choice)
            if choice.needs_bytes <= lowest_bytes:
                break
            choice = self.within(choice.needs_bytes - 1)
        return choices


def _keeps_streaming(graph: Graph, table: CandidateTable) -> bool:
    """Whether a streamed input, if any, stays streamed: no other path takes or spans it."""
    taking = {n for n in range(table.members[0], table.members[-1] + 1) if graph.takes_rows(n)}
    return not taking or (table.family in STREAMS and taking <= set(table.members))


def _by_interval(tables: Sequence[CandidateTable]) -> Mapping[tuple[int, int], list[int]]:
    grouped: dict[tuple[int, int], list[int]] = {}
    for number, table in enumerate(tables):
        if len(table):
            grouped.setdefault((table.members[0], table.members[-1]), []).append(number)
    return grouped
