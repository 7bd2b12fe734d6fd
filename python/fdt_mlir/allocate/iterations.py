"""The index arithmetic of tile loops, evaluated for all iterations at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.allocate.lifetimes import loop_bounds
from fdt_mlir.attributes import integer
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import bounds_of, loops_around, read_kernel
from fdt_mlir.normalize.structured import producer

Numbers = NDArray[np.int64]
Spans = list[tuple[Numbers, Numbers]]

_SCALAR = {
    "arith.addi": np.add,
    "arith.subi": np.subtract,
    "arith.muli": np.multiply,
    "arith.divsi": np.floor_divide,  # of what is not negative
    "arith.minsi": np.minimum,
    "arith.maxsi": np.maximum,
}


class Iterations:
    """The values of index arithmetic in all iterations of nested loops, in the order they run.

    `loops` has the outermost first; without any there is one iteration.
    """

    def __init__(self, loops: Sequence[ir.Operation]):
        self._loops = loops
        ranges = [np.arange(*loop_bounds(loop), dtype=np.int64) for loop in loops]
        grids = [grid.reshape(-1) for grid in np.meshgrid(*ranges, indexing="ij")]
        self.count = len(grids[0]) if grids else 1
        arguments = [loop.regions[0].blocks[0].arguments[0] for loop in loops]
        self._known: dict[ir.Value, Numbers] = dict(zip(arguments, grids, strict=True))

    def spans(self, call: ir.Operation) -> Spans:
        """First position and end of every loop of a kernel call, by iteration.

        A call that stands before inner loops runs in the first iteration of those.
        """
        kernel = read_kernel(call)
        bounds = [self.value(bound) for bound in bounds_of(call)]
        whole = np.zeros(self.count, dtype=np.int64)
        runs = self._runs(call)
        spans = [(whole, np.where(runs, extent, 0)) for extent in kernel.dims]
        for number, dim in enumerate(kernel.slices):
            begin, end = bounds[2 * number], bounds[2 * number + 1]
            spans[dim] = (begin, np.where(runs, end, begin))
        return spans

    def _runs(self, call: ir.Operation) -> NDArray[np.bool_]:
        """In which iterations a call runs."""
        runs = np.ones(self.count, dtype=np.bool_)
        around = loops_around(call)
        for loop in self._loops:
            if loop not in around:
                counter = self._known[loop.regions[0].blocks[0].arguments[0]]
                runs &= counter == loop_bounds(loop)[0]
        return runs

    def value(self, value: ir.Value) -> Numbers:
        if value not in self._known:
            self._known[value] = self._compute(value)
        return self._known[value]

    def _compute(self, value: ir.Value) -> Numbers:
        op = producer(value)
        assert op is not None, "tile loops compute with their own index"
        if op.name == "arith.constant":
            return np.full(self.count, integer(op, "value"), dtype=np.int64)
        operands = [self.value(operand) for operand in op.operands]
        return _SCALAR[op.name](operands[0], operands[1])
