"""What is asked and answered where buffers are spread over several memories."""

from collections.abc import Mapping
from dataclasses import dataclass

from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Problem


@dataclass(frozen=True)
class Memory:
    """A memory with room for an arena of `capacity_bytes`."""

    name: str
    capacity_bytes: int


@dataclass(frozen=True)
class MemoryProblem:
    """Buffers to spread over `memories`, the fastest first.

    `accesses` counts, by buffer, how many elements are read and written.
    """

    problem: Problem
    memories: tuple[Memory, ...]
    accesses: Mapping[str, int]

    @property
    def capacity_bytes(self) -> int:
        """What all memories hold together."""
        return sum(memory.capacity_bytes for memory in self.memories)


@dataclass(frozen=True)
class MemoryPlan:
    """The number of the memory of every buffer, and the plan of every memory."""

    memory_of: Mapping[str, int]
    plans: tuple[Plan, ...]


@dataclass(frozen=True)
class Misfit:
    """No plan was found: `buffer` finds no room, and everything together needs `bound_bytes`.

    Where the bound exceeds the capacity of all memories, no plan exists.
    """

    buffer: Buffer
    bound_bytes: int


def accesses_by_memory(question: MemoryProblem, memory_of: Mapping[str, int]) -> list[int]:
    """Sum the accesses to the buffers of each memory."""
    totals = [0] * len(question.memories)
    for name, number in memory_of.items():
        totals[number] += question.accesses[name]
    return totals
