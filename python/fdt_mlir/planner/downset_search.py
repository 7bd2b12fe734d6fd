"""Least peak over all orders of a graph of jobs, by best-first search over sets of done jobs.

States are downward-closed sets of jobs; the live bytes depend on the set only, so each set is
expanded once (dynamic programming). A job that frees bytes, or leaves them as they are, without
exceeding the peak already certain is run at once: doing it later helps nobody. States come in
order of their peak, so the first complete one is optimal, and the peak of the least state left is
a lower bound at any time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush, nsmallest
from itertools import count
from typing import Protocol

from fdt_mlir.planner.jobs import bits


class Costs(Protocol):
    """What a search needs to know of a graph.

    The more is done, the less a job may add to the level and to its peak; running it early is
    then never worse than running it late.
    """

    @property
    def before(self) -> tuple[int, ...]:
        """For each job the mask of those that must be done before it."""
        ...

    @property
    def start_bytes(self) -> int:
        """Live bytes before the first job."""
        ...

    def run(self, done: int, level_bytes: int, job: int, /) -> tuple[int, int]:
        """Return the peak while `job` runs and the level after it, the mask `done` being done."""
        ...


@dataclass(frozen=True)
class DownsetResult:
    """An order of the jobs, its peak, a proved lower bound, and the count of expanded states."""

    order: tuple[int, ...]
    peak_bytes: int
    lower_bound_bytes: int
    states: int


@dataclass(frozen=True)
class _State:
    done: int
    level_bytes: int
    peak_bytes: int
    last_job: int = -1
    previous: "_State | None" = None

    def order(self) -> tuple[int, ...]:
        jobs: list[int] = []
        state = self
        while state.previous is not None:
            jobs.append(state.last_job)
            state = state.previous
        return tuple(reversed(jobs))


def downset_search(
    graph: Costs, lower_bound_bytes: int, max_states: int, beam_width: int
) -> DownsetResult:
    """Search until an order is proved best or `max_states` sets have been expanded.

    In the second case the best order comes from a beam search of `beam_width` sets per length.
    """
    start = _advance(graph, _State(0, graph.start_bytes, graph.start_bytes), lower_bound_bytes)
    everything = (1 << len(graph.before)) - 1
    heap = _Heap(lower_bound_bytes)
    heap.push(start)
    best_peaks = {start.done: start.peak_bytes}
    states = 0
    while heap.entries:
        bound, state = heap.pop()
        if state.peak_bytes > best_peaks[state.done]:
            continue  # the same set was reached at a lower peak meanwhile
        if state.done == everything:
            return DownsetResult(state.order(), bound, bound, states)
        if states == max_states:
            peak, order = _beam_search(graph, lower_bound_bytes, beam_width)
            return DownsetResult(order, peak, bound, states)
        states += 1
        for following in _followers(graph, state, bound):
            rival_bytes = best_peaks.get(following.done)
            if rival_bytes is None or following.peak_bytes < rival_bytes:
                best_peaks[following.done] = following.peak_bytes
                heap.push(following)
    raise AssertionError("a graph of jobs has no complete order")


class _Heap:
    """Open states, the least peak first.

    Among equals the longest comes first, then the lowest level: the search dives where nothing is
    at stake. A running number settles what is left, so the order is total.
    """

    def __init__(self, lower_bound_bytes: int) -> None:
        self.entries: list[tuple[int, int, int, int, _State]] = []
        self._bound = lower_bound_bytes
        self._count = count()

    def push(self, state: _State) -> None:
        peak = max(state.peak_bytes, self._bound)
        key = (peak, -state.done.bit_count(), state.level_bytes, next(self._count))
        heappush(self.entries, (*key, state))

    def pop(self) -> tuple[int, _State]:
        """Return the least state and its peak, which bounds all that are left."""
        peak, *_, state = heappop(self.entries)
        return peak, state


def _ready(graph: Costs, done: int) -> Iterator[int]:
    left = ~done & ((1 << len(graph.before)) - 1)
    for job in bits(left):
        if not graph.before[job] & left:
            yield job


def _run(graph: Costs, state: _State, job: int) -> _State:
    peak, level = graph.run(state.done, state.level_bytes, job)
    return _State(state.done | 1 << job, level, max(peak, state.peak_bytes), job, state)


def _advance(graph: Costs, state: _State, bound: int) -> _State:
    """Run every job that costs nothing at a peak of `bound`."""
    limit = max(bound, state.peak_bytes)
    progress = True
    while progress:
        progress = False
        for job in _ready(graph, state.done):
            following = _run(graph, state, job)
            if following.level_bytes <= state.level_bytes and following.peak_bytes <= limit:
                state = following
                progress = True
                break
    return state


def _followers(graph: Costs, state: _State, bound: int) -> Iterator[_State]:
    for job in _ready(graph, state.done):
        yield _advance(graph, _run(graph, state, job), bound)


def _beam_search(graph: Costs, bound: int, width: int) -> tuple[int, tuple[int, ...]]:
    everything = (1 << len(graph.before)) - 1
    layer = [_advance(graph, _State(0, graph.start_bytes, graph.start_bytes), bound)]
    finished: list[_State] = []
    while layer:
        followers: dict[int, _State] = {}
        for state in layer:
            if state.done == everything:
                finished.append(state)
                continue
            for following in _followers(graph, state, bound):
                rival = followers.get(following.done)
                if rival is None or following.peak_bytes < rival.peak_bytes:
                    followers[following.done] = following
        layer = nsmallest(
            width, followers.values(), key=lambda state: (state.peak_bytes, state.level_bytes)
        )
    best = min(finished, key=lambda state: state.peak_bytes)
    return max(best.peak_bytes, bound), best.order()
