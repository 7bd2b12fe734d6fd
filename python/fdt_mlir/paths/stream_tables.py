"""Candidates that stream: regions of layers that run row by row and recompute nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fdt_mlir.paths.cones import Cone, grow_cone
from fdt_mlir.paths.graph import Graph, LayerNode
from fdt_mlir.paths.program import RegionShape, region_shape, untiled_needs_bytes
from fdt_mlir.paths.regions import Candidate, CandidateTable
from fdt_mlir.paths.streams import RowLoops, Stream, follow_rows, is_closed, stream_along

# Rows in an iteration, of the layer that has most: few need least memory, more save calls.
_STEPS = (1, 2, 3, 4, 6, 8)
# Pixels in an iteration, of the layer that has most in a row.
_PIXELS = (1, 2, 4, 8)


def stream_of(graph: Graph, candidate: Candidate) -> Stream:
    """The stream of a candidate of this family."""
    members = tuple(reversed(candidate.members))
    along = [follow_rows(graph, members, dim) for dim in candidate.dims]
    stream = stream_along(graph, along, members, candidate.fan_in, candidate.sizes)
    assert stream is not None, "a candidate streams through all its members"
    return stream


def stream_tables(graph: Graph) -> Iterator[CandidateTable]:
    """List the candidates of all end layers, in a fixed order."""
    most_bytes = max(untiled_needs_bytes(graph), default=0)
    for end, layer in enumerate(graph.layers):
        loops = [loop for loop in layer.result_loops if loop is not None]
        # Channels of the result index weights: tiles of them are another family's.
        loops = [loop for loop in loops if loop not in layer.constant_dims]
        cone = grow_cone(graph, end, fan_in=False, may_stay_whole=True)
        yield from _tables(graph, cone, loops, most_bytes)
        if layer.fan_in is not None:
            cone = grow_cone(graph, end, fan_in=True, may_stay_whole=True)
            yield from _tables(graph, cone, layer.fan_in.dims, most_bytes)


def _row_loops(layer: LayerNode, loops: Sequence[int]) -> list[int]:
    """The loops worth streaming along: the outermost, whose rows are contiguous, or longer ones."""
    return [loop for loop in loops if loop == loops[0] or layer.dims[loop] > layer.dims[loops[0]]]


def _tables(
    graph: Graph, cone: Cone, loops: Sequence[int], most_bytes: int
) -> Iterator[CandidateTable]:
    for dim in _row_loops(graph.layers[cone.end], loops):
        rows = follow_rows(graph, cone.members, dim)
        # Rows of a streamed input come in the order in which they lie in memory.
        if any(graph.takes_rows(member) and loop for member, loop in rows.loops.items()):
            continue
        columns = follow_rows(graph, cone.members, dim + 1) if dim + 1 in loops else None
        for length in range(2, len(rows.loops) + 1):
            members = cone.members[:length]
            whole = [m for m in members[1:] if not is_closed(graph, m, members)]
            shape = region_shape(graph, tuple(sorted(members)), cone.fan_in, whole)
            if _least_bytes(graph, shape) >= most_bytes:
                continue
            by_row = _streams(graph, shape, [rows], [[step] for step in _STEPS])
            yield _table(shape, "stream", (dim,), by_row, by_row)
            if columns is not None and length <= len(columns.loops) and by_row:
                steps = [[1, step] for step in _PIXELS]
                by_pixel = _streams(graph, shape, [rows, columns], steps)
                # What lies over the input is nearly the same, and quickly found by row.
                overlaps = by_row[:1] * len(by_pixel)
                yield _table(shape, "pixel_stream", (dim, dim + 1), by_pixel, overlaps)


def _streams(
    graph: Graph, shape: RegionShape, along: Sequence[RowLoops], steps: Sequence[Sequence[int]]
) -> list[Stream]:
    """The streams of a region, for all of some steps that there are."""
    found = [stream_along(graph, along, shape.members, shape.fan_in, sizes) for sizes in steps]
    # All in one iteration is no stream: loops that run once vanish.
    streams = [stream for stream in found if stream is not None and stream.grid.iterations > 1]
    if any(graph.takes_rows(member) for member in shape.members):
        # All rows of the input in one iteration would be the whole input again.
        streams = [stream for stream in streams if len(stream.grid.spans[0][0].begin) > 1]
    return streams


def _least_bytes(graph: Graph, shape: RegionShape) -> int:
    """What a region needs at least, however small its rings: all it can share is an input."""
    inside = {graph.layers[member].result for member in shape.members}
    reads = [read.tensor for m in shape.members for read in graph.layers[m].reads]
    inputs = [graph.tensors[name].size_bytes for name in reads if name not in inside]
    return max(shape.fixed_peak_bytes, shape.loop_bytes - max(inputs, default=0))


def _table(
    shape: RegionShape,
    family: str,
    dims: tuple[int, ...],
    streams: Sequence[Stream],
    overlaps: Sequence[Stream],
) -> CandidateTable:
    """The candidates of one region; `overlaps` say how much of each lies over a dying input."""
    sizes = [[axis.step for axis in stream.grid.axes] for stream in streams]
    peaks = [
        _peak_bytes(stream, shape, other.shared_bytes)
        for stream, other in zip(streams, overlaps, strict=True)
    ]
    return CandidateTable(
        members=shape.members,
        dims=dims,
        fan_in=shape.fan_in,
        family=family,
        sizes=np.array(sizes, dtype=np.int64).reshape(len(streams), len(dims)),
        peak_bytes=np.array(peaks, dtype=np.int64),
        extra_macs=np.array([stream.extra_macs for stream in streams], dtype=np.int64),
        tiles=np.array([stream.grid.iterations for stream in streams], dtype=np.int64),
    )


def _peak_bytes(stream: Stream, shape: RegionShape, shared_bytes: int) -> int:
    tiles = stream.tiles
    carried = sum(size for member, size in tiles.items() if stream.kept[member].carried)
    passing = {m: size for m, size in tiles.items() if not stream.kept[m].carried}
    largest = max(sum(passing.get(member, 0) for member in live) for live in shape.sub_steps)
    loop_bytes = shape.loop_bytes + carried + largest - shared_bytes
    return max(shape.fixed_peak_bytes, loop_bytes)
