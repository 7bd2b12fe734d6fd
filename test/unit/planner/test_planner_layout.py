"""The layout planner against brute force, bounds, and instances whose optimum is known."""

from itertools import pairwise
from random import Random

import pytest

from fdt_mlir.planner.greedy import Neighbourhood, arena_of, first_fit, warm_start_orders
from fdt_mlir.planner.layout import LayoutLimits, breadths_bytes, plan_layout
from fdt_mlir.planner.lower_bound import live_sum_bytes, lower_bound_bytes
from fdt_mlir.planner.perfect_packing import perfect_packing
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Offset, Overlap, Problem
from fdt_mlir.planner.skyline_search import luby, skyline_search
from fdt_mlir.planner.validator import validate
from planner.brute_force import least_arena_bytes
from planner.instances import TightInstances
from planner.random_problems import random_exempt_problem, random_packing

EXACT_ONLY = LayoutLimits(local_search_rounds=0)


def assert_best(problem: Problem, plan: Plan, least_bytes: int | None, seed: int) -> None:
    assert validate(problem, plan) == [], f"seed {seed}"
    assert plan.arena_bytes == least_bytes, f"seed {seed}"
    assert plan.proved_optimal, f"seed {seed}"


# Wrong if any solver or bound cuts off an optimum, or claims one that is not.
@pytest.mark.parametrize("block", range(7))
def test_packings_are_as_low_as_brute_force(block: int):
    for seed in range(100 * block, 100 * block + 100):
        problem = random_packing(Random(seed), max_buffers=8)
        plan = plan_layout(problem, EXACT_ONLY if seed % 2 else None)
        assert_best(problem, plan, least_arena_bytes(problem), seed)


# Wrong if an exemption is misread in any direction, or a pin is moved.
@pytest.mark.parametrize("block", range(3))
def test_exempt_problems_are_as_low_as_brute_force(block: int):
    for seed in range(100 * block, 100 * block + 100):
        problem = random_exempt_problem(Random(seed), max_buffers=5)
        plan = plan_layout(problem, EXACT_ONLY if seed % 2 else None)
        assert_best(problem, plan, least_arena_bytes(problem), seed)


# Wrong if the skyline search misses a packing that exists or packs what cannot be packed.
@pytest.mark.parametrize("block", range(4))
def test_skyline_search_decides_every_capacity(block: int):
    for seed in range(100 * block, 100 * block + 100):
        drawn = random_packing(Random(seed), max_buffers=8)
        buffers = tuple(buffer for buffer in drawn.buffers if buffer.size_bytes)
        if not buffers:
            continue
        least = least_arena_bytes(Problem(buffers))
        assert least is not None
        assert skyline_search(buffers, least - 1, 10_000).verdict == "impossible", f"seed {seed}"
        result = skyline_search(buffers, least, 10_000)
        assert result.verdict == "packed", f"seed {seed}"
        names = (buffer.name for buffer in buffers)
        offsets = dict(zip(names, result.offsets, strict=True))
        plan = Plan(offsets, least, least, True, "skyline-search")
        assert validate(Problem(buffers), plan) == [], f"seed {seed}"


# Wrong if a packing without a free byte is missed, or one is found that is none.
def test_perfect_packings_are_found():
    for seed in range(300):
        random = Random(seed)
        steps, grain = random.randint(2, 9), random.choice([1, 1, 4])
        drawn = TightInstances(random.randint(2, 12), steps, 16 * grain, grain).generate(seed)
        offsets = perfect_packing(drawn.buffers, 2_000)
        assert offsets is not None, f"seed {seed}"
        places = dict(zip((buffer.name for buffer in drawn.buffers), offsets, strict=True))
        plan = Plan(places, 16 * grain, 16 * grain, True, "perfect-packing")
        assert validate(drawn, plan) == [], f"seed {seed}"


# Wrong if buffers that leave a byte free, or are aligned more coarsely, are taken for perfect.
def test_what_is_no_perfect_packing():
    half_empty = (Buffer("a", 4, 0, 2), Buffer("b", 3, 0, 1))
    assert perfect_packing(half_empty, 100) is None
    coarse = (Buffer("a", 3, 0, 1), Buffer("b", 4, 0, 1, align=4))
    assert perfect_packing(coarse, 100) is None


# Wrong if a bound exceeds what some layout reaches, exemptions included.
def test_lower_bound_never_exceeds_the_optimum():
    for seed in range(100):
        problem = random_exempt_problem(Random(1000 + seed), max_buffers=5)
        least = least_arena_bytes(problem)
        assert least is not None
        assert lower_bound_bytes(problem) <= least, f"seed {seed}"


