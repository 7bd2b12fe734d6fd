"""Decide what to tile: the smallest arena within a limit of work, or the least work that fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.paths.build_graph import build_graph
from fdt_mlir.paths.cost import (
    TiledProgram,
    predict_in_best_order,
    predict_layout,
    predict_macs,
)
from fdt_mlir.paths.explain import explain
from fdt_mlir.paths.graph import Graph, TensorNode
from fdt_mlir.paths.merges import mergeable_groups
from fdt_mlir.paths.paper import paper_regions
from fdt_mlir.paths.path_plan import (
    STREAMING,
    Discovery,
    DiscoveryOptions,
    Family,
    ParetoPoint,
    PathPlan,
    Role,
    Strategy,
    UntiledPlan,
    overhead,
)
from fdt_mlir.paths.regions import STREAMS, Candidate, CandidateTable, candidate_tables
from fdt_mlir.paths.search import Search
from fdt_mlir.paths.stream_tables import stream_tables
from fdt_mlir.planner.layout import LayoutLimits
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer
from fdt_mlir.schedules.merge_layers import merged_copy

# The families that each strategy searches, one search after the other: what a step needs is known
# exactly only from a layout, so together they could miss what some of them find alone.
_SEARCHES: dict[Strategy, tuple[tuple[str, ...], ...]] = {
    "none": ((),),
    "fdt": (("fdt",),),
    "ffmt": (("ffmt",),),
    "paper": (("fdt", "ffmt"),),
    "stream": (STREAMS,),
    "auto": (("fdt", "ffmt", "mixed", *STREAMS), ("fdt", "ffmt", "mixed"), STREAMS),
}
_BUILT_AS: dict[str, Family] = {"fdt": "fdt", "stream": "stream", "pixel_stream": "pixel_stream"}
# Comparing layouts needs no proofs; the final one is planned with the allocator's own limits.
_SCORING = LayoutLimits.quick()
# Choices that a better layout could put first are planned again, with full limits.
_MOST_FINALISTS = 12


def discover(module: ir.Module, options: DiscoveryOptions, external_io: bool = False) -> Discovery:
    """Decide which layers of a module in layer form to tile; the module is left as it is.

    `external_io`: inputs and outputs are the caller's and no part of the arena.
    Raises CompileError where `options.ram_bytes` cannot be reached.
    """
    # The original computes nothing in place.
    graph = build_graph(module, options.strategy != "paper", external_io)
    grounds = [Ground(graph)]
    groups = mergeable_groups(graph) if options.strategy in STREAMING else []
    if groups:
        names = tuple(tuple(graph.layers[member].name for member in group) for group in groups)
        grounds.append(
            Ground(build_graph(merged_copy(module, names), external_io=external_io), names)
        )
    return _discover(grounds, options)


def discover_in_graph(graph: Graph, options: DiscoveryOptions) -> Discovery:
    """Decide which layers to tile. Raises CompileError where the RAM limit cannot be reached."""
    return _discover([Ground(graph)], options)


@dataclass(frozen=True)
class Ground:
    """What is searched: a model's graph, and the names of the layers that are merged in it."""

    graph: Graph
    merged: tuple[tuple[str, ...], ...] = ()

    def tables(self, families: Sequence[str]) -> list[CandidateTable]:
        """All candidates of some families, by end layer."""
        found: list[CandidateTable] = []
        if set(families) - {*STREAMS}:
            found += self._tiles
        if set(families) & {*STREAMS}:
            found += self._streams
        return [table for table in found if table.family in families]

    @cached_property
    def _tiles(self) -> list[CandidateTable]:
        return list(candidate_tables(self.graph))

    @cached_property
    def _streams(self) -> list[CandidateTable]:
        return list(stream_tables(self.graph))


def _discover(grounds: Sequence[Ground], options: DiscoveryOptions) -> Discovery:
    """Search the model as it is, first of `grounds`, and with layers merged."""
    chooser = _Chooser(grounds[0], options)
    _search(grounds, options, chooser, options.ram_bytes)
    if options.ram_bytes and not chooser.fits:
        # What a step needs is a bound: where it fits, its layout need not.
        _search(grounds, options, chooser, lowest_bytes=0)
    return _describe(options, grounds, chooser)


