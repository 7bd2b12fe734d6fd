"""Check a plan against its problem, by plain loops that share no code with any solver."""

from fdt_mlir.planner.memories import MemoryPlan, MemoryProblem
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Overlap, Problem


def validate(problem: Problem, plan: Plan) -> list[str]:
    """List everything in `plan` that breaks `problem`; an empty list means the plan is legal."""
    violations: list[str] = []
    known = {buffer.name for buffer in problem.buffers}
    for name in plan.offsets:
        if name not in known:
            violations.append(f"{name}: the problem has no such buffer")
    placed: list[Buffer] = []
    for buffer in problem.buffers:
        if buffer.name not in plan.offsets:
            violations.append(f"{buffer.name}: the plan gives no offset")
            continue
        placed.append(buffer)
        violations += _check_place(buffer, plan)
    violations += _check_pairs(problem, plan, placed)
    violations += _check_claims(problem, plan)
    return violations


def validate_memories(question: MemoryProblem, answer: MemoryPlan) -> list[str]:
    """List everything in a plan of several memories that breaks the problem."""
    violations: list[str] = []
    if len(answer.plans) != len(question.memories):
        return [f"{len(answer.plans)} plans for {len(question.memories)} memories"]
    for buffer in question.problem.buffers:
        number = answer.memory_of.get(buffer.name)
        if number is None or not 0 <= number < len(question.memories):
            violations.append(f"{buffer.name}: the plan gives no memory")
        elif buffer.home is not None and buffer.home != number:
            name = question.memories[buffer.home].name
            violations.append(f"{buffer.name}: the plan does not put it into {name}")
    for number, (memory, plan) in enumerate(zip(question.memories, answer.plans, strict=True)):
        buffers = [b for b in question.problem.buffers if answer.memory_of.get(b.name) == number]
        names = [buffer.name for buffer in buffers]
        overlaps = [
            overlap
            for overlap in question.problem.overlaps
            if overlap.input_name in names and overlap.output_name in names
        ]
        part = Problem(tuple(buffers), tuple(overlaps), memory.capacity_bytes)
        violations += [f"{memory.name}: {text}" for text in validate(part, plan)]
    return violations


def _check_place(buffer: Buffer, plan: Plan) -> list[str]:
    offset = plan.offsets[buffer.name]
    violations: list[str] = []
    if offset % buffer.align != 0:
        violations.append(f"{buffer.name}: offset {offset} is not aligned to {buffer.align}")
    if offset < 0:
        violations.append(f"{buffer.name}: offset {offset} lies below the arena")
    if offset + buffer.size_bytes > plan.arena_bytes:
        violations.append(
            f"{buffer.name}: bytes [{offset}, {offset + buffer.size_bytes}) do not fit the arena"
            f" of {plan.arena_bytes} B"
        )
    if buffer.pin is not None and offset != buffer.pin:
        violations.append(f"{buffer.name}: offset {offset} breaks the pin to {buffer.pin}")
    return violations


def _check_pairs(problem: Problem, plan: Plan, placed: list[Buffer]) -> list[str]:
    violations: list[str] = []
    for index, one in enumerate(placed):
        for other in placed[:index]:
            if not (_share_a_step(one, other) and _share_a_byte(one, other, plan)):
                continue
            exemptions = [
                overlap
                for overlap in problem.overlaps
                if {overlap.input_name, overlap.output_name} == {one.name, other.name}
            ]
            sizes = {one.name: one.size_bytes, other.name: other.size_bytes}
            if any(_satisfied(overlap, sizes, plan) for overlap in exemptions):
                continue
            step = max(one.first, other.first)
            reason = "no exemption of the pair holds" if exemptions else "the pair is not exempt"
            violations.append(
                f"{other.name} at {plan.offsets[other.name]} and {one.name} at"
                f" {plan.offsets[one.name]} share bytes in step {step}: {reason}"
            )
    return violations


def _share_a_step(one: Buffer, other: Buffer) -> bool:
    return any(other.first <= step < other.last for step in range(one.first, one.last))


def _share_a_byte(one: Buffer, other: Buffer, plan: Plan) -> bool:
    if one.size_bytes == 0 or other.size_bytes == 0:
        return False
    one_offset, other_offset = plan.offsets[one.name], plan.offsets[other.name]
    one_is_below = one_offset + one.size_bytes <= other_offset
    one_is_above = other_offset + other.size_bytes <= one_offset
    return not (one_is_below or one_is_above)


def _satisfied(overlap: Overlap, sizes: dict[str, int], plan: Plan) -> bool:
    input_offset = plan.offsets[overlap.input_name]
    output_offset = plan.offsets[overlap.output_name]
    if overlap.direction == "same":
        return output_offset == input_offset
    if overlap.direction == "forward":
        return output_offset + overlap.distance_bytes <= input_offset
    input_end = input_offset + sizes[overlap.input_name]
    output_end = output_offset + sizes[overlap.output_name]
    return output_end >= input_end + overlap.distance_bytes


def _check_claims(problem: Problem, plan: Plan) -> list[str]:
    violations: list[str] = []
    if plan.arena_bytes < 0:
        violations.append(f"arena of {plan.arena_bytes} B is negative")
    if problem.capacity_bytes is not None and plan.arena_bytes > problem.capacity_bytes:
        violations.append(
            f"arena of {plan.arena_bytes} B exceeds the capacity of {problem.capacity_bytes} B"
        )
    if plan.lower_bound_bytes > plan.arena_bytes:
        violations.append(
            f"lower bound of {plan.lower_bound_bytes} B exceeds the arena of {plan.arena_bytes} B"
        )
    if plan.proved_optimal and plan.lower_bound_bytes != plan.arena_bytes:
        violations.append(
            f"arena of {plan.arena_bytes} B is called optimal, but the lower bound is"
            f" {plan.lower_bound_bytes} B"
        )
    return violations
