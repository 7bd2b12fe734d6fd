"""Why a layer is tiled, or why it is not."""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.paths.cones import grow_cone
from fdt_mlir.paths.graph import Graph
from fdt_mlir.paths.path_plan import DiscoveryOptions, LayerNote
from fdt_mlir.paths.program import untiled_live_bytes, untiled_needs_bytes
from fdt_mlir.paths.regions import Candidate, CandidateTable


def explain(
    graph: Graph,
    options: DiscoveryOptions,
    tables: Sequence[CandidateTable],
    merged: Sequence[Sequence[str]],
    regions: Sequence[Candidate],
    arena_bytes: int,
) -> tuple[LayerNote, ...]:
    """Say for each layer in which path it is or why it is in none.

    Paths are counted from the groups of `merged` layers on.
    """
    path_of = {member: n for n, region in enumerate(regions) for member in region.members}
    live, needs = untiled_live_bytes(graph), untiled_needs_bytes(graph)
    notes: list[LayerNote] = []
    for number, layer in enumerate(graph.layers):
        path = path_of.get(number)
        if path is not None:
            others = len(regions[path].members) - 1
            plural = "s" if others > 1 else ""
            reason = f"runs in {regions[path].tiles} tiles with {others} other layer{plural}"
        elif options.strategy == "none":
            reason = "tiling is switched off"
        elif needs[number] < arena_bytes:
            reason = f"needs {needs[number]} bytes, less than the arena"
        else:
            reason = _obstacle(graph, tables, number, needs[number])
        place = None if path is None else len(merged) + path
        notes.append(LayerNote(layer.name, live[number], place, reason))
    return tuple(notes)


def _obstacle(graph: Graph, tables: Sequence[CandidateTable], number: int, needs_bytes: int) -> str:
    """Why a layer at the peak is not tiled."""
    least_bytes: int | None = None
    least_macs: int | None = None
    for table in tables:
        if number not in table.members or not len(table):
            continue
        lowest = int(table.peak_bytes.min())
        least_bytes = lowest if least_bytes is None else min(least_bytes, lowest)
        helping = table.extra_macs[table.peak_bytes < needs_bytes]
        if len(helping):
            cost = int(helping.min())
            least_macs = cost if least_macs is None else min(least_macs, cost)
    if least_macs is not None:
        share = 100 * max(0, least_macs) / graph.macs if graph.macs else 0.0
        return (
            f"a path through it needs {least_bytes} of its {needs_bytes} bytes at best and at least"
            f" {share:.1f} % more multiply-accumulates, or other layers keep the arena as large"
        )
    if least_bytes is not None:
        return f"no path through it needs less than {least_bytes} bytes"
    return _structural_obstacle(graph, number)


def _structural_obstacle(graph: Graph, number: int) -> str:
    stopped = grow_cone(graph, number, fan_in=False).stopped_by
    if stopped:
        tensor, reason = stopped[0]
        return f"cannot be tiled with what it reads: '{tensor}' must exist whole, {reason}"
    producers = {graph.tensors[read.tensor].producer for read in graph.layers[number].reads}
    if producers <= {None}:
        return "reads inputs of the model only, and no path with its readers helps"
    return "a tile of its result needs all of what it reads"
