"""Lay out the buffers of one arena in as few bytes as can be found, and say what is proved.

The problem type is stated in `problem.py`. Three solvers run in turn, each only where the one
before did not reach the lower bound: first fit in several orders, a skyline search for plain
packings, and constraint programming for whatever else. All are bounded by counts.
"""

from dataclasses import dataclass

from fdt_mlir.planner.constraint_search import constraint_search
from fdt_mlir.planner.greedy import Neighbourhood, arena_of, first_fit, warm_start_orders
from fdt_mlir.planner.lower_bound import live_sets, lower_bound_bytes
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Offset, Problem


@dataclass(frozen=True)
class LayoutLimits:
    """Counts that bound the searches; the same counts give the same plan on every machine."""

    constraint_deterministic_time: float = 20.0


@dataclass(frozen=True)
class _Candidate:
    offsets: list[Offset]
    arena_bytes: int
    solver: str


def plan_layout(problem: Problem, limits: LayoutLimits | None = None) -> Plan:
    """Give every buffer of `problem` an offset such that the arena is as small as can be found.

    Raises ValueError where pinned buffers contradict each other. A plan may need more than
    `problem.capacity_bytes`; the validator and the caller judge that, the numbers being in it.
    """
    limits = limits or LayoutLimits()
    if not problem.buffers:
        return Plan({}, 0, 0, True, "none")
    bound = lower_bound_bytes(problem)
    best = _first_fits(problem, bound)
    if best.arena_bytes > bound:
        best, bound = _constraint(problem, best, bound, limits)
    names = (buffer.name for buffer in problem.buffers)
    return Plan(
        offsets=dict(zip(names, best.offsets, strict=True)),
        arena_bytes=best.arena_bytes,
        lower_bound_bytes=bound,
        proved_optimal=best.arena_bytes == bound,
        solver=best.solver,
    )


def breadths_bytes(problem: Problem) -> list[int]:
    """Return, by buffer, the largest live sum in bytes over its lifetime."""
    breadths = {buffer.name: 0 for buffer in problem.buffers}
    for live in live_sets(problem.buffers):
        total = sum(buffer.size_bytes for buffer in live)
        for buffer in live:
            breadths[buffer.name] = max(breadths[buffer.name], total)
    return list(breadths.values())


def _first_fits(problem: Problem, bound: int) -> _Candidate:
    neighbourhood = Neighbourhood(problem)
    best: _Candidate | None = None
    for order in warm_start_orders(problem, breadths_bytes(problem)):
        offsets = first_fit(neighbourhood, order)
        arena = arena_of(problem, offsets)
        if best is None or arena < best.arena_bytes:
            best = _Candidate(offsets, arena, "first-fit")
        if best.arena_bytes == bound:
            break
    assert best is not None
    return best


def _constraint(
    problem: Problem, best: _Candidate, bound: int, limits: LayoutLimits
) -> tuple[_Candidate, int]:
    result = constraint_search(
        problem, best.offsets, bound, best.arena_bytes, limits.constraint_deterministic_time
    )
    if result.offsets is not None:
        arena = arena_of(problem, result.offsets)
        best = _Candidate(result.offsets, arena, "constraint-search")
    return best, min(result.lower_bound_bytes, best.arena_bytes)