def _search(
    grounds: Sequence[Ground], options: DiscoveryOptions, chooser: _Chooser, lowest_bytes: int
) -> None:
    """Plan the Pareto fronts of all families and grounds, no further than `lowest_bytes`."""
    for ground in grounds:
        if options.strategy == "paper":
            limit = options.max_mac_overhead / 100
            tables = ground.tables(_SEARCHES["paper"][0])
            chooser.add(ground, [paper_regions(ground.graph, tables, limit, _SCORING)])
            continue
        for families in _SEARCHES[options.strategy]:
            search = Search(ground.graph, ground.tables(families))
            chooser.add(ground, [each.regions for each in search.front(lowest_bytes)])


@dataclass(frozen=True)
class _Scored:
    """A set of regions with its planned arena, which no layout puts below `bound_bytes`."""

    ground: Ground
    regions: tuple[Candidate, ...]
    arena_bytes: int
    bound_bytes: int
    macs: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        tiles = sum(region.tiles for region in self.regions)
        paths = len(self.ground.merged) + len(self.regions)
        return self.arena_bytes, self.macs, tiles, paths


class _Chooser:
    """Plans arenas of choices and picks the one that the options ask for."""

    def __init__(self, ground: Ground, options: DiscoveryOptions):
        self.graph = ground.graph
        self.macs = ground.graph.macs
        self.options = options
        # Nothing tiled is always possible, but for a streamed input, which a path has to take.
        must_tile = ground.graph.streams_input and options.strategy in STREAMING
        self.scored = [] if must_tile else [_score(ground, ())]

    def add(self, ground: Ground, choices: Sequence[tuple[Candidate, ...]]) -> None:
        """Plan the arenas of choices, such as a Pareto front."""
        known = {scored.regions for scored in self.scored if scored.ground is ground}
        new = [regions for regions in dict.fromkeys(choices) if regions not in known]
        self.scored += [_score(ground, regions) for regions in new]

    @property
    def fits(self) -> bool:
        """Whether some choice is known to fit the RAM."""
        return any(scored.arena_bytes <= self.options.ram_bytes for scored in self.scored)

    def choose(self) -> _Scored:
        """The best choice. Raises CompileError where none fits the RAM, or can stream the input."""
        if not self.scored:
            raise self._no_stream()
        return self._least_work() if self.options.ram_bytes else self._least_arena()

    def _least_arena(self) -> _Scored:
        limit = self.options.max_mac_overhead / 100
        allowed = [s for s in self.scored if overhead(s.macs, self.macs) <= limit]
        best = min(allowed, key=lambda scored: scored.rank)
        hopeful = [scored for scored in allowed if scored.bound_bytes < best.arena_bytes]
        hopeful.sort(key=lambda scored: scored.bound_bytes)
        return min([best, *self._planned(hopeful)], key=lambda scored: scored.rank)

    def without_merges(self) -> _Scored:
        """The least arena of the choices that merge nothing and do not exceed the allowed work."""
        limit = self.options.max_mac_overhead / 100
        return min(
            (
                scored
                for scored in self.scored
                if not scored.ground.merged and overhead(scored.macs, self.macs) <= limit
            ),
            key=lambda scored: scored.rank,
        )

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
        finalists = hopeful[:_MOST_FINALISTS]
        return [_score(scored.ground, scored.regions, None) for scored in finalists]

    def pareto(self) -> tuple[ParetoPoint, ...]:
        """The choices that no other beats, from least work to least memory."""
        points: list[ParetoPoint] = []
        for scored in sorted(self.scored, key=lambda s: (s.macs, s.arena_bytes)):
            if not points or scored.arena_bytes < points[-1].arena_bytes:
                more = overhead(scored.macs, self.macs)
                points.append(ParetoPoint(scored.arena_bytes, round(more, 6)))
        return tuple(points)

    def _no_stream(self) -> CompileError:
        taking = next(n for n in range(len(self.graph.layers)) if self.graph.takes_rows(n))
        readers = self.graph.result_of(taking).consumers
        reader = self.graph.layers[readers[0] if readers else taking]
        return compile_error(
            f"the input cannot be streamed: no path begins with '{reader.name}' and takes the rows"
            " one after the other",
            reader.location,
            "compile without --stream-input; --explain says what keeps the layers apart",
        )

    def _nothing_fits(self, best: _Scored) -> CompileError:
        program, plan = predict_layout(best.ground.graph, best.regions)
        peak = find_peak(best.ground.graph, program, plan)
        more = 100 * overhead(best.macs, self.macs)
        other = "" if self.options.strategy == "auto" else "allow all paths (--strategy auto), "
        return compile_error(
            f"no tiling fits {self.options.ram_bytes} bytes of RAM: the smallest arena found is"
            f" {plan.arena_bytes} bytes, at {more:.1f} % more multiply-accumulates; it is set by"
            f" '{peak.buffer}' ({peak.buffer_bytes} bytes) in '{peak.step}'",
            peak.location,
            f"raise the limit by {plan.arena_bytes - self.options.ram_bytes} bytes"
            f" (--ram {plan.arena_bytes}), {other}or make that tensor smaller",
        )


