"""Bounds that no layout can beat, from the buffers that are live together.

Every bound looks at one step. Without exemptions it is the sum of the live bytes (with gaps where
all live buffers are aligned more coarsely than their sizes). With exemptions two bounds hold, and
the larger counts:

- buffers of which no two are exempt lie side by side: the heaviest such set;
- a byte covered k times is covered by at least k - 1 pairs, so the bytes covered are at least the
  sum of the sizes less what each exempt pair can share at most (Bonferroni's inequality).
"""

from itertools import combinations

from fdt_mlir.planner.problem import Buffer, Overlap, Problem

_MAX_EXEMPT_SUBSETS = 10  # 2**10 sets of results per step at most; beyond, one set is looked at


def lower_bound_bytes(problem: Problem) -> int:
    """Bound the arena of `problem` from below, in bytes."""
    bound = (
        max((buffer.pin or 0) + buffer.size_bytes for buffer in problem.buffers)
        if (problem.buffers)
        else 0
    )
    for live in live_sets(problem.buffers):
        bound = max(bound, _step_bound(live, problem.overlaps))
    return bound


def live_sum_bytes(buffers: tuple[Buffer, ...]) -> int:
    """Return the largest sum of bytes live in one step, as if nothing could overlap."""
    return max(
        (sum(buffer.size_bytes for buffer in live) for live in live_sets(buffers)), default=0
    )


def live_sets(buffers: tuple[Buffer, ...]) -> list[tuple[Buffer, ...]]:
    """List the inclusion-maximal sets of buffers that live in a common step, by time.

    A set can only be maximal in a step where some buffer is born and before the next that follows
    a death, so each birth is looked at once.
    """
    births = sorted({buffer.first for buffer in buffers})
    sets = [
        tuple(buffer for buffer in buffers if buffer.first <= step < buffer.last) for step in births
    ]
    kept: list[tuple[Buffer, ...]] = []
    for live, following in zip(sets, [*sets[1:], ()], strict=True):
        if not {buffer.name for buffer in live} <= {buffer.name for buffer in following}:
            kept.append(live)
    return kept


def shareable_bytes(overlap: Overlap, input_bytes: int, output_bytes: int) -> int:
    """Return how many bytes an exempt pair shares at most."""
    if overlap.direction == "same":
        return min(input_bytes, output_bytes)
    # The mirror image shares as much: swap the directions of the address axis.
    ahead_bytes = max(overlap.distance_bytes, 0)
    return max(0, min(input_bytes, output_bytes - ahead_bytes))


def _step_bound(live: tuple[Buffer, ...], overlaps: tuple[Overlap, ...]) -> int:
    sizes = {buffer.name: buffer.size_bytes for buffer in live}
    shared: dict[tuple[str, str], int] = {}
    for overlap in overlaps:
        if overlap.input_name in sizes and overlap.output_name in sizes:
            pair = (overlap.input_name, overlap.output_name)
            most = shareable_bytes(overlap, sizes[pair[0]], sizes[pair[1]])
            shared[pair] = max(shared.get(pair, 0), most)
    exempt = {pair for pair, most in shared.items() if most}
    bonferroni = sum(sizes.values()) - sum(shared.values())
    return max(bonferroni, *(_stacked_bytes(disjoint) for disjoint in _disjoint_sets(live, exempt)))


def _disjoint_sets(live: tuple[Buffer, ...], exempt: set[tuple[str, str]]) -> list[list[Buffer]]:
    """List sets of live buffers without an exempt pair: for each choice of results, the rest."""
    results = sorted({output for _, output in exempt})
    sizes = range(len(results) + 1) if len(results) <= _MAX_EXEMPT_SUBSETS else (0, len(results))
    sets: list[list[Buffer]] = []
    for size in sizes:
        for dropped in combinations(results, size):
            kept = set(results) - set(dropped)
            barred = {source for source, output in exempt if output in kept} | set(dropped)
            # A result may itself be an input of another exemption of the same step.
            sets.append([buffer for buffer in live if buffer.name not in barred])
    return sets


def _stacked_bytes(buffers: list[Buffer]) -> int:
    """Return the least height of buffers stacked in any order, their common alignment kept."""
    filled = [buffer for buffer in buffers if buffer.size_bytes]
    if not filled:
        return 0
    align = min(buffer.align for buffer in filled)
    gaps = [-buffer.size_bytes % align for buffer in filled]
    # Only the topmost buffer needs no gap behind it.
    return sum(buffer.size_bytes for buffer in filled) + sum(gaps) - max(gaps)
