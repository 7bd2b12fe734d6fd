"""What each iteration of a tile loop reads and writes, from the loop's own index arithmetic.

A stream reads its input row by row and writes its result row by row, so the result may trail
through the dying input: an iteration may overwrite what no later one reads.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.allocate.lifetimes import loop_bounds
from fdt_mlir.attributes import integer
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.access import access_of
from fdt_mlir.kernels.build_row_loops import STREAM_END
from fdt_mlir.kernels.kernel import Kernel, bounds_of, kernel_calls, read_kernel
from fdt_mlir.kernels.operands import View, views_of
from fdt_mlir.kernels.traversal import NOTHING, Reach, forward_distance, span_bounds
from fdt_mlir.normalize.structured import element_bytes, producer, shape_of, without_units

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


def loop_distance(loop: ir.Operation, source: ir.Value, target: ir.Value) -> int | None:
    """How far below a dying input a buffer that a tile loop writes has to start, in bytes.

    None where it may not overlap: the loop is no stream or part of another one, it does not read
    the input, or reads it anywhere at any time, or under another shape.
    """
    calls = kernel_calls(loop)
    is_inner = loop.parent is not None and loop.parent.operation.name == "scf.for"
    if is_inner or not any(STREAM_END in call.attributes for call in calls):
        return None
    iterations = _Iterations(loop)
    lowest_read = np.full(iterations.count + 1, NOTHING, dtype=np.int64)
    last_written: Numbers | None = None
    for call in calls:
        kernel, views, spans = read_kernel(call), views_of(call), iterations.spans(call)
        if views[-1].base == source:
            return None  # a tensor of the loop's own, not its input
        for operand, view in enumerate(views[:-1]):
            if view.base != source:
                continue
            if not kernel.maps[operand].results or not _is_whole(view):
                return None
            low = span_bounds(_reach(kernel, view, operand), spans)[0]
            # What is read in the same iteration, but not before the write, counts as later.
            is_later = last_written is not None or views[-1].base == target
            part = lowest_read[1:] if is_later else lowest_read[:-1]
            np.minimum(part, low, out=part)
        if views[-1].base == target:
            if last_written is not None or not _is_whole(views[-1]):
                return None  # a part of a tensor that exists before
            last_written = _last_written(kernel, views[-1], spans)
    return None if last_written is None else forward_distance(lowest_read, last_written)


def _last_written(kernel: Kernel, view: View, spans: Spans) -> Numbers:
    """The last byte that each iteration writes; of a part of a tensor or ring all of it."""
    result = len(kernel.maps) - 1
    highest = span_bounds(_reach(kernel, view, result), spans)[1]
    is_part = any(operand == result for operand, _, _ in (*kernel.rings, *kernel.windows))
    size = math.prod(view.shape) * element_bytes(view.element_type)
    return np.where(highest >= 0, size - 1, highest) if is_part else highest


def _is_whole(view: View) -> bool:
    """Whether a view shows all of its buffer, unit extents aside."""
    return without_units(view.shape) == without_units(shape_of(view.base))


def _reach(kernel: Kernel, view: View, operand: int) -> Reach:
    width = element_bytes(view.element_type)
    access = access_of(kernel.maps[operand], view.shape, view.strides)
    return Reach(operand, access, width, view.offset * width)


class _Iterations:
    """The values of index arithmetic in all iterations of a loop at once."""

    def __init__(self, loop: ir.Operation):
        low, high, step = loop_bounds(loop)
        values = np.arange(low, high, step, dtype=np.int64)
        self.count = len(values)
        self._known: dict[ir.Value, Numbers] = {loop.regions[0].blocks[0].arguments[0]: values}

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
