"""Optima by exhaustion, written without regard to how the planner finds them.

Why looking at so few offsets is exhaustive: once it is decided for every pair which of its
relations holds (one above the other, or one exemption), the offsets obey difference constraints
`x >= y + c`. Their least solution minimizes every offset and hence the arena, and in it each offset
is 0, a pin, or `y + c` rounded up to the alignment. So some order of the buffers reaches the
optimum when each one may try all those places beside the buffers before it.
"""

from collections.abc import Iterator

from fdt_mlir.planner.problem import Buffer, Problem
from fdt_mlir.planner.step_graph import StepGraph
from fdt_mlir.planner.task_graph import TaskGraph


def least_arena_bytes(problem: Problem) -> int | None:
    """Return the least arena over all layouts; None where pins leave no layout."""
    best: list[int | None] = [None]
    seen: set[tuple[tuple[str, int], ...]] = set()
    floor = _most_live_bytes(problem) if not problem.overlaps else 0

    def place(left: tuple[Buffer, ...], offsets: dict[Buffer, int], arena: int) -> None:
        key = tuple(sorted((buffer.name, offset) for buffer, offset in offsets.items()))
        if key in seen or (best[0] is not None and (arena >= best[0] or best[0] == floor)):
            return
        seen.add(key)
        if not left:
            best[0] = arena
        for buffer in left:
            others = tuple(other for other in left if other is not buffer)
            for offset in _places(problem, buffer, offsets):
                end = offset + buffer.size_bytes
                place(others, {**offsets, buffer: offset}, max(arena, end))

    pinned = {buffer: int(buffer.pin) for buffer in problem.buffers if buffer.pin is not None}
    free = tuple(buffer for buffer in problem.buffers if buffer.pin is None)
    start = max((offset + buffer.size_bytes for buffer, offset in pinned.items()), default=0)
    place(free, pinned, start)
    return best[0]


def _most_live_bytes(problem: Problem) -> int:
    steps = range(max(buffer.last for buffer in problem.buffers))
    return max(
        sum(buffer.size_bytes for buffer in problem.buffers if buffer.first <= step < buffer.last)
        for step in steps
    )


def _places(problem: Problem, buffer: Buffer, offsets: dict[Buffer, int]) -> list[int]:
    places = {0}
    for other, offset in offsets.items():
        places.add(offset + other.size_bytes)
        places.add(offset)
        for overlap in problem.overlaps:
            for distance in (overlap.distance_bytes, -overlap.distance_bytes):
                places.add(offset + distance)
                places.add(offset + other.size_bytes - buffer.size_bytes + distance)
    aligned = {-(-place // buffer.align) * buffer.align for place in places if place >= 0}
    legal = [
        place
        for place in sorted(aligned)
        if all(_legal(problem, buffer, place, other, at) for other, at in offsets.items())
    ]
    return legal if problem.overlaps else legal[:1]  # a packing: the lowest place is enough


def _legal(problem: Problem, one: Buffer, one_at: int, other: Buffer, other_at: int) -> bool:
    if not set(range(one.first, one.last)) & set(range(other.first, other.last)):
        return True
    one_bytes = set(range(one_at, one_at + one.size_bytes))
    if not one_bytes & set(range(other_at, other_at + other.size_bytes)):
        return True
    at = {one.name: one_at, other.name: other_at}
    end = {one.name: one_at + one.size_bytes, other.name: other_at + other.size_bytes}
    for overlap in problem.overlaps:
        source, result = overlap.input_name, overlap.output_name
        if {source, result} != set(at):
            continue
        if overlap.direction == "same" and at[result] == at[source]:
            return True
        if overlap.direction == "forward" and at[source] - at[result] >= overlap.distance_bytes:
            return True
        if overlap.direction == "reverse" and end[result] - end[source] >= overlap.distance_bytes:
            return True
    return False


def least_peak_bytes(graph: TaskGraph) -> int:
    """Return the least peak over all topological orders."""
    return min(peak_of(graph, order) for order in topological_orders(graph))


def topological_orders(graph: TaskGraph) -> Iterator[tuple[int, ...]]:
    """Yield every order of the tasks in which each tensor is written before it is read."""

    def extend(order: tuple[int, ...], written: frozenset[str]) -> Iterator[tuple[int, ...]]:
        if len(order) == len(graph.tasks):
            yield order
        for index, task in enumerate(graph.tasks):
            if index not in order and set(task.inputs) <= written:
                yield from extend((*order, index), written | set(task.outputs))

    return extend((), frozenset(graph.inputs))


def peak_of(graph: TaskGraph, order: tuple[int, ...]) -> int:
    """Return the peak of one order, from the definition of each tensor's lifetime."""
    tasks = [graph.tasks[index] for index in order]
    peak = sum(graph.size_bytes[tensor] for tensor in graph.inputs)
    for position, task in enumerate(tasks):
        live = task.inner_peak_bytes
        for tensor, size in graph.size_bytes.items():
            births = [at for at, other in enumerate(tasks) if tensor in other.outputs]
            uses = [at for at, other in enumerate(tasks) if tensor in other.inputs]
            first = births[0] if births else 0
            last = max(births + uses, default=-1)
            if tensor in graph.outputs or tensor in graph.kept:
                last = len(tasks)
            if first <= position <= last:
                live += size
        peak = max(peak, live)
    return peak


def step_need_bytes(graph: StepGraph, order: tuple[int, ...]) -> int:
    """Return what the neediest step of one order needs, from the definition of lifetimes."""
    steps = [graph.steps[index] for index in order]
    spans: dict[str, tuple[int, int]] = {}
    for tensor in graph.size_bytes:
        writes = [at for at, step in enumerate(steps) if tensor in step.writes]
        uses = writes + [at for at, step in enumerate(steps) if tensor in step.reads]
        first = 0 if tensor in graph.inputs else min(writes)
        spans[tensor] = (first, len(steps) if tensor in graph.outputs else max(uses, default=-1))
    need = sum(graph.size_bytes[tensor] for tensor in graph.inputs)
    for at, step in enumerate(steps):
        live = [t for t, (first, last) in spans.items() if first <= at <= last]
        shared = 0
        new = [t for t in step.writes if t not in graph.inputs and spans[t][0] == at]
        if new:
            dying = [t for t in step.reads if spans[t][1] == at]
            most = sum((step.shares or {}).get(tensor, 0) for tensor in dying)
            shared = min(sum(graph.size_bytes[tensor] for tensor in new), most)
        total = sum(graph.size_bytes[tensor] for tensor in live)
        need = max(need, total + step.inner_peak_bytes - shared)
    return need
