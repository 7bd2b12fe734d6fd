"""Exact layouts by constraint programming (CP-SAT), exemptions and pins included.

Buffers are rectangles of `no_overlap_2d`. The input of an exempt pair leaves that rectangle when
the result is born; from then on it is kept apart from each neighbour by a disjunction of difference
constraints, one of whose branches may be the exemption. The search runs in one worker with a fixed
seed and is bounded by deterministic time (counted work, not a clock), so it gives the same answer
on every machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import gcd

from ortools.sat.python import cp_model

from fdt_mlir.planner.problem import Buffer, Offset, Overlap, Problem


@dataclass(frozen=True)
class ConstraintResult:
    """Offsets by index, none where nothing better than the hint was found, and a proved bound."""

    offsets: list[Offset] | None
    lower_bound_bytes: int


def constraint_search(
    problem: Problem,
    hint: Sequence[int],
    lower_bound_bytes: int,
    arena_bytes: int,
    deterministic_time: float,
) -> ConstraintResult:
    """Look for an arena in `[lower_bound_bytes, arena_bytes)`, `arena_bytes` being that of `hint`.

    `deterministic_time` is CP-SAT's own unit of counted work, about a second of a fast core.
    """
    unit = _unit_bytes(problem)
    model = cp_model.CpModel()
    arena = model.new_int_var(-(-lower_bound_bytes // unit), (arena_bytes - 1) // unit, "arena")
    offsets = _offset_variables(model, problem, arena, arena_bytes, unit)
    _keep_disjoint(model, problem, offsets, unit)
    model.minimize(arena)
    for (variable, align), value in zip(_variables(offsets), hint, strict=True):
        model.add_hint(variable, value // unit // align)

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = deterministic_time
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return ConstraintResult(None, arena_bytes)
    bound_bytes = max(lower_bound_bytes, round(solver.best_objective_bound) * unit)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return ConstraintResult(None, bound_bytes)
    found = [Offset(solver.value(offset.expression) * unit) for offset in offsets]
    return ConstraintResult(found, bound_bytes)


@dataclass(frozen=True)
class _Placed:
    """A buffer's offset in units: `variable * align`."""

    variable: cp_model.IntVar
    align: int
    expression: cp_model.LinearExpr
    size: int


def _variables(offsets: Sequence[_Placed]) -> list[tuple[cp_model.IntVar, int]]:
    return [(offset.variable, offset.align) for offset in offsets]


def _unit_bytes(problem: Problem) -> int:
    """Return the largest unit such that some best layout has all its offsets in multiples of it.

    In a lowest layout an offset is 0, a pin, or another's plus sizes and distances, rounded up.
    """
    lengths = [buffer.size_bytes for buffer in problem.buffers]
    lengths += [buffer.align for buffer in problem.buffers if buffer.align > 1]
    lengths += [buffer.pin for buffer in problem.buffers if buffer.pin is not None]
    lengths += [overlap.distance_bytes for overlap in problem.overlaps]
    return gcd(*lengths) or 1


def _offset_variables(
    model: cp_model.CpModel, problem: Problem, arena: cp_model.IntVar, arena_bytes: int, unit: int
) -> list[_Placed]:
    offsets: list[_Placed] = []
    for buffer in problem.buffers:
        align = max(1, buffer.align // unit)
        size = buffer.size_bytes // unit
        highest = max(0, arena_bytes // unit - size) // align
        low, high = (0, highest) if buffer.pin is None else (buffer.pin // unit // align,) * 2
        variable = model.new_int_var(low, high, buffer.name)
        expression = variable * align
        model.add(expression + size <= arena)
        offsets.append(_Placed(variable, align, expression, size))
    return offsets


def _keep_disjoint(
    model: cp_model.CpModel, problem: Problem, offsets: Sequence[_Placed], unit: int
) -> None:
    buffers = problem.buffers
    index_of = {buffer.name: index for index, buffer in enumerate(buffers)}
    exemptions: dict[tuple[int, int], list[Overlap]] = {}
    for overlap in problem.overlaps:
        pair = (index_of[overlap.input_name], index_of[overlap.output_name])
        if _live_together(buffers[pair[0]], buffers[pair[1]]):
            exemptions.setdefault(pair, []).append(overlap)
    # The end of each buffer's rectangle: an exempt input leaves when the first result is born.
    ends = [buffer.last for buffer in buffers]
    for source, output in exemptions:
        ends[source] = min(ends[source], max(buffers[output].first, buffers[source].first))
    times: list[cp_model.IntervalVar] = []
    spans: list[cp_model.IntervalVar] = []
    for buffer, end, offset in zip(buffers, ends, offsets, strict=True):
        duration = end - buffer.first
        if duration and offset.size:
            times.append(model.new_fixed_size_interval_var(buffer.first, duration, ""))
            spans.append(model.new_fixed_size_interval_var(offset.expression, offset.size, ""))
    model.add_no_overlap_2d(times, spans)
    for one, other in combinations(range(len(buffers)), 2):
        is_packed = max(buffers[one].first, buffers[other].first) < min(ends[one], ends[other])
        if is_packed or not _live_together(buffers[one], buffers[other]):
            continue
        source, output = (other, one) if (other, one) in exemptions else (one, other)
        pair = exemptions.get((source, output), ())
        _separate(model, offsets[source], offsets[output], pair, unit)


def _live_together(one: Buffer, other: Buffer) -> bool:
    return one.first < other.last and other.first < one.last


def _separate(
    model: cp_model.CpModel,
    source: _Placed,
    other: _Placed,
    exemptions: Sequence[Overlap],
    unit: int,
) -> None:
    """Require that two buffers are disjoint or that one of the exemptions of the pair holds."""
    if not (source.size and other.size):
        return
    alternatives = [
        source.expression + source.size <= other.expression,
        other.expression + other.size <= source.expression,
    ]
    for overlap in exemptions:
        distance = overlap.distance_bytes // unit
        if overlap.direction == "forward":
            alternatives.append(other.expression + distance <= source.expression)
        elif overlap.direction == "reverse":
            source_end = source.expression + source.size
            alternatives.append(other.expression + other.size >= source_end + distance)
        else:
            alternatives.append(other.expression == source.expression)
    choices = [model.new_bool_var("") for _ in alternatives]
    for choice, alternative in zip(choices, alternatives, strict=True):
        enforced = model.add(alternative)
        enforced.only_enforce_if(choice)  # pyright: ignore[reportUnknownMemberType] -- untyped *args
    model.add_bool_or(choices)
