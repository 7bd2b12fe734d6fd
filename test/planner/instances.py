"""Layout problems that fit a memory to the last byte, by construction.

In the manner of MiniMalloc's challenging benchmarks (Moffitt, ASPLOS 2024): a rectangle of time by
addresses is cut by random guillotine cuts, and every piece is a buffer. The cutting is a layout
without a wasted byte, which the planner has to find again from sizes and lifetimes alone.
"""

from dataclasses import dataclass
from random import Random

from fdt_mlir.planner.problem import Buffer, Problem


@dataclass(frozen=True)
class TightInstances:
    """What to generate. Sizes are multiples of `grain_bytes`, or of one drawn for each cut.

    `holes` is the fraction of pieces left out: the steps without a hole stay full, the others
    have slack. `long_lived` is the chance that a cut is along the time axis, which gives flat,
    long-lived pieces.
    """

    buffers: int
    steps: int = 1024
    capacity_bytes: int = 1 << 20
    grain_bytes: int | None = None
    holes: float = 0.0
    long_lived: float = 0.5

    def generate(self, seed: int) -> Problem:
        """Return the problem of this seed; its live sum reaches the capacity in some step."""
        random = Random(seed)
        pieces = [(0, self.steps, 0, self.capacity_bytes)]
        while len(pieces) < self.buffers:
            areas = [(last - first) * (end - start) for first, last, start, end in pieces]
            index = random.choices(range(len(pieces)), areas)[0]
            pieces += self._cut(pieces.pop(index), random)
        kept = self._with_holes(pieces, random)
        random.shuffle(kept)
        buffers = tuple(
            Buffer(f"b{index}", end - start, first, last)
            for index, (first, last, start, end) in enumerate(kept)
        )
        return Problem(buffers, capacity_bytes=self.capacity_bytes)

    def _cut(
        self, piece: tuple[int, int, int, int], random: Random
    ) -> list[tuple[int, int, int, int]]:
        first, last, start, end = piece
        grain = self.grain_bytes or random.choice([1, 4, 16, 64, 256, 1024])
        if random.random() < self.long_lived and end - start >= 2 * grain:
            cut = start + grain * random.randint(1, (end - start - 1) // grain)
            return [(first, last, start, cut), (first, last, cut, end)]
        if last - first < 2:
            return [piece]
        step = random.randint(first + 1, last - 1)
        return [(first, step, start, end), (step, last, start, end)]

    def _with_holes(
        self, pieces: list[tuple[int, int, int, int]], random: Random
    ) -> list[tuple[int, int, int, int]]:
        full_step = random.randrange(self.steps)  # stays full: the capacity remains the optimum
        kept = [
            piece
            for piece in pieces
            if piece[0] <= full_step < piece[1] or random.random() >= self.holes
        ]
        return kept
