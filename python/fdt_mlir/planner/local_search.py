"""Improve a first-fit layout by changing the order in which the buffers are placed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from fdt_mlir.planner.greedy import Neighbourhood, arena_of, first_fit
from fdt_mlir.planner.problem import Offset


@dataclass(frozen=True)
class LocalSearchResult:
    """The best layout seen, offsets by index, and its arena."""

    offsets: list[Offset]
    arena_bytes: int


def local_search(
    neighbourhood: Neighbourhood, order: Sequence[int], lower_bound_bytes: int, rounds: int
) -> LocalSearchResult:
    """Place buffers of the top of the arena earlier, for `rounds` rounds or until the bound.

    Each round moves one buffer among those that end highest to an earlier place of the order, and
    keeps the new order where the arena is no larger. The generator is seeded: same problem, same
    layout.
    """
    problem = neighbourhood.problem
    random = Random(0)
    current = list(order)
    offsets = first_fit(neighbourhood, current)
    best = LocalSearchResult(offsets, arena_of(problem, offsets))
    for _ in range(rounds):
        if best.arena_bytes <= lower_bound_bytes:
            break
        ends = [
            offset + buffer.size_bytes
            for offset, buffer in zip(best.offsets, problem.buffers, strict=True)
        ]
        highest = sorted(range(len(ends)), key=lambda index: (-ends[index], index))
        moved = highest[min(int(random.expovariate(0.5)), len(highest) - 1)]
        candidate = [index for index in current if index != moved]
        candidate.insert(random.randint(0, current.index(moved)), moved)
        offsets = first_fit(neighbourhood, candidate)
        arena = arena_of(problem, offsets)
        if arena <= best.arena_bytes:
            current, best = candidate, LocalSearchResult(offsets, arena)
    return best
