"""What the layout planner answers: offsets, and what is proved about them."""

from collections.abc import Mapping
from dataclasses import dataclass

from fdt_mlir.planner.problem import Offset


@dataclass(frozen=True)
class Plan:
    """Offsets of all buffers by name, in an arena of `arena_bytes`.

    No layout of the problem needs fewer than `lower_bound_bytes`. `proved_optimal` says that the
    arena is the least possible; `solver` names what found the layout.
    """

    offsets: Mapping[str, Offset]
    arena_bytes: int
    lower_bound_bytes: int
    proved_optimal: bool
    solver: str

    @property
    def gap_bytes(self) -> int:
        """Bytes by which the arena could at most shrink."""
        return self.arena_bytes - self.lower_bound_bytes
