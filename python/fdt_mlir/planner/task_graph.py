"""What the order planner is asked: tasks, the tensors between them, and what stays live."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Task:
    """One step. While it runs, its inputs, its outputs and `inner_peak_bytes` more are live.

    `shared_bytes` of its outputs lie in inputs that die in it; these inputs must die in this task
    in every order.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    inner_peak_bytes: int = 0
    shared_bytes: int = 0

    @property
    def extra_bytes(self) -> int:
        """Bytes live while it runs beyond its inputs and outputs; negative where these overlap."""
        return self.inner_peak_bytes - self.shared_bytes


@dataclass(frozen=True)
class TaskGraph:
    """Tasks in file order, and the bytes of every tensor.

    `inputs` are live from the start until their last use, those in `kept` until the end; an input
    that nobody reads is live before the first step only. `outputs` are live from their task to
    the end (an output that is also an input, from start to end). Any other tensor is live from
    its task to its last use, at least during its task.

    Raises ValueError where tensors are unknown or written twice, sizes are negative, or the tasks
    depend on each other in a circle.
    """

    tasks: tuple[Task, ...]
    size_bytes: Mapping[str, int]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_names(self)
        _check_sizes(self)
        _check_acyclic(self)

    @cached_property
    def producer(self) -> dict[str, int]:
        """Index of the task that writes a tensor; graph inputs have none."""
        return {tensor: index for index, task in enumerate(self.tasks) for tensor in task.outputs}

    @cached_property
    def consumers(self) -> dict[str, tuple[int, ...]]:
        """Indices of the tasks that read a tensor, ascending, for every tensor."""
        readers: dict[str, list[int]] = {tensor: [] for tensor in self.size_bytes}
        for index, task in enumerate(self.tasks):
            for tensor in dict.fromkeys(task.inputs):
                readers[tensor].append(index)
        return {tensor: tuple(indices) for tensor, indices in readers.items()}

    @cached_property
    def predecessors(self) -> tuple[frozenset[int], ...]:
        """For every task, the tasks whose outputs it reads."""
        return tuple(
            frozenset(self.producer[tensor] for tensor in task.inputs if tensor in self.producer)
            for task in self.tasks
        )

    @cached_property
    def lasting(self) -> frozenset[str]:
        """Tensors that stay live to the end."""
        return frozenset(self.outputs) | frozenset(self.kept)


def step_bytes(graph: TaskGraph, order: Sequence[int]) -> list[int]:
    """Return the bytes live in every step when the tasks run in `order`."""
    left = {tensor: len(readers) for tensor, readers in graph.consumers.items()}
    live = {tensor for tensor in graph.inputs if left[tensor] or tensor in graph.lasting}
    totals: list[int] = []
    for index in order:
        task = graph.tasks[index]
        live |= set(task.outputs)
        totals.append(sum(graph.size_bytes[tensor] for tensor in live) + task.extra_bytes)
        for tensor in set(task.inputs):
            left[tensor] -= 1
        live = {tensor for tensor in live if left[tensor] or tensor in graph.lasting}
    return totals


def _check_names(graph: TaskGraph) -> None:
    repeated = [
        name for name, count in Counter(task.name for task in graph.tasks).items() if count > 1
    ]
    if repeated:
        raise ValueError(f"task names are not unique: {', '.join(sorted(repeated))}")
    written = Counter(tensor for task in graph.tasks for tensor in task.outputs)
    written.update(set(graph.inputs))
    twice = [tensor for tensor, count in written.items() if count > 1]
    if twice:
        raise ValueError(f"tensors are written more than once: {', '.join(sorted(twice))}")
    read = {tensor for task in graph.tasks for tensor in task.inputs}
    unwritten = (read | set(graph.outputs)) - set(written)
    if unwritten:
        raise ValueError(f"tensors are never written: {', '.join(sorted(unwritten))}")
    foreign = set(graph.kept) - set(graph.inputs)
    if foreign:
        raise ValueError(f"kept tensors are not graph inputs: {', '.join(sorted(foreign))}")
    unsized = set(written) - set(graph.size_bytes)
    if unsized:
        raise ValueError(f"tensors have no size: {', '.join(sorted(unsized))}")


def _check_sizes(graph: TaskGraph) -> None:
    for tensor, size in graph.size_bytes.items():
        if size < 0:
            raise ValueError(f"tensor {tensor}: size {size} B is negative")
    for task in graph.tasks:
        if task.inner_peak_bytes < 0:
            raise ValueError(f"task {task.name}: inner peak {task.inner_peak_bytes} B is negative")
        written = sum(graph.size_bytes[tensor] for tensor in task.outputs)
        if not 0 <= task.shared_bytes <= written:
            raise ValueError(
                f"task {task.name}: {task.shared_bytes} B of outputs of {written} B cannot be"
                " shared"
            )


def _check_acyclic(graph: TaskGraph) -> None:
    done: set[int] = set()
    pending = set(range(len(graph.tasks)))
    while pending:
        ready = {index for index in pending if graph.predecessors[index] <= done}
        if not ready:
            names = ", ".join(graph.tasks[index].name for index in sorted(pending))
            raise ValueError(f"tasks depend on each other in a circle, among: {names}")
        done |= ready
        pending -= ready
