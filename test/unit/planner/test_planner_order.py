"""The order planner against brute force, and on graphs it must solve in polynomial time."""

from itertools import pairwise
from random import Random

import pytest

from fdt_mlir.planner.downset_search import SearchLimits, downset_search
from fdt_mlir.planner.jobs import jobs_of, mask_of
from fdt_mlir.planner.order import best_order
from fdt_mlir.planner.task_graph import Task, TaskGraph, step_bytes
from planner.brute_force import least_peak_bytes, peak_of
from planner.random_problems import random_task_graph


# Wrong if a reduction or the search loses the best order, or the peak is not that of the order.
@pytest.mark.parametrize("block", range(8))
def test_orders_are_as_low_as_brute_force(block: int):
    for seed in range(125 * block, 125 * block + 125):
        graph = random_task_graph(Random(seed), max_tasks=8)
        plan = best_order(graph)
        assert sorted(plan.order) == list(range(len(graph.tasks))), f"seed {seed}"
        assert plan.peak_bytes == peak_of(graph, plan.order), f"seed {seed}"
        assert plan.peak_bytes == least_peak_bytes(graph), f"seed {seed}"
        assert plan.proved_optimal, f"seed {seed}"


# Wrong if the planner reorders a model without need.
def test_the_file_order_is_kept_where_it_is_optimal():
    kept = 0
    for seed in range(300):
        graph = random_task_graph(Random(seed), max_tasks=6)
        file_order = tuple(range(len(graph.tasks)))
        if peak_of(graph, file_order) == least_peak_bytes(graph):
            plan = best_order(graph)
            assert (plan.order, plan.solver) == (file_order, "file"), f"seed {seed}"
            kept += 1
    assert kept > 50


# Wrong if the file order is trusted although it reads a tensor before it is written.
def test_tasks_may_come_in_any_order():
    tasks = (Task("second", ("y",), ("z",)), Task("first", ("x",), ("y",)))
    plan = best_order(TaskGraph(tasks, {"x": 3, "y": 4, "z": 5}, ("x",), ("z",)))
    assert (plan.order, plan.peak_bytes) == ((1, 0), 9)


