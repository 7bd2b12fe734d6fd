"""Shrink a graph of jobs to its core, exactly and in polynomial time.

Two reductions on the transitive reduction of the precedence graph keep an optimal order (Monma and
Sidney, Mathematics of Operations Research 4, 1979: job modules under a cost with adjacent
interchange):

- series: a node whose only successor has no other predecessor is joined with it;
- parallel: nodes with the same predecessors and successors are merged into one chain.

A node is a chain of jobs in order of rising urgency rank. Where joining breaks that order, the
neighbours become one job: nothing need ever run between them. A series-parallel graph shrinks to
a single node; chains and trees are such graphs. Any other graph shrinks to a core without these
patterns.
"""

from dataclasses import dataclass
from heapq import merge

from fdt_mlir.planner.jobs import Job, JobGraph, bits, transitive_masks

Chain = tuple[Job, ...]


@dataclass
class _Core:
    """The graph as it shrinks: direct neighbours in the transitive reduction, by node."""

    chains: dict[int, Chain]
    predecessors: dict[int, set[int]]
    successors: dict[int, set[int]]

    def join(self, first: int, second: int) -> None:
        """Append node `second` to node `first`, its only predecessor."""
        self.chains[first] = normalized(self.chains[first] + self.chains[second])
        self.successors[first] = self.successors[second]
        for node in self.successors[second]:
            self.predecessors[node].remove(second)
            self.predecessors[node].add(first)
        self._forget(second)

    def merge(self, twins: list[int]) -> None:
        """Merge nodes of equal neighbours into the first of them."""
        kept, *dropped = twins
        self.chains[kept] = tuple(
            merge(*(self.chains[node] for node in twins), key=lambda job: (job.urgency, job.tasks))
        )
        for node in dropped:
            for neighbour in self.predecessors[node]:
                self.successors[neighbour].remove(node)
            for neighbour in self.successors[node]:
                self.predecessors[neighbour].remove(node)
            self._forget(node)

    def _forget(self, node: int) -> None:
        del self.chains[node], self.predecessors[node], self.successors[node]


def normalized(chain: Chain) -> Chain:
    """Join neighbours of a chain until urgency ranks never fall along it."""
    stack: list[Job] = []
    for job in chain:
        while stack and job.urgency < stack[-1].urgency:
            job = stack.pop().then(job)
        stack.append(job)
    return tuple(stack)


def shrink(graph: JobGraph) -> JobGraph:
    """Apply both reductions until neither applies; chains become jobs in series again."""
    core = _transitive_reduction(graph)
    changed = True
    while changed:
        changed = _join_all(core) | _merge_all(core)
    return _expand(core, graph.start_bytes)


def _transitive_reduction(graph: JobGraph) -> _Core:
    successors: dict[int, set[int]] = {}
    predecessors: dict[int, set[int]] = {node: set() for node in range(len(graph.jobs))}
    for node, mask in enumerate(graph.after):
        later = 0
        for other in bits(mask):
            later |= graph.after[other]
        successors[node] = set(bits(mask & ~later))
        for other in successors[node]:
            predecessors[other].add(node)
    chains = {node: (job,) for node, job in enumerate(graph.jobs)}
    return _Core(chains, predecessors, successors)


def _join_all(core: _Core) -> bool:
    changed = False
    for node in list(core.chains):
        while node in core.chains and len(core.successors[node]) == 1:
            (successor,) = core.successors[node]
            if len(core.predecessors[successor]) != 1:
                break
            core.join(node, successor)
            changed = True
    return changed


def _merge_all(core: _Core) -> bool:
    twins: dict[tuple[frozenset[int], frozenset[int]], list[int]] = {}
    for node in core.chains:
        neighbours = (frozenset(core.predecessors[node]), frozenset(core.successors[node]))
        twins.setdefault(neighbours, []).append(node)
    groups = [nodes for nodes in twins.values() if len(nodes) > 1]
    for nodes in groups:
        core.merge(nodes)
    return bool(groups)


def _expand(core: _Core, start_bytes: int) -> JobGraph:
    jobs: list[Job] = []
    last_job: dict[int, int] = {}
    predecessors: list[list[int]] = []
    first_job: dict[int, int] = {}
    for node, chain in core.chains.items():
        first_job[node] = len(jobs)
        predecessors += [[]] + [[index] for index in range(len(jobs), len(jobs) + len(chain) - 1)]
        jobs += chain
        last_job[node] = len(jobs) - 1
    for node, previous in core.predecessors.items():
        predecessors[first_job[node]] += sorted(last_job[other] for other in previous)
    before, after = transitive_masks(predecessors)
    return JobGraph(tuple(jobs), tuple(before), tuple(after), start_bytes)
