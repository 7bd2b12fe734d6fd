"""Candidates that stream: regions of layers that run row by row and recompute nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fdt_mlir.paths.cones import Cone, grow_cone
from fdt_mlir.paths.graph import Graph, LayerNode
from fdt_mlir.paths.program import RegionShape, region_shape, untiled_needs_bytes
from fdt_mlir.paths.regions import Candidate, CandidateTable
from fdt_mlir.paths.streams import RowLoops, Stream, follow_rows, is_closed

# Rows in an iteration, of the layer that has most: few need least memory, more save calls.
_STEPS = (1, 2, 3, 4, 6, 8)


def stream_of(graph: Graph, candidate: Candidate) -> Stream:
    """The stream of a candidate of this family."""
    members = tuple(reversed(candidate.members))
    rows = follow_rows(graph, members, candidate.dims[-1])
    stream = rows.stream(graph, members, candidate.fan_in, candidate.sizes[-1])
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
        yield from _tables(graph, cone, _row_loops(layer, loops), most_bytes)
        if layer.fan_in is not None:
            cone = grow_cone(graph, end, fan_in=True, may_stay_whole=True)
            yield from _tables(graph, cone, _row_loops(layer, layer.fan_in.dims), most_bytes)


def _row_loops(layer: LayerNode, loops: Sequence[int]) -> list[int]:
    """The loops worth streaming along: the outermost, whose rows are contiguous, or longer ones."""
    return [loop for loop in loops if loop == loops[0] or layer.dims[loop] > layer.dims[loops[0]]]


def _tables(
    graph: Graph, cone: Cone, dims: Sequence[int], most_bytes: int
) -> Iterator[CandidateTable]:
    for dim in dims:
        rows = follow_rows(graph, cone.members, dim)
        # Rows of a streamed input come in the order in which they lie in memory.
        if any(graph.takes_rows(member) and loop for member, loop in rows.loops.items()):
            continue
        for length in range(2, len(rows.loops) + 1):
            members = cone.members[:length]
            whole = [m for m in members[1:] if not is_closed(graph, m, members)]
            shape = region_shape(graph, tuple(sorted(members)), cone.fan_in, whole)
            if _least_bytes(graph, shape) < most_bytes:
                yield _evaluate(graph, cone, rows, shape, dim)


def _least_bytes(graph: Graph, shape: RegionShape) -> int:
    """What a region needs at least, however small its rings: all it can share is an input."""
    inside = {graph.layers[member].result for member in shape.members}
    reads = [read.tensor for m in shape.members for read in graph.layers[m].reads]
    inputs = [graph.tensors[name].size_bytes for name in reads if name not in inside]
    return max(shape.fixed_peak_bytes, shape.loop_bytes - max(inputs, default=0))


def _evaluate(
    graph: Graph, cone: Cone, rows: RowLoops, shape: RegionShape, dim: int
) -> CandidateTable:
    """The candidates of one region, one for each count of rows in an iteration."""
    found = [rows.stream(graph, shape.members, cone.fan_in, step) for step in _STEPS]
    streams = [stream for stream in found if stream is not None]
    if any(graph.takes_rows(member) for member in shape.members):
        # All rows of the input in one iteration would be the whole input again.
        streams = [stream for stream in streams if stream.iterations > 1]
    return CandidateTable(
        members=shape.members,
        dims=(dim,),
        fan_in=cone.fan_in,
        family="stream",
        sizes=np.array([[stream.axis.step] for stream in streams], dtype=np.int64),
        peak_bytes=np.array([_peak_bytes(stream, shape) for stream in streams], dtype=np.int64),
        extra_macs=np.array([stream.extra_macs for stream in streams], dtype=np.int64),
        tiles=np.array([stream.iterations for stream in streams], dtype=np.int64),
    )


def _peak_bytes(stream: Stream, shape: RegionShape) -> int:
    tiles = stream.tiles
    carried = sum(size for member, size in tiles.items() if stream.kept[member].carried)
    passing = {m: size for m, size in tiles.items() if not stream.kept[m].carried}
    largest = max(sum(passing.get(member, 0) for member in live) for live in shape.sub_steps)
    loop_bytes = shape.loop_bytes + carried + largest - stream.shared_bytes
    return max(shape.fixed_peak_bytes, loop_bytes)
