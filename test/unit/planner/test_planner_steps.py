"""The order of steps whose costs depend on what is done, against brute force."""

from itertools import permutations
from random import Random

import pytest

from fdt_mlir.planner.downset_search import SearchLimits
from fdt_mlir.planner.step_graph import Step, StepGraph
from fdt_mlir.planner.step_order import best_step_order
from planner.brute_force import step_need_bytes
from planner.random_problems import random_step_graph


def least_need_bytes(graph: StepGraph) -> int:
    """The least need over all orders that respect the predecessors."""
    return min(
        step_need_bytes(graph, order)
        for order in permutations(range(len(graph.steps)))
        if all(
            order.index(before) < position
            for position, step in enumerate(order)
            for before in graph.predecessors[step]
        )
    )


# Wrong if the relaxation is no bound, the search loses the best order, or sharing is misjudged.
@pytest.mark.parametrize("block", range(5))
def test_step_orders_are_as_low_as_brute_force(block: int):
    for seed in range(200 * block, 200 * block + 200):
        graph = random_step_graph(Random(seed), max_steps=6)
        plan = best_step_order(graph)
        least = least_need_bytes(graph)
        assert plan.peak_bytes == step_need_bytes(graph, plan.order) == least, f"seed {seed}"
        assert plan.proved_optimal, f"seed {seed}"
        cut_short = best_step_order(graph, SearchLimits(states=1, beam_width=2))
        assert cut_short.lower_bound_bytes <= least <= cut_short.peak_bytes, f"seed {seed}"


# Wrong if a result overlaps an input that another step still needs, or a dead one is not used.
def test_the_last_reader_overlaps():
    steps = (
        Step("half", ("x",), ("half",), shares={"x": 4}),
        Step("copy", ("x",), ("copy",), shares={"x": 8}),
        Step("join", ("half", "copy"), ("y",), shares={"copy": 2}),
    )
    sizes = {"x": 8, "half": 4, "copy": 8, "y": 2}
    graph = StepGraph(steps, sizes, ("x",), ("y",), (frozenset(), frozenset(), frozenset({0, 1})))
    plan = best_step_order(graph)
    assert (plan.order, plan.peak_bytes, plan.proved_optimal) == ((0, 1, 2), 12, True)


# Wrong if the tensor of several parts counts by part: it is whole from its first part on.
def test_parts_live_from_the_first():
    steps = (
        Step("left", ("x",), ("whole",)),
        Step("big", ("y",), ("big",)),
        Step("right", ("big",), ("whole",)),
    )
    sizes = {"x": 1, "y": 5, "big": 9, "whole": 10}
    before = (frozenset[int](), frozenset[int](), frozenset({1}))
    plan = best_step_order(StepGraph(steps, sizes, ("x", "y"), ("whole",), before))
    assert plan.order[0] == 1
    assert (plan.peak_bytes, plan.proved_optimal) == (20, True)
