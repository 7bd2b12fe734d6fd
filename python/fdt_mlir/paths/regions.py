"""Candidates: regions of layers that could share a tile loop, with their memory and their work.

The live bytes of every step of the loop and the multiply-accumulates are exact, for all tile
sizes of a loop (or of two) at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations

import numpy as np

from fdt_mlir.paths.cones import Cone, grow_cone
from fdt_mlir.paths.graph import Graph
from fdt_mlir.paths.program import RegionShape, region_shape
from fdt_mlir.paths.reach import (
    Ints,
    Trace,
    divisors,
    tile_sizes,
    trace,
    untiled_points,
)

# Rows, columns and channels at once is the most that a layer can gain from.
_MOST_DIMS = 3
# Of all sizes of the tiled loops together; finer grids of three loops are left out.
_MOST_COMBINATIONS = 4096
# Longer regions recompute more than they save; the bound keeps the search small on deep models.
_MOST_MEMBERS = 24

STREAMS = ("stream", "pixel_stream")
"""The families that compute nothing twice: by row, and by pixel."""


@dataclass(frozen=True)
class Candidate:
    """A region and how it is tiled: `dims` of the end layer by tiles of `sizes`.

    `members` are in program order, the end layer last. `peak_bytes` is the largest sum of live
    bytes in the steps from the first member to the end layer; `extra_macs` is what recomputation
    adds (or what nobody needs saves, then negative); `tiles` counts iterations of the loop.
    """

    members: tuple[int, ...]
    dims: tuple[int, ...]
    sizes: tuple[int, ...]
    fan_in: bool
    family: str
    peak_bytes: int
    extra_macs: int
    tiles: int

    @property
    def first(self) -> int:
        return self.members[0]

    @property
    def end(self) -> int:
        return self.members[-1]


@dataclass(frozen=True)
class CandidateTable:
    """All tile sizes of one region and one choice of loops.

    Arrays of equal length: one entry per combination of sizes.
    """

    members: tuple[int, ...]
    dims: tuple[int, ...]
    fan_in: bool
    family: str
    sizes: Ints  # one row per combination, one column per dim
    peak_bytes: Ints
    extra_macs: Ints
    tiles: Ints

    def __len__(self) -> int:
        return len(self.tiles)

    def candidate(self, row: int) -> Candidate:
        return Candidate(
            self.members,
            self.dims,
            tuple(int(size) for size in self.sizes[row]),
            self.fan_in,
            self.family,
            int(self.peak_bytes[row]),
            int(self.extra_macs[row]),
            int(self.tiles[row]),
        )

    def rows(self, keep: Ints) -> CandidateTable:
        """The table of some rows, given by number or by a mask."""
        return CandidateTable(
            self.members,
            self.dims,
            self.fan_in,
            self.family,
            self.sizes[keep],
            self.peak_bytes[keep],
            self.extra_macs[keep],
            self.tiles[keep],
        )


def candidate_tables(graph: Graph) -> Iterator[CandidateTable]:
    """List the candidates of all end layers, in a fixed order."""
    for end, layer in enumerate(graph.layers):
        cone = grow_cone(graph, end, fan_in=False, most_members=_MOST_MEMBERS)
        if len(cone.members) > 1:
            results = [loop for loop in layer.result_loops if loop is not None]
            yield from _tables_of_cone(graph, cone, results)
        if layer.fan_in is not None:
            cone = grow_cone(graph, end, fan_in=True, most_members=_MOST_MEMBERS)
            if len(cone.members) > 1:
                yield from _tables_of_cone(graph, cone, layer.fan_in.dims)


def _tables_of_cone(graph: Graph, cone: Cone, dims: Sequence[int]) -> Iterator[CandidateTable]:
    found = {dim: _trace(graph, cone, dim) for dim in dims}
    traces = {dim: one for dim, one in found.items() if one is not None}
    choices = [
        choice
        for count in range(1, _MOST_DIMS + 1)
        for choice in combinations(traces, count)
        if math.prod(len(traces[dim].sizes) for dim in choice) <= _MOST_COMBINATIONS
    ]
    for count in range(2, len(cone.members) + 1):
        members = tuple(sorted(cone.members[:count]))
        shape: RegionShape | None = None
        for choice in choices:
            tiled = [traces[dim] for dim in choice]
            channels = _channels(members, tiled)
            if channels is None:
                continue
            if shape is None:
                shape = region_shape(graph, members, cone.fan_in)
            yield _evaluate(graph, shape, tiled, channels)


def _trace(graph: Graph, cone: Cone, dim: int) -> Trace | None:
    """Trace a loop at all sizes that could be built; None where there are none."""
    layer = graph.layers[cone.end]
    if dim in layer.constant_dims:
        sizes = divisors(layer.dims[dim])
        found = trace(graph, cone, dim, sizes) if len(sizes) else None
        # Rows of a flattened image index weights like channels; further back they have windows.
        if found is None or all(r.plain or not any(r.tiled) for r in found.reach.values()):
            return found
    sizes = tile_sizes(layer.dims[dim])
    return trace(graph, cone, dim, sizes) if len(sizes) else None


def _channels(members: Sequence[int], traces: Sequence[Trace]) -> tuple[bool, ...] | None:
    """Which of the tiled loops run along channels: element by element, indexing weights.

    None where some layer would be computed whole in every tile, or where two loops meet in one
    axis.
    """
    for one in traces:
        if not all(any(one.reach[member].tiled) for member in members[:-1]):
            return None
    for one, other in combinations(traces, 2):
        for member in members:
            pairs = zip(one.reach[member].tiled, other.reach[member].tiled, strict=True)
            if any(a and b for a, b in pairs):
                return None
    return tuple(
        all(one.reach[member].plain for member in members)
        and any(one.reach[member].constant for member in members)
        for one in traces
    )


def _evaluate(
    graph: Graph, shape: RegionShape, traces: Sequence[Trace], channels: Sequence[bool]
) -> CandidateTable:
    grid = tuple(len(one.sizes) for one in traces)
    untiled = {
        member: untiled_points(traces, member, graph.result_of(member).shape, all(channels))
        for member in shape.members[:-1]
    }
    extents = {
        member: _product(traces, [one.reach[member].extent for one in traces]) * untiled[member]
        for member in shape.members[:-1]
    }
    peak = np.full(grid, shape.fixed_peak_bytes, dtype=np.int64)
    for buffers in shape.sub_steps:
        live: Ints = np.full(grid, shape.loop_bytes, dtype=np.int64)
        for member in buffers:
            live = live + extents[member] * graph.result_of(member).element_bytes
        peak = np.maximum(peak, live)
    macs = np.zeros(grid, dtype=np.int64)
    # The end layer computes every product once, whatever the tiles.
    for member in shape.members[:-1]:
        layer = graph.layers[member]
        points = _product(traces, [one.reach[member].points for one in traces])
        per_point = layer.macs // layer.result_points
        macs = macs + points * untiled[member] * per_point - layer.macs
    tiles = _product(traces, [one.counts for one in traces])
    table = CandidateTable(
        members=shape.members,
        dims=tuple(one.dim for one in traces),
        fan_in=shape.fan_in,
        family=_family(channels),
        sizes=_size_grid(traces),
        peak_bytes=peak.ravel(),
        extra_macs=macs.ravel(),
        tiles=tiles.ravel(),
    )
    return table.rows(_buildable(table, traces, channels)) if any(channels) else table


def _product(traces: Sequence[Trace], vectors: Sequence[Ints]) -> Ints:
    """The outer product: one axis per tiled loop."""
    assert len(traces) == len(vectors)
    return reduce(np.multiply.outer, vectors)


def _size_grid(traces: Sequence[Trace]) -> Ints:
    """All combinations of sizes, in the order of a flattened outer product."""
    grid = np.meshgrid(*(one.sizes for one in traces), indexing="ij")
    return np.column_stack([axis.ravel() for axis in grid])


def _family(channels: Sequence[bool]) -> str:
    if all(channels):
        return "fdt"
    return "mixed" if any(channels) else "ffmt"


def _buildable(table: CandidateTable, traces: Sequence[Trace], channels: Sequence[bool]) -> Ints:
    """Channel tiles keep static shapes: they divide the extent."""
    keep = np.ones(len(table), dtype=bool)
    for column, (one, channel) in enumerate(zip(traces, channels, strict=True)):
        if channel:
            keep &= one.extent % table.sizes[:, column] == 0
    return np.flatnonzero(keep)
