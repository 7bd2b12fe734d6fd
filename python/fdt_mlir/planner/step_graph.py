"""Steps that write and read tensors, whose costs depend on what is done before.

A `TaskGraph` has fixed costs. Here, a tensor may be written by several steps, each a part of it:
it is live from the first of them on, whichever that is. And a result may share bytes with an input
that dies in the step, if it does die there: if all other readers come before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fdt_mlir.planner.jobs import bits, mask_of, transitive_masks
from fdt_mlir.planner.task_graph import Task, TaskGraph


@dataclass(frozen=True)
class Step:
    """A step writes tensors, or parts of them; `inner_peak_bytes` more live while it runs.

    `shares` holds, by input, the most bytes of new results that may lie in it if it dies here.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    inner_peak_bytes: int = 0
    shares: Mapping[str, int] | None = None


@dataclass(frozen=True)
class StepGraph:
    """Steps in file order, the bytes of every tensor, and what comes before what.

    `inputs` are live from the start, `outputs` to the end, others from the first step that writes
    them to the last that reads or writes them. `predecessors` names for each step, by index, steps
    that must come before it; it must be free of circles.
    """

    steps: tuple[Step, ...]
    size_bytes: Mapping[str, int]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    predecessors: tuple[frozenset[int], ...]

    @property
    def before(self) -> tuple[int, ...]:
        """For each step the mask of all steps before it in every order."""
        return self._before

    @cached_property
    def _before(self) -> tuple[int, ...]:
        return tuple(transitive_masks(self.predecessors)[0])

    @cached_property
    def writers(self) -> dict[str, int]:
        """For each tensor the mask of the steps that write it."""
        masks = dict.fromkeys(self.size_bytes, 0)
        for index, step in enumerate(self.steps):
            for tensor in step.writes:
                masks[tensor] |= 1 << index
        return masks

    @cached_property
    def users(self) -> dict[str, int]:
        """For each tensor the mask of the steps that read or write it."""
        masks = dict(self.writers)
        for index, step in enumerate(self.steps):
            for tensor in step.reads:
                masks[tensor] |= 1 << index
        return masks

    @cached_property
    def entry_bytes(self) -> int:
        """Bytes of all inputs."""
        return sum(self.size_bytes[tensor] for tensor in self.inputs)

    @property
    def start_bytes(self) -> int:
        """Bytes of the inputs that some step or the caller still needs."""
        needed = (t for t in self.inputs if self.users[t] or t in self.outputs)
        return sum(self.size_bytes[tensor] for tensor in needed)

    def run(self, done: int, level_bytes: int, step: int, /) -> tuple[int, int]:
        """Return the need of a step and the level after it, the steps of mask `done` being done.

        The need is what no layout goes below: all live bytes, less what the new result shares
        with inputs that die.
        """
        effects = self._effects[step]
        grown = 0
        for size_bytes, writers in effects.written:
            if not writers & done:
                grown += size_bytes
        remaining = ~(done | 1 << step)
        died = shared = 0
        for size_bytes, users, shared_bytes in effects.touched:
            if not users & remaining:
                died += size_bytes
                shared += shared_bytes
        peak = level_bytes + grown - min(grown, shared) + effects.inner_peak_bytes
        return peak, level_bytes + grown - died

    @cached_property
    def _effects(self) -> tuple["_Effects", ...]:
        return tuple(self._effects_of(step) for step in self.steps)

    def _effects_of(self, step: Step) -> "_Effects":
        shares = step.shares or {}
        touched = dict.fromkeys((*step.writes, *step.reads))
        return _Effects(
            tuple(
                (self.size_bytes[tensor], self.writers[tensor])
                for tensor in step.writes
                if tensor not in self.inputs
            ),
            tuple(
                (self.size_bytes[tensor], self.users[tensor], shares.get(tensor, 0))
                for tensor in touched
                if tensor not in self.outputs
            ),
            step.inner_peak_bytes,
        )


