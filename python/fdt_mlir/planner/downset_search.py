"""Least peak over all orders of a graph of jobs, by best-first search over sets of done jobs.

States are downward-closed sets of jobs; the live bytes depend on the set only, so each set is
expanded once (dynamic programming). A job that frees bytes, or leaves them as they are, without
exceeding the peak already certain is run at once: doing it later helps nobody. States come in
order of their peak, so the first complete one is optimal, and the peak of the least state left is
a lower bound at any time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush, nsmallest
from itertools import count
from typing import Protocol

from fdt_mlir.planner.jobs import bits, mask_of


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
class SearchLimits:
    """Counts that bound the search; the same counts give the same order on every machine.

    Where `states` sets have been expanded, or `trials` jobs tried in them, a beam search follows
    of `beam_width` sets per length. It tries about `beam_trials` jobs: where many are at hand, the
    beam is narrower.
    """

    states: int = 50_000
    beam_width: int = 100
    trials: int = 500_000
    beam_trials: int = 100_000


@dataclass(frozen=True)
class _State:
    done: int
    ready: int
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


def downset_search(graph: Costs, lower_bound_bytes: int, limits: SearchLimits) -> DownsetResult:
    """Search until an order is proved best or a limit is reached.

    In the second case the best order comes from a beam search.
    """
    search = _Search(graph, lower_bound_bytes)
    start = search.start()
    heap = _Heap(lower_bound_bytes)
    heap.push(start)
    best_peaks = {start.done: start.peak_bytes}
    states = 0
    while heap.entries:
        bound, state = heap.pop()
        if state.peak_bytes > best_peaks[state.done]:
            continue  # the same set was reached at a lower peak meanwhile
        if not state.ready:
            return DownsetResult(state.order(), bound, bound, states)
        if states == limits.states or search.trials >= limits.trials:
            peak, order = _beam_search(search, limits)
            return DownsetResult(order, peak, bound, states)
        states += 1
        for following in search.followers(state, bound):
            rival_bytes = best_peaks.get(following.done)
            if rival_bytes is None or following.peak_bytes < rival_bytes:
                best_peaks[following.done] = following.peak_bytes
                heap.push(following)
    raise AssertionError("a graph of jobs has no complete order")


class _Search:
    """The moves of a search, and how many jobs were tried in them."""

    def __init__(self, graph: Costs, lower_bound_bytes: int) -> None:
        self._graph = graph
        self.lower_bound_bytes = lower_bound_bytes
        self._next = _next_jobs(graph.before)
        self.jobs = len(graph.before)
        self.trials = 0

    def start(self) -> _State:
        """Return the state in which nothing is done but what costs nothing."""
        ready = mask_of(job for job, before in enumerate(self._graph.before) if not before)
        bytes_ = self._graph.start_bytes
        return self._advance(_State(0, ready, bytes_, bytes_), self.lower_bound_bytes)

    def followers(self, state: _State, bound: int) -> Iterator[_State]:
        """Run each job that may run, and then all that cost nothing at a peak of `bound`."""
        for job in bits(state.ready):
            yield self._advance(self._run(state, job), bound)

    def _advance(self, state: _State, bound: int) -> _State:
        limit = max(bound, state.peak_bytes)
        progress = True
        while progress:
            progress = False
            for job in bits(state.ready):
                peak, level = self._try(state, job)
                if level <= state.level_bytes and peak <= limit:
                    state = self._after(state, job, peak, level)
                    progress = True
                    break
        return state

    def _run(self, state: _State, job: int) -> _State:
        return self._after(state, job, *self._try(state, job))

    def _try(self, state: _State, job: int) -> tuple[int, int]:
        self.trials += 1
        return self._graph.run(state.done, state.level_bytes, job)

    def _after(self, state: _State, job: int, peak: int, level: int) -> _State:
        done = state.done | 1 << job
        ready = state.ready ^ 1 << job
        for following in self._next[job]:
            if not self._graph.before[following] & ~done:
                ready |= 1 << following
        return _State(done, ready, level, max(peak, state.peak_bytes), job, state)


def _next_jobs(before: tuple[int, ...]) -> list[list[int]]:
    """Return for each job those that wait for it and for nothing that waits for it."""
    following: list[list[int]] = [[] for _ in before]
    for job, mask in enumerate(before):
        earlier = 0
        for previous in bits(mask):
            earlier |= before[previous]
        for previous in bits(mask & ~earlier):
            following[previous].append(job)
    return following


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


def _beam_search(search: _Search, limits: SearchLimits) -> tuple[int, tuple[int, ...]]:
    bound = search.lower_bound_bytes
    layer = [search.start()]
    finished: list[_State] = []
    while layer:
        finished += (state for state in layer if not state.ready)
        followers = _layer_after(search, layer, limits.beam_trials // search.jobs)
        layer = nsmallest(
            limits.beam_width,
            followers,
            key=lambda state: (state.peak_bytes, state.level_bytes),
        )
    best = min(finished, key=lambda state: state.peak_bytes)
    return max(best.peak_bytes, bound), best.order()


def _layer_after(search: _Search, layer: list[_State], trials: int) -> Iterable[_State]:
    """Return what follows the sets of `layer`, the best first, as far as the trials go."""
    followers: dict[int, _State] = {}
    last = search.trials + trials
    for state in layer:
        for following in search.followers(state, search.lower_bound_bytes):
            rival = followers.get(following.done)
            if rival is None or following.peak_bytes < rival.peak_bytes:
                followers[following.done] = following
            if search.trials >= last:
                return followers.values()
    return followers.values()
