"""How often each buffer is read and written: what decides which memory it deserves."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from fdt_mlir.allocate.iterations import Iterations, Spans
from fdt_mlir.allocate.lifetimes import Lifetimes
from fdt_mlir.kernels.kernel import Kernel, loops_around, read_kernel
from fdt_mlir.kernels.operands import views_of


def accesses_by_buffer(lifetimes: Lifetimes) -> Mapping[str, int]:
    """Count the elements that one inference reads and writes of every buffer.

    Counted is what the kernels compute, element by element: each use of an input by each point of
    the iteration space, each store of a result. That registers and padding save some of it makes
    no difference that matters.
    """
    names = {buffer.value: buffer.name for buffer in lifetimes.buffers}
    # What lasts from call to call is read once in a call, which is as good as never.
    totals = dict.fromkeys([*names.values(), *(state.name for state in lifetimes.state)], 0)
    for step in lifetimes.steps:
        kernel = read_kernel(step.op)
        spans = Iterations(loops_around(step.op)).spans(step.op)
        for operand, view in enumerate(views_of(step.op)):
            if view.base in names:
                totals[names[view.base]] += _accesses(kernel, operand, spans)
    return totals


def _accesses(kernel: Kernel, operand: int, spans: Spans) -> int:
    result = len(kernel.maps) - 1
    used_as = {f"in:{operand}", f"table:{operand}"} if operand != result else {"out"}
    total = _points(spans, range(kernel.result_dims)) if operand == result else 0
    for stage in kernel.stages:
        inner = sum(arg in used_as for arg in stage.args)
        start = sum(arg in used_as for arg in stage.init_args)
        total += inner * _points(spans, {*stage.over, *stage.reduces})
        total += start * _points(spans, stage.over)
    return total


def _points(spans: Spans, dims: range | set[int] | tuple[int, ...]) -> int:
    """Points of some loops, over all iterations."""
    lengths = [np.maximum(spans[dim][1] - spans[dim][0], 0) for dim in dims]
    return int(math.prod(lengths, start=np.ones_like(spans[0][0])).sum()) if spans else 1
