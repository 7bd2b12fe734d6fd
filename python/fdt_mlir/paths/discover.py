"""Decide what to tile: the smallest arena within a limit of work, or the least work that fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.paths.build_graph import build_graph
from fdt_mlir.paths.cost import TiledProgram, predict_layout, predict_macs
from fdt_mlir.paths.explain import explain
from fdt_mlir.paths.graph import Graph
from fdt_mlir.paths.paper import paper_regions
from fdt_mlir.paths.path_plan import (
    Discovery,
    DiscoveryOptions,
    Family,
    ParetoPoint,
    PathPlan,
    Strategy,
    UntiledPlan,
    overhead,
)
from fdt_mlir.paths.regions import Candidate, CandidateTable, candidate_tables
from fdt_mlir.paths.search import Choice, Search
from fdt_mlir.paths.stream_tables import stream_tables
from fdt_mlir.planner.layout import LayoutLimits
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer

# The families that each strategy searches, one search after the other: what a step needs is known
# exactly only from a layout, so together they could miss what some of them find alone.
_SEARCHES: dict[Strategy, tuple[tuple[str, ...], ...]] = {
    "none": ((),),
    "fdt": (("fdt",),),
    "ffmt": (("ffmt",),),
    "paper": (("fdt", "ffmt"),),
    "stream": (("stream",),),
    "auto": (("fdt", "ffmt", "mixed", "stream"), ("fdt", "ffmt", "mixed"), ("stream",)),
}
_BUILT_AS: dict[str, Family] = {"fdt": "fdt", "stream": "stream"}
# Comparing layouts needs no proofs; the final one is planned with the allocator's own limits.
_SCORING = LayoutLimits.quick()
# Choices that a better layout could put first are planned again, with full limits.
_MOST_FINALISTS = 12


def discover(module: ir.Module, options: DiscoveryOptions) -> Discovery:
    """Decide which layers of a module in layer form to tile; the module is left as it is.

    Raises CompileError where `options.ram_bytes` cannot be reached.
    """
    # The original computes nothing in place.
    graph = build_graph(module, in_place=options.strategy != "paper")
    return discover_in_graph(graph, options)


def discover_in_graph(graph: Graph, options: DiscoveryOptions) -> Discovery:
    """Decide which layers to tile. Raises CompileError where the RAM limit cannot be reached."""
    searches = _SEARCHES[options.strategy]
    tables = _tables(graph, searches[0])
    chooser = _Chooser(graph, options)
    if options.strategy == "paper":
        limit = options.max_mac_overhead / 100
        regions = paper_regions(graph, tables, limit, _SCORING)
        chooser.add(regions)
    else:
        for families in searches:
            searched = [table for table in tables if table.family in families]
            chooser.add_front(Search(graph, searched).front(options.ram_bytes))
    return _describe(graph, options, tables, chooser.choose(), chooser.pareto())


def _tables(graph: Graph, families: Sequence[str]) -> list[CandidateTable]:
    tables = [table for table in candidate_tables(graph) if table.family in families]
    return [*tables, *stream_tables(graph)] if "stream" in families else tables


@dataclass(frozen=True)
class _Scored:
    """A set of regions with its planned arena, which no layout puts below `bound_bytes`."""

    regions: tuple[Candidate, ...]
    arena_bytes: int
    bound_bytes: int
    macs: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        tiles = sum(region.tiles for region in self.regions)
        return self.arena_bytes, self.macs, tiles, len(self.regions)


class _Chooser:
    """Plans arenas of choices and picks the one that the options ask for."""

    def __init__(self, graph: Graph, options: DiscoveryOptions):
        self.graph = graph
        self.options = options
        self.scored = [self._score(())]

    def add_front(self, front: Sequence[Choice]) -> None:
        """Plan the arenas of the choices of a Pareto front."""
        known = {scored.regions for scored in self.scored}
        new = [choice.regions for choice in front if choice.regions not in known]
        self.scored += [self._score(regions) for regions in new]

    def add(self, regions: tuple[Candidate, ...]) -> None:
        if regions:
            self.scored.append(self._score(regions))

    def _score(
        self, regions: tuple[Candidate, ...], limits: LayoutLimits | None = _SCORING
    ) -> _Scored:
        _, plan = predict_layout(self.graph, regions, limits)
        macs = predict_macs(self.graph, regions)
        return _Scored(regions, plan.arena_bytes, plan.lower_bound_bytes, macs)

    def choose(self) -> _Scored:
        """The best choice. Raises CompileError where none fits the RAM."""
        return self._least_work() if self.options.ram_bytes else self._least_arena()

    def _least_arena(self) -> _Scored:
        limit = self.options.max_mac_overhead / 100
        # Nothing tiled is always allowed, and comes first.
        allowed = [s for s in self.scored if overhead(s.macs, self.graph.macs) <= limit]
        best = min(allowed, key=lambda scored: scored.rank)
        hopeful = [scored for scored in allowed if scored.bound_bytes < best.arena_bytes]
        hopeful.sort(key=lambda scored: scored.bound_bytes)
        return min([best, *self._planned(hopeful)], key=lambda scored: scored.rank)

    def _least_work(self) -> _Scored:
        ram_bytes = self.options.ram_bytes
        by_work = sorted(self.scored, key=lambda scored: (scored.macs, *scored.rank))
        fitting = [scored for scored in by_work if scored.arena_bytes <= ram_bytes][:1]
        cheaper = by_work[: by_work.index(fitting[0])] if fitting else by_work
        hopeful = [scored for scored in cheaper if scored.bound_bytes <= ram_bytes]
        planned = [s for s in self._planned(hopeful) if s.arena_bytes <= ram_bytes]
        if not (planned or fitting):
            raise self._nothing_fits(min(self.scored, key=lambda scored: scored.rank))
        return (planned or fitting)[0]

    def _planned(self, hopeful: Sequence[_Scored]) -> list[_Scored]:
        """Plan the first of these choices again, as the allocator will."""
        return [self._score(scored.regions, None) for scored in hopeful[:_MOST_FINALISTS]]

    def pareto(self) -> tuple[ParetoPoint, ...]:
        """The choices that no other beats, from least work to least memory."""
        points: list[ParetoPoint] = []
        for scored in sorted(self.scored, key=lambda s: (s.macs, s.arena_bytes)):
            if not points or scored.arena_bytes < points[-1].arena_bytes:
                more = overhead(scored.macs, self.graph.macs)
                points.append(ParetoPoint(scored.arena_bytes, round(more, 6)))
        return tuple(points)

    def _nothing_fits(self, best: _Scored) -> CompileError:
        program, plan = predict_layout(self.graph, best.regions)
        peak = find_peak(self.graph, program, plan)
        more = 100 * overhead(best.macs, self.graph.macs)
        other = "" if self.options.strategy == "auto" else "allow all paths (--strategy auto), "
        return compile_error(
            f"no tiling fits {self.options.ram_bytes} bytes of RAM: the smallest arena found is"
            f" {plan.arena_bytes} bytes, at {more:.1f} % more multiply-accumulates; it is set by"
            f" '{peak.buffer}' ({peak.buffer_bytes} bytes) in '{peak.step}'",
            peak.location,
            f"raise the limit by {plan.arena_bytes - self.options.ram_bytes} bytes"
            f" (--ram {plan.arena_bytes}), {other}or make that tensor smaller",
        )


@dataclass(frozen=True)
class Peak:
    """A step that needs all of the arena, and the largest buffer alive in it."""

    step: str
    buffer: str
    buffer_bytes: int
    location: SourceLocation | None


def find_peak(graph: Graph, program: TiledProgram, plan: Plan) -> Peak:
    """Find what sets the arena: of the steps that reach its end, the first with most live bytes."""
    live = program.live_bytes()
    if not live:  # a model that only reshapes
        return Peak("", "", 0, None)
    highest = [b for b in program.problem.buffers if _end(b, plan) == plan.arena_bytes]
    reaching = [n for n in range(len(live)) if any(b.first <= n < b.last for b in highest)]
    number = max(reaching, key=lambda step: (live[step], -step))
    step = program.steps[number]
    buffers = [b for b in program.problem.buffers if b.first <= number < b.last]
    largest = max(buffers, key=lambda buffer: buffer.size_bytes)
    location = graph.layers[step.layer].location
    return Peak(step.name, largest.name, largest.size_bytes, location)


def _end(buffer: Buffer, plan: Plan) -> int:
    return plan.offsets[buffer.name] + buffer.size_bytes


def _describe(
    graph: Graph,
    options: DiscoveryOptions,
    tables: Sequence[CandidateTable],
    chosen: _Scored,
    pareto: tuple[ParetoPoint, ...],
) -> Discovery:
    program, plan = predict_layout(graph, chosen.regions)
    peak = find_peak(graph, program, plan)
    return Discovery(
        paths=tuple(_path_plan(graph, chosen.regions, region, plan) for region in chosen.regions),
        predicted_arena_bytes=plan.arena_bytes,
        predicted_macs=chosen.macs,
        untiled=_untiled_plan(graph),
        untiled_macs=graph.macs,
        pareto=pareto,
        explanation=explain(graph, options, tables, chosen.regions, plan.arena_bytes),
        peak_step=peak.step,
        peak_buffer=peak.buffer,
    )


def _untiled_plan(graph: Graph) -> UntiledPlan:
    program, plan = predict_layout(graph, ())
    shapes = {tensor.name: tensor.shape for tensor in graph.tensors.values()}
    return UntiledPlan(tuple(step.name for step in program.steps), program.problem, plan, shapes)


def _path_plan(
    graph: Graph, regions: Sequence[Candidate], region: Candidate, plan: Plan
) -> PathPlan:
    others = [other for other in regions if other is not region]
    _, without = predict_layout(graph, others, _SCORING)
    return PathPlan(
        layers=tuple(graph.layers[member].name for member in region.members),
        dims=region.dims,
        tiles=region.sizes,
        # What mixes channels and rows is built like rows.
        family=_BUILT_AS.get(region.family, "ffmt"),
        glyph=glyph_of(graph, region),
        saved_bytes=without.arena_bytes - plan.arena_bytes,
    )


def glyph_of(graph: Graph, region: Candidate) -> str:
    """Draw a path; `path_plan.py` says what the signs mean."""
    if region.family == "stream":
        return "|" + "-" * (len(region.members) - 2) + "|"
    if region.family != "fdt":
        return "[" + "-" * (len(region.members) - 2) + "]"
    inside = {graph.layers[member].result for member in region.members}
    signs: list[str] = []
    for member in region.members:
        reads_inside = any(read.tensor in inside for read in graph.layers[member].reads)
        if member == region.end and region.fan_in:
            signs.append(">")
        else:
            signs.append("=" if reads_inside or not _fans_out(graph, member) else "<")
    return "".join(signs)


def _fans_out(graph: Graph, member: int) -> bool:
    """Whether some loop of the result indexes weights only."""
    layer = graph.layers[member]
    read = {loop for r in layer.reads for axis in r.axes if axis for loop in axis.loops()}
    return any(
        loop is not None and loop in layer.constant_dims and loop not in read
        for loop in layer.result_loops
    )
