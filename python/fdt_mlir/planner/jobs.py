"""Tasks as jobs with fixed costs: what every order solver works on.

A job raises the live bytes to `peak_bytes` above the level before it, and leaves them `net_bytes`
above it (below, when negative). Costs are fixed, whatever the order: a tensor dies in its last
consumer where every order has the same one; where several may be last, its death becomes a job
of its own, after all of them. Least peak memory is thereby *scheduling to minimize the maximum
cumulative cost* under precedence constraints (Abdel-Wahab and Kameda, Operations Research 26,
1978): NP-hard in general, polynomial for series-parallel constraints.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fdt_mlir.planner.task_graph import TaskGraph


@dataclass(frozen=True)
class Job:
    """A run of tasks (indices, in order), or the death of a tensor (no task)."""

    peak_bytes: int
    net_bytes: int
    tasks: tuple[int, ...]

    def then(self, following: "Job") -> "Job":
        """Return this job and `following` as one."""
        return Job(
            max(self.peak_bytes, self.net_bytes + following.peak_bytes),
            self.net_bytes + following.net_bytes,
            self.tasks + following.tasks,
        )

    @property
    def urgency(self) -> tuple[int, int]:
        """Rank of the job among jobs free of constraints: the least runs first.

        Jobs that free bytes go first, those of least peak leading; then the others, in the order
        that would be best backwards in time (ibid., theorem 1).
        """
        if self.net_bytes <= 0:
            return (0, self.peak_bytes)
        return (1, self.net_bytes - self.peak_bytes)


@dataclass(frozen=True)
class JobGraph:
    """Jobs, and for each the set of jobs before it and after it (direct or not) as bit masks."""

    jobs: tuple[Job, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    start_bytes: int

    def run(self, done: int, level_bytes: int, job: int, /) -> tuple[int, int]:
        """Return the peak of a job and the level after it, whatever is done: costs are fixed."""
        costs = self.jobs[job]
        return level_bytes + costs.peak_bytes, level_bytes + costs.net_bytes


def bits(mask: int) -> Iterator[int]:
    """Yield the positions of the bits set in `mask`, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def mask_of(positions: Iterable[int]) -> int:
    """Return the mask with exactly these bits set."""
    mask = 0
    for position in positions:
        mask |= 1 << position
    return mask


def transitive_masks(predecessors: Sequence[Iterable[int]]) -> tuple[list[int], list[int]]:
    """Return all that come before and all that come after each node of an acyclic graph."""
    before: list[int | None] = [None] * len(predecessors)
    for root in range(len(predecessors)):
        stack = [root]
        while stack:
            node = stack[-1]
            waiting = [previous for previous in predecessors[node] if before[previous] is None]
            stack += waiting
            if waiting:
                continue
            stack.pop()
            mask = 0
            for previous in predecessors[node]:
                mask |= (before[previous] or 0) | 1 << previous
            before[node] = mask
    masks = [mask or 0 for mask in before]
    after = [0] * len(masks)
    for node, mask in enumerate(masks):
        for previous in bits(mask):
            after[previous] |= 1 << node
    return masks, after


def jobs_of(graph: TaskGraph) -> JobGraph:
    """Express the tasks of `graph` as jobs; job i is task i, deaths of tensors follow."""
    count = len(graph.tasks)
    before, _ = transitive_masks(graph.predecessors)
    peaks = [task.extra_bytes for task in graph.tasks]
    nets = [0] * count
    deaths: list[Job] = []
    predecessors: list[Iterable[int]] = list(graph.predecessors)
    start = sum(
        graph.size_bytes[tensor] for tensor in graph.inputs if not _is_unread(graph, tensor)
    )
    for tensor, readers in graph.consumers.items():
        size = graph.size_bytes[tensor]
        if tensor in graph.producer:
            peaks[graph.producer[tensor]] += size
            nets[graph.producer[tensor]] += size
        if tensor in graph.lasting:
            continue
        if not readers:
            if tensor in graph.producer:
                nets[graph.producer[tensor]] -= size
            continue
        earlier = 0
        for reader in readers:
            earlier |= before[reader]
        last = [reader for reader in readers if not earlier >> reader & 1]
        if len(last) == 1:
            nets[last[0]] -= size
        else:
            deaths.append(Job(0, -size, ()))
            predecessors.append(last)
    jobs = [Job(peak, net, (i,)) for i, (peak, net) in enumerate(zip(peaks, nets, strict=True))]
    before, after = transitive_masks(predecessors)
    return JobGraph((*jobs, *deaths), tuple(before), tuple(after), start)


def _is_unread(graph: TaskGraph, tensor: str) -> bool:
    return not graph.consumers[tensor] and tensor not in graph.lasting


def entry_bytes(graph: TaskGraph) -> int:
    """Return the bytes live before the first step: all graph inputs, read or not."""
    return sum(graph.size_bytes[tensor] for tensor in graph.inputs)
