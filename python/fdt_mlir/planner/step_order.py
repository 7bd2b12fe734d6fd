"""Run steps in the order whose neediest step needs least, and say what is proved.

The costs of steps depend on what is done before (`step_graph.py`). A relaxation of fixed costs
gives a bound and an order, in polynomial time where the graph is series-parallel; only where that
order does not reach the bound, the search over sets of finished steps follows, which knows the
true costs.
"""

from fdt_mlir.planner.downset_search import SearchLimits, downset_search
from fdt_mlir.planner.order import OrderPlan, best_order
from fdt_mlir.planner.step_graph import StepGraph, file_order, needs_bytes, relaxed


def best_step_order(graph: StepGraph, limits: SearchLimits | None = None) -> OrderPlan:
    """Find the order of least need; the file order is kept wherever it is no worse."""
    limits = limits or SearchLimits()
    eased = best_order(relaxed(graph), limits)
    bound = max(eased.lower_bound_bytes, graph.entry_bytes)
    given = file_order(graph)
    orders = [("file", given)] if given is not None else []
    orders.append((eased.solver, tuple(t for t in eased.order if t < len(graph.steps))))
    plans = [OrderPlan(o, needs_bytes(graph, o), bound, False, name) for name, o in orders]
    if min(plan.peak_bytes for plan in plans) > bound:
        found = downset_search(graph, bound, limits)
        bound = max(bound, found.lower_bound_bytes)
        needs = needs_bytes(graph, found.order)
        plans.append(OrderPlan(found.order, needs, bound, False, "downset-search"))
    best = min(plans, key=lambda plan: plan.peak_bytes)  # the first of equals: the file order
    return OrderPlan(best.order, best.peak_bytes, bound, best.peak_bytes == bound, best.solver)
