"""What each iteration of a tile loop reads and writes, from the loop's own index arithmetic.

A stream reads its input row by row and writes its result row by row, so the result may trail
through the dying input: an iteration may overwrite what no later one reads.
"""

from __future__ import annotations

import math

import numpy as np

from fdt_mlir.allocate.iterations import Iterations, Numbers, Spans
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.access import access_of
from fdt_mlir.kernels.build_row_loops import STREAM_END
from fdt_mlir.kernels.kernel import Kernel, kernel_calls, loops_around, read_kernel
from fdt_mlir.kernels.operands import View, views_of
from fdt_mlir.kernels.traversal import NOTHING, Reach, forward_distance, span_bounds
from fdt_mlir.normalize.structured import element_bytes, shape_of, without_units


def loop_distance(loop: ir.Operation, source: ir.Value, target: ir.Value) -> int | None:
    """How far below a dying input a buffer that a tile loop writes has to start, in bytes.

    None where it may not overlap: the loop is no stream or part of another one, it does not read
    the input, or reads it anywhere at any time, or under another shape.
    """
    calls = kernel_calls(loop)
    ends = [call for call in calls if STREAM_END in call.attributes]
    if not ends or loops_around(ends[0])[0] != loop:
        return None
    iterations = Iterations(loops_around(ends[0]))
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