@dataclass(frozen=True)
class _Effects:
    """What a step does to the live bytes, in numbers: searches ask for it millions of times.

    written: bytes and writers of tensors that may begin here; touched: bytes, users, and bytes that
    may be shared of tensors that may end here.
    """

    written: tuple[tuple[int, int], ...]
    touched: tuple[tuple[int, int, int], ...]
    inner_peak_bytes: int


def needs_bytes(graph: StepGraph, order: Sequence[int]) -> int:
    """Return what the neediest step needs, or the inputs do, when the steps run in `order`."""
    done, level, most = 0, graph.start_bytes, graph.entry_bytes
    for step in order:
        peak, level = graph.run(done, level, step)
        done |= 1 << step
        most = max(most, peak)
    return most


def relaxed(graph: StepGraph) -> TaskGraph:
    """Return a graph of fixed costs of which no order needs more than of `graph`.

    It needs the same where every tensor has one writer and a last reader that is the same in all
    orders. Elsewhere it is generous: a tensor of which several steps may be the last reader
    loses all bytes that one of them may share; one that several steps may begin to write takes no
    bytes before they all are done. The tasks of the steps come first, in their order.
    """
    sizes = dict(graph.size_bytes)
    last = {tensor: _last_user(graph, tensor) for tensor in graph.size_bytes}
    for step in graph.steps:
        for tensor, shared in (step.shares or {}).items():
            if last[tensor] is None:
                sizes[tensor] = min(sizes[tensor], graph.size_bytes[tensor] - shared)
    tasks: list[Task] = []
    joins: list[Task] = []
    first = {tensor: _first_writer(graph, tensor) for tensor in graph.size_bytes}
    for index, step in enumerate(graph.steps):
        fixed = [t for t in step.reads if last[t] == index and t not in graph.outputs]
        new = [t for t in step.writes if first[t] == index]
        grown = sum(sizes[tensor] for tensor in new)
        shares = step.shares or {}
        shared = min(grown, sum(shares.get(tensor, 0) for tensor in fixed))
        # A tensor of which parts are still to come is not read as a whole.
        reads = [t for t in step.reads if t not in step.writes and _is_complete(graph, t, index)]
        after = [f"after {other}" for other in sorted(graph.predecessors[index])]
        outputs = (f"after {index}", *new)
        rewritten = [t for t in step.writes if first[t] not in (None, index) or t in graph.inputs]
        inputs = dict.fromkeys((*reads, *after, *rewritten))
        inner = step.inner_peak_bytes
        tasks.append(Task(str(index), tuple(inputs), outputs, inner, shared))
    for tensor, writers in graph.writers.items():
        if writers and first[tensor] is None and tensor not in graph.inputs:
            after = tuple(f"after {writer}" for writer in bits(writers))
            joins.append(Task(f"join {tensor}", after, (tensor,)))
    sizes |= {f"after {index}": 0 for index in range(len(graph.steps))}
    return TaskGraph((*tasks, *joins), sizes, graph.inputs, graph.outputs)


def _is_complete(graph: StepGraph, tensor: str, step: int) -> bool:
    """Whether all steps that write a tensor come before `step` in every order."""
    return not graph.writers[tensor] & ~graph.before[step]


def _last_user(graph: StepGraph, tensor: str) -> int | None:
    """The step after all others that use a tensor; None where there is none such."""
    users = graph.users[tensor]
    for step in bits(users):
        if not users & ~(graph.before[step] | 1 << step):
            return step
    return None


def _first_writer(graph: StepGraph, tensor: str) -> int | None:
    """The step before all others that write a tensor; None where there is none such."""
    writers = graph.writers[tensor]
    for step in bits(writers):
        if all(graph.before[other] >> step & 1 for other in bits(writers & ~(1 << step))):
            return step
    return None


def file_order(graph: StepGraph) -> tuple[int, ...] | None:
    """The order of the file; None where it breaks a precedence."""
    if any(mask_of(before) >> index for index, before in enumerate(graph.predecessors)):
        return None
    return tuple(range(len(graph.steps)))
