"""Run the tasks of a graph in the order of least peak memory, and say what is proved.

The problem: among all topological orders of a task graph, find one whose largest sum of live
bytes over its steps is least. Chains, trees and series-parallel graphs are solved exactly in
polynomial time (`series_parallel.py`); what other graphs shrink to is solved exactly by dynamic
programming over the sets of finished tasks (`downset_search.py`), bounded by counts.
"""

from dataclasses import dataclass

from fdt_mlir.planner.downset_search import SearchLimits, downset_search
from fdt_mlir.planner.jobs import JobGraph, bits, entry_bytes, jobs_of, mask_of, transitive_masks
from fdt_mlir.planner.series_parallel import shrink
from fdt_mlir.planner.task_graph import TaskGraph, step_bytes


@dataclass(frozen=True)
class OrderPlan:
    """An order (indices into the tasks of the graph) and the most bytes live in one of its steps.

    No order needs fewer than `lower_bound_bytes`. `solver` names what found the order: the file
    itself, the series-parallel reduction, or the search over sets.
    """

    order: tuple[int, ...]
    peak_bytes: int
    lower_bound_bytes: int
    proved_optimal: bool
    solver: str

    @property
    def gap_bytes(self) -> int:
        """Bytes by which the peak could at most fall."""
        return self.peak_bytes - self.lower_bound_bytes


def best_order(graph: TaskGraph, limits: SearchLimits | None = None) -> OrderPlan:
    """Find the order of least peak; the file order is kept wherever it is no worse.

    The file order is a candidate only if it is topological.
    """
    limits = limits or SearchLimits()
    bound = max(entry_bytes(graph), _step_bound(graph))
    plans: list[OrderPlan] = []
    file_order = tuple(range(len(graph.tasks)))
    if _is_topological(graph):
        peak = peak_bytes(graph, file_order)
        plans.append(OrderPlan(file_order, peak, bound, peak == bound, "file"))
        if peak == bound:
            return plans[0]
    core = shrink(jobs_of(graph))
    found = downset_search(core, bound, limits)
    order = tuple(task for job in found.order for task in core.jobs[job].tasks)
    peak = peak_bytes(graph, order)
    solver = "series-parallel" if _is_chain(core) else "downset-search"
    plans.append(OrderPlan(order, peak, found.lower_bound_bytes, False, solver))
    best = min(plans, key=lambda plan: plan.peak_bytes)  # the first of equals: the file order
    bound = max(bound, found.lower_bound_bytes)
    return OrderPlan(best.order, best.peak_bytes, bound, best.peak_bytes == bound, best.solver)


def peak_bytes(graph: TaskGraph, order: tuple[int, ...]) -> int:
    """Return the most bytes live before or in any step when the tasks run in `order`."""
    return max([entry_bytes(graph), *step_bytes(graph, order)])


def _step_bound(graph: TaskGraph) -> int:
    """Bound the peak by what is live during a task in every order.

    That is all it writes, and every tensor already written for certain that is still needed: by
    the task, by one that must come later, or by the caller.
    """
    before, after = transitive_masks(graph.predecessors)
    bounds = [task.extra_bytes for task in graph.tasks]
    for tensor, readers in graph.consumers.items():
        producer = graph.producer.get(tensor)
        written = -1 if producer is None else after[producer] | 1 << producer
        if tensor in graph.lasting:
            needed = -1
        else:
            needed = mask_of(readers) | (0 if producer is None else 1 << producer)
            for reader in readers:
                needed |= before[reader]
        live = written & needed & ((1 << len(bounds)) - 1)
        for task in bits(live):
            bounds[task] += graph.size_bytes[tensor]
    return max(bounds, default=0)


def _is_topological(graph: TaskGraph) -> bool:
    return all(
        all(previous < index for previous in predecessors)
        for index, predecessors in enumerate(graph.predecessors)
    )


def _is_chain(graph: JobGraph) -> bool:
    count = len(graph.jobs)
    return all(
        (before | after).bit_count() == count - 1
        for before, after in zip(graph.before, graph.after, strict=True)
    )
