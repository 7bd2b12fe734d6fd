"""Spread buffers over several memories: the ones accessed most into the fastest.

The problem type is *dynamic storage allocation in several arenas*: knapsacks over time, NP-hard.
What is sought is, first, a layout of every memory that fits it, then the fewest accesses outside of
the first memory, then outside of the first two, and so on. Buffers in different memories share no
bytes, so an exemption holds wherever its two buffers lie.

The search is greedy, not exact. Buffers take turns, the hottest first, and each takes the fastest
memory in which the layout planner still finds room for it beside those before it. Two orders are
tried, by accesses and by accesses per byte, and the better result is kept. A buffer that finds no
room anywhere moves to the front, and all begin anew. Counts alone bound the search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fdt_mlir.planner.layout import LayoutLimits, plan_layout
from fdt_mlir.planner.lower_bound import lower_bound_bytes
from fdt_mlir.planner.memories import MemoryPlan, MemoryProblem, Misfit, accesses_by_memory
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Problem

_MOST_RESTARTS = 32  # each of them lays out every buffer once
_SCORING = LayoutLimits.quick()


def plan_memories(question: MemoryProblem) -> MemoryPlan | Misfit:
    """Give every buffer a memory and an offset in it, the hottest buffers the fastest memories."""
    buffers = question.problem.buffers
    heat = {buffer: question.accesses[buffer.name] for buffer in buffers}
    orders = (
        sorted(buffers, key=lambda b: (-heat[b], b.size_bytes, b.name)),
        sorted(buffers, key=lambda b: (-heat[b] / max(1, b.size_bytes), b.size_bytes, b.name)),
        sorted(buffers, key=lambda b: (-b.size_bytes, b.name)),  # coldest, but packs best
    )
    results = [_spread(question, order) for order in orders]
    found = [result for result in results if not isinstance(result, Misfit)]
    if not found:
        (misfit, *_) = [result for result in results if isinstance(result, Misfit)]
        return misfit
    best = max(found, key=lambda memory_of: accesses_by_memory(question, memory_of))
    numbers = range(len(question.memories))
    return MemoryPlan(best, tuple(_final_plan(question, best, number) for number in numbers))


def _spread(question: MemoryProblem, order: Sequence[Buffer]) -> dict[str, int] | Misfit:
    """Place buffers in turn; one that finds no room goes first in the next attempt."""
    turns = sorted(order, key=lambda buffer: buffer.home is None)
    memory_of, misfit = _take_turns(question, turns)
    restarts = 0
    while misfit is not None and misfit is not turns[0] and restarts < _MOST_RESTARTS:
        restarts += 1
        turns = [misfit, *(buffer for buffer in turns if buffer is not misfit)]
        memory_of, misfit = _take_turns(question, turns)
    if misfit is None:
        return memory_of
    return Misfit(misfit, _bound_bytes(question.problem))


def _bound_bytes(problem: Problem) -> int:
    """Bound what all memories together must hold, wherever buffers are pinned to."""
    movable = tuple(replace(buffer, pin=None) for buffer in problem.buffers)
    return lower_bound_bytes(replace(problem, buffers=movable))


def _take_turns(
    question: MemoryProblem, turns: Sequence[Buffer]
) -> tuple[dict[str, int], Buffer | None]:
    """Give each buffer the fastest memory with room; also return the first that finds none."""
    memory_of: dict[str, int] = {}
    for buffer in turns:
        anywhere = range(len(question.memories))
        for number in anywhere if buffer.home is None else (buffer.home,):
            if _fits(question, {**memory_of, buffer.name: number}, number):
                memory_of[buffer.name] = number
                break
        else:
            return memory_of, buffer
    return memory_of, None


def _fits(question: MemoryProblem, memory_of: Mapping[str, int], number: int) -> bool:
    part = _part(question.problem, memory_of, number)
    capacity = question.memories[number].capacity_bytes
    align = max(buffer.align for buffer in part.buffers)
    is_pinned = any(buffer.pin is not None for buffer in part.buffers)
    side_by_side = sum(-(-buffer.size_bytes // align) * align for buffer in part.buffers)
    if side_by_side <= capacity and not is_pinned:
        return True
    if lower_bound_bytes(part) > capacity:
        return False
    return plan_layout(part, _SCORING).arena_bytes <= capacity


def _final_plan(question: MemoryProblem, memory_of: Mapping[str, int], number: int) -> Plan:
    """Lay out one memory with full effort; what the search has seen to fit stays an option."""
    part = _part(question.problem, memory_of, number)
    plans = [plan_layout(part), plan_layout(part, _SCORING)]
    return min(plans, key=lambda plan: plan.arena_bytes)


def _part(problem: Problem, memory_of: Mapping[str, int], number: int) -> Problem:
    """Restrict a problem to the buffers of one memory."""
    buffers = tuple(b for b in problem.buffers if memory_of.get(b.name) == number)
    names = {buffer.name for buffer in buffers}
    overlaps = tuple(o for o in problem.overlaps if {o.input_name, o.output_name} <= names)
    return replace(problem, buffers=buffers, overlaps=overlaps, capacity_bytes=None)