# Wrong if tight packings of the size tiling produces are out of reach.
@pytest.mark.parametrize("count", [150, 250, 350, 450])
@pytest.mark.parametrize("seed", [1, 2])
def test_tight_instances_are_packed_to_the_last_byte(count: int, seed: int):
    problem = TightInstances(buffers=count).generate(seed)
    plan = plan_layout(problem, EXACT_ONLY)
    assert validate(problem, plan) == []
    assert plan.arena_bytes == plan.lower_bound_bytes == problem.capacity_bytes == 1 << 20


# Wrong if many births and deaths on the same steps hide the orders that fit.
@pytest.mark.parametrize("count", [150, 250, 350, 450])
def test_tight_instances_of_few_steps_are_packed_to_the_last_byte(count: int):
    problem = TightInstances(buffers=count, steps=128).generate(2)
    plan = plan_layout(problem, EXACT_ONLY)
    assert validate(problem, plan) == []
    assert plan.arena_bytes == problem.capacity_bytes
    assert plan.solver == "perfect-packing"


# Wrong if slack in some steps leads the search astray.
@pytest.mark.parametrize("seed", [20, 22])
def test_tight_instances_with_holes_are_packed_to_the_last_byte(seed: int):
    problem = TightInstances(buffers=220, holes=0.2).generate(seed)
    plan = plan_layout(problem, EXACT_ONLY)
    assert validate(problem, plan) == []
    assert plan.arena_bytes == problem.capacity_bytes


# Wrong if first fit wastes bytes where tensors live from one step to the next only.
def test_first_fit_reaches_the_live_sum_of_chains():
    for seed in range(100):
        random = Random(seed)
        sizes = [random.randint(1, 50_000) for _ in range(random.randint(2, 60))]
        buffers = tuple(Buffer(f"b{i}", size, i, i + 2) for i, size in enumerate(sizes))
        plan = plan_layout(Problem(buffers), LayoutLimits(0, 0, 0, 0, 0, 0.0))
        pairs = pairwise(sizes)
        assert plan.arena_bytes == max(sum(pair) for pair in pairs), f"seed {seed}"
        assert (plan.solver, plan.proved_optimal) == ("first-fit", True), f"seed {seed}"


# Wrong if first fit by breadth misses the live sum of a network that narrows, with shortcuts.
def test_first_fit_by_breadth_reaches_the_live_sum_of_residual_networks():
    for seed in range(100):
        random = Random(seed)
        size, buffers = 1 << 16, []
        for block in range(random.randint(2, 12)):
            lives = [(0, 3), (1, 3), (2, 4)]  # the shortcut, and two tensors beside it
            buffers += [
                Buffer(f"b{block}.{i}", size, 3 * block + first, 3 * block + last)
                for i, (first, last) in enumerate(lives)
            ]
            size -= random.randint(0, size // 2)
        problem = Problem(tuple(buffers))
        order = warm_start_orders(problem, breadths_bytes(problem))[0]
        arena = arena_of(problem, first_fit(Neighbourhood(problem), order))
        assert arena == live_sum_bytes(problem.buffers), f"seed {seed}"


# Wrong if shifts of overlapping results cannot go either way along a chain.
def test_chain_in_place_needs_the_first_pair_only():
    sizes = [16_000, 8_000, 8_000, 8_000]
    buffers = tuple(
        Buffer(f"b{step}", size, max(0, step - 1), step + 1) for step, size in enumerate(sizes)
    )
    overlaps = tuple(
        Overlap(f"b{step}", f"b{step + 1}", direction, 384)
        for step in range(3)
        for direction in ("forward", "reverse")
    )
    plan = plan_layout(Problem(buffers, overlaps))
    assert validate(Problem(buffers, overlaps), plan) == []
    assert (plan.arena_bytes, plan.proved_optimal) == (16_384, True)


# Wrong if a pin moves, or if buffers below it are forgotten.
def test_pins_hold():
    buffers = (
        Buffer("input", 10, 0, 2, pin=Offset(6)),
        Buffer("low", 6, 0, 2),
        Buffer("high", 8, 1, 3),
    )
    plan = plan_layout(Problem(buffers))
    assert plan.offsets["input"] == 6
    assert plan.arena_bytes == 24
    assert validate(Problem(buffers), plan) == []


# Wrong if anything but the problem decides the plan.
def test_plans_repeat():
    problem = TightInstances(buffers=150, holes=0.1).generate(5)
    assert plan_layout(problem) == plan_layout(problem)


def test_nothing_needs_no_arena():
    plan = plan_layout(Problem(()))
    assert (plan.arena_bytes, plan.proved_optimal) == (0, True)
    assert validate(Problem(()), plan) == []


def test_empty_buffers_collide_with_nothing():
    problem = Problem((Buffer("none", 0, 0, 9, align=4), Buffer("some", 3, 0, 9)))
    plan = plan_layout(problem)
    assert validate(problem, plan) == []
    assert plan.arena_bytes == 3


def test_luby_sequence():
    expected = [1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8]
    assert [luby(index) for index in range(1, 16)] == expected
