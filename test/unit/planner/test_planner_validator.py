"""The validator accepts what is legal and rejects every kind of broken plan."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from fdt_mlir.planner.layout import plan_layout
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Offset, Overlap, Problem
from fdt_mlir.planner.validator import validate
from planner.random_problems import random_exempt_problem, random_packing

Case = tuple[Problem, Plan]
Corruption = Callable[[Random, Problem, Plan], Case | None]


def moved(plan: Plan, name: str, offset: int) -> Plan:
    """Move one buffer, enlarging the arena so that nothing but the new place can be wrong."""
    offsets = {**plan.offsets, name: Offset(offset)}
    arena = plan.arena_bytes + abs(offset) + 64
    return replace(plan, offsets=offsets, arena_bytes=arena, proved_optimal=False)


def overlapping(random: Random, problem: Problem, plan: Plan) -> Case | None:
    exempt = {frozenset((o.input_name, o.output_name)) for o in problem.overlaps}
    pairs = [
        (one, other)
        for one in problem.buffers
        for other in problem.buffers
        if one is not other
        and one.size_bytes
        and other.size_bytes
        and one.pin is None
        and one.align == 1
        and one.first < other.last
        and other.first < one.last
        and frozenset((one.name, other.name)) not in exempt
    ]
    if not pairs:
        return None
    one, other = random.choice(pairs)
    at = plan.offsets[other.name]
    offset = random.randint(max(0, at - one.size_bytes + 1), at + other.size_bytes - 1)
    return problem, moved(plan, one.name, offset)


def misaligned(random: Random, problem: Problem, plan: Plan) -> Case | None:
    aligned = [buffer for buffer in problem.buffers if buffer.align > 1 and buffer.pin is None]
    if not aligned:
        return None
    buffer = random.choice(aligned)
    offset = plan.arena_bytes // buffer.align * buffer.align + buffer.align
    return problem, moved(plan, buffer.name, offset + random.randint(1, buffer.align - 1))


def beyond_the_arena(random: Random, problem: Problem, plan: Plan) -> Case | None:
    if not plan.arena_bytes:
        return None
    arena = random.randrange(plan.arena_bytes)
    return problem, replace(plan, arena_bytes=arena, lower_bound_bytes=0, proved_optimal=False)


def below_the_arena(random: Random, problem: Problem, plan: Plan) -> Case | None:
    buffer = random.choice(problem.buffers)
    return problem, moved(plan, buffer.name, -buffer.align * random.randint(1, 4))


def wrong_lifetime(random: Random, problem: Problem, plan: Plan) -> Case | None:
    """The plan was made for a shorter life of a buffer than it has."""
    pairs = [
        (one, other)
        for one in problem.buffers
        for other in problem.buffers
        if one.last <= other.first
        and one.size_bytes
        and other.size_bytes
        and plan.offsets[one.name] < plan.offsets[other.name] + other.size_bytes
        and plan.offsets[other.name] < plan.offsets[one.name] + one.size_bytes
        and not any(overlap.input_name == one.name for overlap in problem.overlaps)
    ]
    if not pairs:
        return None
    one, other = random.choice(pairs)
    longer = replace(one, last=other.first + 1)
    buffers = tuple(longer if buffer is one else buffer for buffer in problem.buffers)
    return Problem(buffers, problem.overlaps), plan


def broken_pin(random: Random, problem: Problem, plan: Plan) -> Case | None:
    buffer = random.choice(problem.buffers)
    pin = Offset(plan.offsets[buffer.name] + buffer.align * random.randint(1, 9))
    buffers = tuple(
        replace(other, pin=pin) if other is buffer else replace(other, pin=None)
        for other in problem.buffers
    )
    return Problem(buffers, problem.overlaps), plan


def unproved_in_place(random: Random, problem: Problem, plan: Plan) -> Case | None:
    """The plan shares bytes of a pair whose exemption does not exist, or asks for more distance."""
    shared = [
        overlap
        for overlap in problem.overlaps
        if len(validate(Problem(problem.buffers), plan)) > len(validate(problem, plan))
        and _share_bytes(problem, plan, overlap)
    ]
    if not shared:
        return None
    pair = {shared[0].input_name, shared[0].output_name}
    others = tuple(o for o in problem.overlaps if {o.input_name, o.output_name} != pair)
    source, result = shared[0].input_name, shared[0].output_name
    farther = (
        Overlap(source, result, "forward", 1 + plan.arena_bytes),
        Overlap(source, result, "reverse", 1 + plan.arena_bytes),
    )
    return Problem(problem.buffers, random.choice([others, others + farther])), plan


def _share_bytes(problem: Problem, plan: Plan, overlap: Overlap) -> bool:
    sizes = {buffer.name: buffer.size_bytes for buffer in problem.buffers}
    one, other = overlap.input_name, overlap.output_name
    return (
        plan.offsets[one] < plan.offsets[other] + sizes[other]
        and plan.offsets[other] < plan.offsets[one] + sizes[one]
    )


def missing(random: Random, problem: Problem, plan: Plan) -> Case | None:
    dropped = random.choice(problem.buffers).name
    offsets = {name: offset for name, offset in plan.offsets.items() if name != dropped}
    return problem, replace(plan, offsets=offsets)


def unknown(random: Random, problem: Problem, plan: Plan) -> Case | None:
    offsets = {**plan.offsets, f"stray{random.randint(0, 9)}": Offset(0)}
    return problem, replace(plan, offsets=offsets)


def over_capacity(random: Random, problem: Problem, plan: Plan) -> Case | None:
    if not plan.arena_bytes:
        return None
    return replace(problem, capacity_bytes=random.randrange(plan.arena_bytes)), plan


def false_proof(random: Random, problem: Problem, plan: Plan) -> Case | None:
    slack = random.randint(1, 9)
    if plan.lower_bound_bytes < slack:
        return None
    return problem, replace(plan, lower_bound_bytes=plan.lower_bound_bytes - slack)


CORRUPTIONS: dict[Corruption, str] = {
    overlapping: "share bytes",
    misaligned: "is not aligned",
    beyond_the_arena: "do not fit the arena",
    below_the_arena: "lies below the arena",
    wrong_lifetime: "share bytes",
    broken_pin: "breaks the pin",
    unproved_in_place: "share bytes",
    missing: "gives no offset",
    unknown: "no such buffer",
    over_capacity: "exceeds the capacity",
    false_proof: "is called optimal",
}
CASES_PER_CORRUPTION = 50  # 550 corrupted plans in all


# Wrong if a kind of fault passes, is reported as another, or if a sound plan is rejected.
@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda corrupt: corrupt.__name__)
def test_every_corrupted_plan_is_rejected(corrupt: Corruption):
    rejected, seed = 0, 0
    while rejected < CASES_PER_CORRUPTION:
        random = Random(seed)
        draw = random_exempt_problem if seed % 2 else random_packing
        problem = draw(random, 6)
        plan = plan_layout(problem)
        assert validate(problem, plan) == [], f"seed {seed}"
        seed += 1
        case = corrupt(random, problem, plan)
        if case is None:
            continue
        violations = validate(*case)
        assert any(CORRUPTIONS[corrupt] in text for text in violations), f"seed {seed}: {case}"
        rejected += 1
    assert seed < 20 * CASES_PER_CORRUPTION, "too few problems can be corrupted this way"


OVERLAP_CASES = [
    # direction, distance, offset of the input (4 B), offset of the result (6 B), legal
    ("forward", 0, 8, 8, True),
    ("forward", 0, 8, 9, False),
    ("forward", 3, 8, 5, True),
    ("forward", 3, 8, 6, False),
    ("forward", -2, 8, 10, True),
    ("forward", -2, 8, 11, False),
    ("reverse", 0, 8, 6, True),
    ("reverse", 0, 8, 5, False),
    ("reverse", 3, 8, 9, True),
    ("reverse", 3, 8, 8, False),
    ("reverse", -2, 8, 4, True),
    ("reverse", -2, 8, 3, False),
    ("same", 0, 8, 8, True),
    ("same", 0, 8, 7, False),
    ("same", 0, 8, 2, True),  # disjoint: no exemption needed
]


# Wrong if a direction is mirrored or a distance is off by one.
@pytest.mark.parametrize(("direction", "distance", "input_at", "output_at", "legal"), OVERLAP_CASES)
def test_exemptions_mean_what_their_docstring_says(direction, distance, input_at, output_at, legal):
    buffers = (Buffer("input", 4, 0, 2), Buffer("output", 6, 1, 3))
    problem = Problem(buffers, (Overlap("input", "output", direction, distance),))
    offsets = {"input": Offset(input_at), "output": Offset(output_at)}
    violations = validate(problem, Plan(offsets, 32, 0, False, "test"))
    assert (violations == []) == legal, violations


# Wrong if the permission of one pair silences the check of another.
def test_an_exemption_covers_its_pair_only():
    buffers = (Buffer("input", 4, 0, 2), Buffer("other", 4, 0, 2), Buffer("output", 4, 1, 3))
    problem = Problem(buffers, (Overlap("input", "output", "same"),))
    offsets = {"input": Offset(4), "other": Offset(4), "output": Offset(4)}
    violations = validate(problem, Plan(offsets, 8, 0, False, "test"))
    assert len(violations) == 2
    assert all("other" in text for text in violations)
