"""Lay out the buffers of one arena in as few bytes as can be found, and say what is proved.

The problem type is stated in `problem.py`. The solvers run in turn, each only where those before
did not reach the lower bound:

1. first fit in several orders, then in orders changed at random;
2. for plain packings (no pins, no exemptions) that fill the lower bound in every step: orders of
   addresses as PQ-trees;
3. for plain packings: the skyline search for the lower bound itself;
4. for small problems, or where pins or exemptions matter: constraint programming;
5. for large plain packings: the skyline search for capacities in between, by bisection.

All are bounded by counts, so the plan is the same on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from fdt_mlir.planner.constraint_search import constraint_search
from fdt_mlir.planner.greedy import Neighbourhood, arena_of, first_fit, warm_start_orders
from fdt_mlir.planner.local_search import local_search
from fdt_mlir.planner.lower_bound import live_sets, lower_bound_bytes
from fdt_mlir.planner.perfect_packing import perfect_packing
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Offset, Problem
from fdt_mlir.planner.skyline_search import skyline_search


@dataclass(frozen=True)
class LayoutLimits:
    """Counts that bound the searches; the same counts give the same plan on every machine.

    `partitions` counts those that the search for perfect packings tries.
    `constraint_deterministic_time` is CP-SAT's unit of counted work; `skyline_nodes` counts nodes
    of the search for the lower bound, `bisection_nodes` those for each capacity above it. Plain
    packings of at most `small_buffers` buffers go to CP-SAT instead of the bisection.
    """

    local_search_rounds: int = 200
    partitions: int = 5_000
    skyline_nodes: int = 400_000
    small_skyline_nodes: int = 20_000
    bisection_nodes: int = 50_000
    constraint_deterministic_time: float = 5.0
    small_buffers: int = 60

    @classmethod
    def quick(cls) -> "LayoutLimits":
        """Return limits to score many candidates by: each search ends within milliseconds."""
        return cls(
            local_search_rounds=50,
            partitions=100,
            skyline_nodes=1_000,
            small_skyline_nodes=1_000,
            bisection_nodes=0,
            constraint_deterministic_time=0.05,
        )


@dataclass(frozen=True)
class _Progress:
    """The best layout so far (offsets by index), and the best bound."""

    offsets: list[Offset]
    arena_bytes: int
    bound_bytes: int
    solver: str

    @property
    def is_optimal(self) -> bool:
        return self.arena_bytes <= self.bound_bytes


def plan_layout(problem: Problem, limits: LayoutLimits | None = None) -> Plan:
    """Give every buffer of `problem` an offset such that the arena is as small as can be found.

    The plan may need more than `problem.capacity_bytes`; its numbers say by how much. The order in
    which buffers and overlaps are listed makes no difference; who scores, and who allocates what
    has been scored, get the same plan, and the second of them at once.
    """
    buffers = sorted(problem.buffers, key=lambda b: (b.first, b.last, -b.size_bytes, b.name))
    overlaps = sorted(problem.overlaps, key=lambda o: (o.input_name, o.output_name, o.direction))
    ordered = replace(problem, buffers=tuple(buffers), overlaps=tuple(overlaps))
    return _plan_layout(ordered, limits or LayoutLimits())


@lru_cache(maxsize=256)
def _plan_layout(problem: Problem, limits: LayoutLimits) -> Plan:
    if not problem.buffers:
        return Plan({}, 0, 0, True, "none")
    progress = _first_fits(problem, limits)
    if is_plain(problem):
        progress = _pack(problem, progress, limits)
    elif not progress.is_optimal:
        progress = _constrain(problem, progress, limits)
    names = (buffer.name for buffer in problem.buffers)
    return Plan(
        offsets=dict(zip(names, progress.offsets, strict=True)),
        arena_bytes=progress.arena_bytes,
        lower_bound_bytes=progress.bound_bytes,
        proved_optimal=progress.is_optimal,
        solver=progress.solver,
    )


def is_plain(problem: Problem) -> bool:
    """Say whether `problem` is a packing: no pin, and no exemption of buffers that ever meet."""
    by_name = {buffer.name: buffer for buffer in problem.buffers}
    meeting = any(
        by_name[overlap.output_name].first < by_name[overlap.input_name].last
        for overlap in problem.overlaps
    )
    return not meeting and all(buffer.pin is None for buffer in problem.buffers)


def breadths_bytes(problem: Problem) -> list[int]:
    """Return, by buffer, the largest live sum in bytes over its lifetime."""
    breadths = {buffer.name: 0 for buffer in problem.buffers}
    for live in live_sets(problem.buffers):
        total = sum(buffer.size_bytes for buffer in live)
        for buffer in live:
            breadths[buffer.name] = max(breadths[buffer.name], total)
    return list(breadths.values())


def _first_fits(problem: Problem, limits: LayoutLimits) -> _Progress:
    bound = lower_bound_bytes(problem)
    neighbourhood = Neighbourhood(problem)
    best: _Progress | None = None
    best_order: Sequence[int] = ()
    for order in warm_start_orders(problem, breadths_bytes(problem)):
        offsets = first_fit(neighbourhood, order)
        arena = arena_of(problem, offsets)
        if best is None or arena < best.arena_bytes:
            best, best_order = _Progress(offsets, arena, bound, "first-fit"), order
        if best.is_optimal:
            return best
    assert best is not None
    found = local_search(neighbourhood, best_order, bound, limits.local_search_rounds)
    if found.arena_bytes < best.arena_bytes:
        best = _Progress(found.offsets, found.arena_bytes, bound, "local-search")
    return best


def _pack(problem: Problem, progress: _Progress, limits: LayoutLimits) -> _Progress:
    """Improve the layout of a plain packing."""
    if progress.is_optimal:
        return progress
    progress = _pack_perfectly(problem, progress, limits.partitions)
    if progress.is_optimal:
        return progress
    is_small = len(problem.buffers) <= limits.small_buffers
    nodes = limits.small_skyline_nodes if is_small else limits.skyline_nodes
    progress = _pack_into(problem, progress, progress.bound_bytes, nodes)
    if progress.is_optimal:
        return progress
    if is_small:
        return _constrain(problem, progress, limits)
    # Capacities below `low` are proved or presumed impossible.
    low = progress.bound_bytes + 1
    while low < progress.arena_bytes:
        middle = (low + progress.arena_bytes) // 2
        arena = progress.arena_bytes
        progress = _pack_into(problem, progress, middle, limits.bisection_nodes)
        if progress.arena_bytes == arena:
            low = middle + 1
    return progress


def _pack_perfectly(problem: Problem, progress: _Progress, max_partitions: int) -> _Progress:
    """Look for a layout that leaves no byte free in any step."""
    filled = _filled(problem)
    offsets = perfect_packing(tuple(problem.buffers[index] for index in filled), max_partitions)
    return progress if offsets is None else _found(problem, progress, offsets, "perfect-packing")


def _filled(problem: Problem) -> list[int]:
    """The indices of the buffers that have bytes."""
    return [index for index, buffer in enumerate(problem.buffers) if buffer.size_bytes]


def _found(
    problem: Problem, progress: _Progress, found: Sequence[Offset], solver: str
) -> _Progress:
    """Take over the offsets of the buffers that have bytes."""
    offsets = [Offset(0)] * len(problem.buffers)
    for index, offset in zip(_filled(problem), found, strict=True):
        offsets[index] = offset
    return _Progress(offsets, arena_of(problem, offsets), progress.bound_bytes, solver)


def _pack_into(
    problem: Problem, progress: _Progress, capacity_bytes: int, max_nodes: int
) -> _Progress:
    """Look for a layout within `capacity_bytes`; raise the bound where there is none."""
    buffers: tuple[Buffer, ...] = tuple(problem.buffers[index] for index in _filled(problem))
    result = skyline_search(buffers, capacity_bytes, max_nodes)
    if result.verdict == "impossible":
        bound = max(progress.bound_bytes, capacity_bytes + 1)
        return replace(progress, bound_bytes=min(bound, progress.arena_bytes))
    if result.verdict == "undecided":
        return progress
    return _found(problem, progress, result.offsets, "skyline-search")


def _constrain(problem: Problem, progress: _Progress, limits: LayoutLimits) -> _Progress:
    result = constraint_search(
        problem,
        progress.offsets,
        progress.bound_bytes,
        progress.arena_bytes,
        limits.constraint_deterministic_time,
    )
    if result.offsets is None:
        bound = min(result.lower_bound_bytes, progress.arena_bytes)
        return replace(progress, bound_bytes=bound)
    arena = arena_of(problem, result.offsets)
    bound = min(result.lower_bound_bytes, arena)
    return _Progress(result.offsets, arena, bound, "constraint-search")