class SeriesParallel:
    """Draw a series-parallel task graph whose tensors have one reader each."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.tasks: list[Task] = []
        self.sizes: dict[str, int] = {}

    def graph(self, depth: int, branches: int, length: int) -> TaskGraph:
        source, sink = self.tensor(), self.tensor()
        self.block(source, sink, depth, branches, length)
        self.random.shuffle(self.tasks)
        return TaskGraph(tuple(self.tasks), self.sizes, (source,), (sink,))

    def tensor(self) -> str:
        name = f"t{len(self.sizes)}"
        self.sizes[name] = self.random.randint(1, 1000)
        return name

    def task(self, inputs: list[str], outputs: list[str]) -> None:
        inner = self.random.choice([0, 0, self.random.randint(0, 500)])
        self.tasks.append(Task(f"n{len(self.tasks)}", tuple(inputs), tuple(outputs), inner))

    def block(self, source: str, sink: str, depth: int, branches: int, length: int) -> None:
        if depth == 0:
            tensors = [source, *(self.tensor() for _ in range(length)), sink]
            for one, other in pairwise(tensors):
                self.task([one], [other])
            return
        heads = [self.tensor() for _ in range(branches)]
        tails = [self.tensor() for _ in range(branches)]
        self.task([source], heads)
        for head, tail in zip(heads, tails, strict=True):
            self.block(head, tail, depth - 1, branches, length)
        self.task(tails, [sink])


# Wrong if merging branches is not exact: the search over sets of tasks knows nothing of it.
def test_series_parallel_graphs_agree_with_the_search_over_sets():
    for seed in range(60):
        graph = SeriesParallel(seed).graph(depth=1 + seed % 2, branches=2, length=2)
        plan = best_order(graph)
        searched = downset_search(jobs_of(graph), 0, SearchLimits(states=200_000))
        assert searched.peak_bytes == searched.lower_bound_bytes, f"seed {seed}"
        assert plan.peak_bytes == searched.peak_bytes == peak_of(graph, plan.order), f"seed {seed}"


# Wrong if the work grows with the number of sets of tasks, here more than 10**17.
@pytest.mark.parametrize(("depth", "branches", "length"), [(1, 20, 10), (2, 6, 6), (3, 4, 2)])
def test_wide_series_parallel_graphs_are_solved_without_search(depth, branches, length):
    graph = SeriesParallel(1).graph(depth, branches, length)
    plan = best_order(graph, SearchLimits(states=4 * len(graph.tasks)))
    assert plan.proved_optimal
    assert plan.peak_bytes == max(step_bytes(graph, plan.order))


# Wrong if running out of states passes for a proof, or the gap is not a bound.
def test_a_search_cut_short_says_so():
    cut_short = 0
    for seed in range(200):
        graph = random_task_graph(Random(seed), max_tasks=8)
        plan = best_order(graph, SearchLimits(states=1, beam_width=2))
        least = least_peak_bytes(graph)
        assert plan.lower_bound_bytes <= least <= plan.peak_bytes, f"seed {seed}"
        assert plan.proved_optimal == (plan.gap_bytes == 0), f"seed {seed}"
        cut_short += not plan.proved_optimal
    assert cut_short > 5


# Wrong if states of equal rank cannot be told apart, or the beam loses its way in a wide graph.
def test_a_wide_graph_without_structure_gets_an_order_and_a_gap():
    random = Random(1)
    sizes = {"in": 8}
    tasks: list[Task] = []
    for index in range(120):
        recent = list(sizes)[-40:]
        inputs = random.sample(recent, min(len(recent), random.choice([1, 1, 2, 3])))
        sizes[f"t{index}"] = random.randint(1, 4)
        tasks.append(Task(f"n{index}", tuple(inputs), (f"t{index}",)))
    graph = TaskGraph(tuple(tasks), sizes, ("in",), ("t119",))
    plan = best_order(graph, SearchLimits(states=2_000, beam_width=20))
    assert plan.peak_bytes == peak_of(graph, plan.order) < peak_of(graph, tuple(range(120)))
    assert plan.lower_bound_bytes <= plan.peak_bytes


# Wrong if a branch is not finished before the next begins: the smallest example of a hill.
def test_branches_run_one_after_the_other():
    tasks = (
        Task("split", ("x",), ("a0", "b0")),
        Task("a1", ("a0",), ("a1",)),
        Task("b1", ("b0",), ("b1",)),
        Task("a2", ("a1",), ("a2",)),
        Task("b2", ("b1",), ("b2",)),
        Task("join", ("a2", "b2"), ("y",)),
    )
    sizes = {"x": 2, "a0": 1, "b0": 1, "a1": 100, "b1": 100, "a2": 1, "b2": 1, "y": 2}
    plan = best_order(TaskGraph(tasks, sizes, ("x",), ("y",)))
    assert [tasks[index].name for index in plan.order] == ["split", "a1", "a2", "b1", "b2", "join"]
    assert (plan.peak_bytes, plan.proved_optimal) == (102, True)


def test_no_tasks_need_their_inputs():
    plan = best_order(TaskGraph((), {"x": 7}, ("x",), ("x",)))
    assert (plan.order, plan.peak_bytes, plan.proved_optimal) == ((), 7, True)


# Wrong if a search is bounded by its sets alone: with so many jobs at hand each costs a minute.
def test_a_search_among_a_thousand_jobs_ends_by_its_trials():
    random = Random(2)
    width, length = 100, 10
    before = tuple(
        mask_of(branch * length + earlier for earlier in range(index))
        for branch in range(width)
        for index in range(length)
    )
    graph = CountedTrials(random, before)
    found = downset_search(graph, 0, SearchLimits(trials=20_000, beam_trials=20_000))
    assert sorted(found.order) == [*range(width * length)]
    assert 20_000 < graph.trials < 500_000  # by sets alone it would be some 500 million


class CountedTrials:
    """Jobs of random costs, which counts how many are tried."""

    start_bytes = 0

    def __init__(self, random: Random, before: tuple[int, ...]) -> None:
        self.before = before
        self.trials = 0
        self._costs = [(random.randint(5, 20), random.randint(-2, 4)) for _ in before]

    def run(self, done: int, level_bytes: int, job: int, /) -> tuple[int, int]:
        self.trials += 1
        peak_bytes, net_bytes = self._costs[job]
        return level_bytes + peak_bytes, level_bytes + net_bytes
