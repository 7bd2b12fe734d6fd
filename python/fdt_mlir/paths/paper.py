"""The strategy of the original (FDT.md, "What the original does"), to compare with.

One critical buffer at a time; a chain of single producers and consumers around it; tile counts
from a fixed list; channels or rows, never both; and only what lowers the arena is accepted.
Source: Stahl et al., "Fused Depthwise Tiling for Memory Optimization in TinyML Deep Neural
Network Inference", tinyML Research Symposium 2023, and its implementation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fdt_mlir.paths.cost import TiledProgram, predict_layout, predict_macs
from fdt_mlir.paths.graph import Graph
from fdt_mlir.paths.path_plan import overhead
from fdt_mlir.paths.regions import Candidate, CandidateTable
from fdt_mlir.planner.layout import LayoutLimits

TILE_COUNTS = (2, 3, 4, 5, 7, 9, 12, 16, 20, 25)
_LEAST_SHARE = 0.05  # of the largest buffer: smaller ones are not tried


def paper_regions(
    graph: Graph,
    tables: Sequence[CandidateTable],
    max_overhead: float,
    limits: LayoutLimits,
) -> tuple[Candidate, ...]:
    """Improve one critical buffer at a time until none improves.

    `max_overhead` is a fraction of the untiled multiply-accumulates.
    """
    candidates = list(_candidates(graph, tables))
    chosen: tuple[Candidate, ...] = ()
    program, plan = predict_layout(graph, chosen, limits)
    while True:
        better = None
        for buffer in _critical_buffers(graph, program):
            better = _improve(
                graph, candidates, chosen, buffer, plan.arena_bytes, max_overhead, limits
            )
            if better is not None:
                break
        if better is None:
            return chosen
        chosen = better
        program, plan = predict_layout(graph, chosen, limits)


def _candidates(graph: Graph, tables: Sequence[CandidateTable]) -> Iterator[Candidate]:
    for table in tables:
        if len(table.dims) > 1 or not _is_chain(graph, table.members):
            continue
        if table.family == "mixed" or (table.fan_in and table.family != "fdt"):
            continue
        for row in np.flatnonzero(np.isin(table.tiles, TILE_COUNTS)):
            yield table.candidate(int(row))


def _is_chain(graph: Graph, members: Sequence[int]) -> bool:
    """Whether every layer reads one activation, the one before it."""
    return all(len({read.tensor for read in graph.layers[member].reads}) == 1 for member in members)


def _critical_buffers(graph: Graph, program: TiledProgram) -> list[str]:
    """Activations that live at the peak, largest first, without inputs and outputs."""
    live = program.live_bytes()
    peaks = [step for step, total in enumerate(live) if total == max(live)]
    largest = max(tensor.size_bytes for tensor in graph.tensors.values())
    found = [
        buffer
        for buffer in program.problem.buffers
        if any(buffer.first <= step < buffer.last for step in peaks)
        and buffer.size_bytes >= _LEAST_SHARE * largest
        and (tensor := graph.tensors.get(buffer.name)) is not None
        and not tensor.is_input
        and not tensor.is_output
    ]
    return [b.name for b in sorted(found, key=lambda b: (-b.size_bytes, b.first, b.name))]


def _improve(
    graph: Graph,
    candidates: Sequence[Candidate],
    chosen: tuple[Candidate, ...],
    buffer: str,
    arena_bytes: int,
    max_overhead: float,
    limits: LayoutLimits,
) -> tuple[Candidate, ...] | None:
    """Add the path around a buffer that lowers the arena most; None where none lowers it."""
    taken = {member for region in chosen for member in region.members}
    best: tuple[int, int, int] | None = None
    result: tuple[Candidate, ...] | None = None
    for candidate in candidates:
        if graph.tensors[buffer].producer not in candidate.members[:-1]:
            continue
        if taken & set(range(candidate.first, candidate.end + 1)):
            continue
        regions = tuple(sorted((*chosen, candidate), key=lambda region: region.end))
        if overhead(predict_macs(graph, regions), graph.macs) > max_overhead:
            continue
        if candidate.peak_bytes >= arena_bytes:
            continue
        _, plan = predict_layout(graph, regions, limits)
        key = (plan.arena_bytes, candidate.extra_macs, candidate.tiles)
        if plan.arena_bytes < arena_bytes and (best is None or key < best):
            best, result = key, regions
    return result
