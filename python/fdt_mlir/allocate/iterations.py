"""The index arithmetic of tile loops, evaluated for all iterations at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.allocate.lifetimes import loop_bounds
from fdt_mlir.attributes import integer
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import bounds_of, read_kernel
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
        ranges = [np.arange(*loop_bounds(loop), dtype=np.int64) for loop in loops]
        grids = [grid.reshape(-1) for grid in np.meshgrid(*ranges, indexing="ij")]
        self.count = len(grids[0]) if grids else 1
        arguments = [loop.regions[0].blocks[0].arguments[0] for loop in loops]
        self._known: dict[ir.Value, Numbers] = dict(zip(arguments, grids, strict=True))

    def spans(self, call: ir.Operation) -> Spans:
        """First position and end of every loop of a kernel call, by iteration."""
        kernel = read_kernel(call)
        bounds = [self.value(bound) for bound in bounds_of(call)]
        whole = np.zeros(self.count, dtype=np.int64)
        spans = [(whole, whole + extent) for extent in kernel.dims]
        for number, dim in enumerate(kernel.slices):
            spans[dim] = (bounds[2 * number], bounds[2 * number + 1])
        return spans

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
