"""Which results may overlap an input that dies in the call, and which way the kernel then runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fdt_mlir.allocate.lifetimes import Lifetimes, LiveBuffer
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.access import access_of
from fdt_mlir.kernels.kernel import Kernel, read_kernel
from fdt_mlir.kernels.operands import View, views_of
from fdt_mlir.kernels.traversal import Distances, Reach, overlap_distances
from fdt_mlir.normalize.structured import element_bytes
from fdt_mlir.planner.problem import Offset, Overlap


@dataclass(frozen=True)
class DyingInput:
    """A pair of buffers that meet in one call: the input's last reader writes the result."""

    call: ir.Operation
    source: LiveBuffer
    result: LiveBuffer
    distances: Distances
    only_forward: bool

    def overlaps(self) -> list[Overlap]:
        """The exemptions of this pair, as the planner wants them."""
        names = (self.source.name, self.result.name)
        forward = Overlap(*names, "forward", self.distances.forward_bytes)
        if self.only_forward:
            return [forward]
        # The planner compares ends for the reverse direction, not starts.
        growth = self.result.size_bytes - self.source.size_bytes
        return [forward, Overlap(*names, "reverse", self.distances.reverse_bytes + growth)]

    def runs_backwards(self, offsets: Mapping[str, Offset]) -> bool:
        """Whether the planned places are legal only if the kernel runs backwards."""
        source, result = offsets[self.source.name], offsets[self.result.name]
        disjoint = (
            result + self.result.size_bytes <= source or source + self.source.size_bytes <= result
        )
        return not disjoint and result > source - self.distances.forward_bytes


def dying_inputs(lifetimes: Lifetimes) -> list[DyingInput]:
    """All pairs of an input that dies in a call and the result that is born in it.

    Calls inside tile loops are left out: their operands are read again in the next iteration.
    """
    by_value = {buffer.value: buffer for buffer in lifetimes.buffers}
    pairs: list[DyingInput] = []
    for number, step in enumerate(lifetimes.steps):
        kernel = read_kernel(step.op)
        if kernel.slices or kernel.windows or kernel.rings or _is_in_loop(step.op):
            continue
        views = views_of(step.op)
        result = by_value[views[-1].base]
        sources = [
            buffer
            for buffer in dict.fromkeys(by_value.get(view.base) for view in views[:-1])
            if buffer is not None and buffer.last == number + 1 and buffer != result
        ]
        if result.first != number:
            continue
        for source in sources:
            reads = _reads(kernel, views, source)
            if reads is not None:
                distances = overlap_distances(kernel, reads, _reach(kernel, views, len(views) - 1))
                pairs.append(DyingInput(step.op, source, result, distances, len(sources) > 1))
    return pairs


def _is_in_loop(op: ir.Operation) -> bool:
    return op.parent is not None and op.parent.operation.name == "scf.for"


def _reads(kernel: Kernel, views: list[View], source: LiveBuffer) -> list[Reach] | None:
    """How a call reads a buffer; None where it may read any element at any time."""
    operands = [n for n, view in enumerate(views[:-1]) if view.base == source.value]
    tables = {f"table:{operand}" for operand in operands}
    if any(tables & {*stage.args, *stage.init_args} for stage in kernel.stages):
        return None
    return [_reach(kernel, views, operand) for operand in operands]


def _reach(kernel: Kernel, views: list[View], operand: int) -> Reach:
    view = views[operand]
    width = element_bytes(view.element_type)
    access = access_of(kernel.maps[operand], view.shape, view.strides)
    return Reach(operand, access, width, view.offset * width)
