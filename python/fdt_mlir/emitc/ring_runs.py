"""Dot products over a window that lies in a ring of pixels.

The runs of a row of the window lie side by side, so they are one run, unless the ring begins anew
among them. The next row of the window lies a row of the image further on in the ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.emitc.arithmetic import remainder
from fdt_mlir.emitc.cursor import Bounds
from fdt_mlir.emitc.micro_loops import DotLoops
from fdt_mlir.emitc.statements import Variable, index, local, variable
from fdt_mlir.emitc.types import Range
from fdt_mlir.emitc.values import Value, compare, select
from fdt_mlir.kernels.access import Ring
from fdt_mlir.kernels.loops import Loop


@dataclass(frozen=True)
class RingRuns:
    """A window whose loops are `rows`, if there is more than one, `columns`, and `run` within."""

    dots: DotLoops
    ring: Ring
    rows: Loop | None
    columns: Loop
    run: Loop

    def first_place(self, down: Bounds | None, across: Bounds) -> Variable:
        """Declare where in the ring the window begins."""
        cursor = self.dots.cursor
        if self.rows is not None and down is not None:
            cursor.loop_values[self.rows.first] = down[0]
        cursor.loop_values[self.columns.first] = across[0]
        place = remainder(cursor.position(self.ring.position), self.ring.size)
        return variable("place", place, Range(0, self.ring.size - 1))

    def is_joined(self, place: Value, across: Bounds) -> Value:
        """Whether the row of the window that begins at `place` ends before the ring does."""
        return compare(place + (across[1] - across[0]), "<=", self.ring.size)

    def emit(self, place: Value, across: Bounds, accumulators: Sequence[Variable]) -> None:
        """Write one loop over all runs of a row."""
        cursor, number = self.dots.cursor, self.dots.micro.product.input
        saved = cursor.enter(self.columns, across[0])
        cursor.indices[number] = saved[number] + place * self.ring.stride
        elements = (across[1] - across[0]) * self.run.extent
        self.dots.emit(self.run, (index(0), elements), accumulators, inside=True)
        cursor.leave(self.columns, saved)

    def next_row(self, place: Variable) -> None:
        """Move on to the next row of the window."""
        assert self.rows is not None
        step = self.ring.position.coefficients[self.rows.first] % self.ring.size
        after = local("after", place.get() + step)
        place.set(select(compare(after, "<", self.ring.size), after, after - self.ring.size))


def ring_runs(dots: DotLoops, loops: Sequence[Loop]) -> RingRuns | None:
    """The window over which a reduction runs, if it lies in a ring of pixels in whole quads."""
    if not dots.micro.whole or len(loops) not in (2, 3):
        return None
    *outer, columns, run = loops
    for ring in dots.cursor.body.accesses[dots.micro.product.input].rings():
        steps = ring.position.coefficients
        is_window = steps[columns.last] == 1 and all(steps[each.last] > 0 for each in outer)
        if is_window and ring.stride == run.extent and columns.extent < ring.size:
            return RingRuns(dots, ring, outer[0] if outer else None, columns, run)
    return None
