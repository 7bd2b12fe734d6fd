"""Where the buffers of a function lie: planned, and checked by the validator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fdt_mlir.allocate.heat import accesses_by_buffer
from fdt_mlir.allocate.lifetimes import Lifetimes
from fdt_mlir.allocate.memories import read_memories
from fdt_mlir.allocate.overlaps import DyingInput
from fdt_mlir.bindings import ir
from fdt_mlir.passes import op_error
from fdt_mlir.planner.memories import Memory, MemoryProblem, Misfit
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Offset, Problem
from fdt_mlir.planner.validator import validate, validate_memories


@dataclass(frozen=True)
class Placement:
    """The number of the arena of every buffer, its offset there, and the plan of every arena."""

    arena_of: Mapping[str, int]
    offsets: Mapping[str, Offset]
    plans: tuple[Plan, ...]


def place(
    function: ir.Operation, lifetimes: Lifetimes, pairs: Sequence[DyingInput] = ()
) -> Placement:
    """Lay the buffers out in the memories of a function; the validator has the last word.

    Raises CompileError where they do not fit.
    """
    buffers = [
        Buffer(b.name, b.size_bytes, b.first, b.last, b.align, b.pin, b.home)
        for b in lifetimes.buffers
    ]
    problem = Problem(
        (*buffers, *lifetimes.state),
        tuple(overlap for pair in pairs for overlap in pair.overlaps()),
    )
    memories = read_memories(function)
    if len(memories) > 1:
        question = MemoryProblem(problem, memories, accesses_by_buffer(lifetimes))
        return _place_in_several(function, question)
    return _place_in_one(function, problem, memories)


def _place_in_one(
    function: ir.Operation, problem: Problem, memories: tuple[Memory, ...]
) -> Placement:
    from fdt_mlir.planner.layout import plan_layout  # loads the solver, which takes long

    plan = plan_layout(problem)
    violations = validate(problem, plan)
    assert not violations, f"the planner broke its own problem: {violations}"
    for memory in memories:
        missing_bytes = plan.arena_bytes - memory.capacity_bytes
        if missing_bytes > 0:
            raise op_error(
                function,
                f"the arena needs {plan.arena_bytes} bytes, but memory '{memory.name}' has"
                f" {memory.capacity_bytes}",
                f"give {missing_bytes} bytes more, or trade work for memory with --ram"
                f" {memory.capacity_bytes}",
            )
    return Placement({buffer.name: 0 for buffer in problem.buffers}, plan.offsets, (plan,))


def _place_in_several(function: ir.Operation, question: MemoryProblem) -> Placement:
    from fdt_mlir.planner.plan_memories import plan_memories  # loads the solver

    answer = plan_memories(question)
    if isinstance(answer, Misfit):
        raise op_error(function, *_nothing_fits(question, answer))
    violations = validate_memories(question, answer)
    assert not violations, f"the planner broke its own problem: {violations}"
    offsets = {name: at for plan in answer.plans for name, at in plan.offsets.items()}
    return Placement(answer.memory_of, offsets, answer.plans)


def _nothing_fits(question: MemoryProblem, misfit: Misfit) -> tuple[str, str]:
    """What is wrong, and the next step."""
    rooms = ", ".join(f"{m.name} {m.capacity_bytes}" for m in question.memories)
    capacity = question.capacity_bytes
    if misfit.bound_bytes > capacity:
        missing_bytes = misfit.bound_bytes - capacity
        return (
            f"the buffers need at least {misfit.bound_bytes} bytes, but the memories have"
            f" {capacity} together ({rooms})",
            f"give {missing_bytes} bytes more, or trade work for memory with --ram {capacity}",
        )
    buffer = misfit.buffer
    return (
        f"no room found for buffer '{buffer.name}' of {buffer.size_bytes} bytes, which lives in"
        f" steps {buffer.first} to {buffer.last - 1}, in any memory ({rooms})",
        "give one of them more, or make everything fit the largest with --ram"
        f" {max(memory.capacity_bytes for memory in question.memories)}",
    )