def _score(
    ground: Ground, regions: tuple[Candidate, ...], limits: LayoutLimits | None = _SCORING
) -> _Scored:
    _, plan = predict_layout(ground.graph, regions, limits)
    macs = predict_macs(ground.graph, regions)
    return _Scored(ground, regions, plan.arena_bytes, plan.lower_bound_bytes, macs)


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


def _describe(options: DiscoveryOptions, grounds: Sequence[Ground], chooser: _Chooser) -> Discovery:
    chosen = chooser.choose()
    graph = chosen.ground.graph
    program, plan, reorders = predict_in_best_order(graph, chosen.regions)
    peak = find_peak(graph, program, plan)
    tables = chosen.ground.tables(_SEARCHES[options.strategy][0])
    return Discovery(
        paths=(
            *_merges(chosen, chooser, plan),
            *(_path_plan(graph, chosen.regions, region, plan) for region in chosen.regions),
        ),
        predicted_arena_bytes=plan.arena_bytes,
        predicted_macs=chosen.macs,
        untiled=_untiled_plan(grounds[0].graph),
        untiled_macs=grounds[0].graph.macs,
        pareto=chooser.pareto(),
        explanation=explain(
            graph, options, tables, chosen.ground.merged, chosen.regions, plan.arena_bytes
        ),
        peak_step=peak.step,
        peak_buffer=peak.buffer,
        reorders=reorders,
    )


def _untiled_plan(graph: Graph) -> UntiledPlan:
    program, plan = predict_layout(graph, ())
    # What is no tensor counts rows of a streamed input.
    names = [buffer.name for buffer in program.problem.buffers]
    tensors = {name: graph.tensors.get(name) for name in names}
    return UntiledPlan(
        tuple(step.name for step in program.steps),
        program.problem,
        plan,
        {name: tensor.shape if tensor else (1,) for name, tensor in tensors.items()},
        {name: _role_of(tensor) if tensor else "inner" for name, tensor in tensors.items()},
    )


def _role_of(tensor: TensorNode) -> Role:
    if tensor.is_input:
        return "input"
    return "output" if tensor.is_output else "inner"


def _merges(chosen: _Scored, chooser: _Chooser, plan: Plan) -> list[PathPlan]:
    """The layers that are merged, as paths."""
    if not chosen.ground.merged:
        return []
    unmerged = chooser.without_merges()
    return [
        PathPlan(
            layers=names,
            dims=(),
            tiles=(),
            family="merge",
            glyph="(" + "-" * (len(names) - 2) + ")",
            saved_bytes=unmerged.arena_bytes - plan.arena_bytes,
        )
        for names in chosen.ground.merged
    ]


def _path_plan(
    graph: Graph, regions: Sequence[Candidate], region: Candidate, plan: Plan
) -> PathPlan:
    others = [other for other in regions if other is not region]
    _, without = predict_layout(graph, others, _SCORING)
    return PathPlan(
        layers=tuple(graph.layers[member].name for member in _model_layers(graph, region)),
        dims=region.dims,
        tiles=region.sizes,
        # What mixes channels and rows is built like rows.
        family=_BUILT_AS.get(region.family, "ffmt"),
        glyph=glyph_of(graph, region),
        saved_bytes=without.arena_bytes - plan.arena_bytes,
    )


def _model_layers(graph: Graph, region: Candidate) -> list[int]:
    """The members of a region that are layers of the model."""
    return [member for member in region.members if not graph.takes_rows(member)]


def glyph_of(graph: Graph, region: Candidate) -> str:
    """Draw a path; `path_plan.py` says what the signs mean."""
    if region.family in STREAMS:
        layers = len(_model_layers(graph, region))
        sign = "-" if region.family == "stream" else ":"
        return "|" + sign * (layers - 2) + "|" * (layers > 1)
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
