"""Which results may overlap an input that dies in the call, and which way the kernel then runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from fdt_mlir.allocate.lifetimes import Lifetimes, LiveBuffer
from fdt_mlir.allocate.tile_loops import loop_distance
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.access import access_of
from fdt_mlir.kernels.kernel import Kernel, read_kernel
from fdt_mlir.kernels.operands import View, views_of
from fdt_mlir.kernels.traversal import Distances, Reach, overlap_distances
from fdt_mlir.normalize.structured import element_bytes
from fdt_mlir.planner.problem import Offset, Overlap


@dataclass(frozen=True)
class Ends:
    """A buffer by name and size: one end of a pair that may overlap."""

    name: str
    size_bytes: int


def exemptions(
    source: Ends, result: Ends, distances: Distances, only_forward: bool, steps: int = 1
) -> list[Overlap]:
    """What the planner may do with a result and an input that dies in the call writing it.

    A call runs in one direction, so with several dying inputs only the usual one is offered.
    `steps` is 1 for a call, the length of the body for a loop.
    """
    forward = Overlap(source.name, result.name, "forward", distances.forward_bytes, steps)
    if only_forward:
        return [forward]
    # The planner compares ends for the reverse direction, not starts.
    growth = result.size_bytes - source.size_bytes
    reverse = Overlap(source.name, result.name, "reverse", distances.reverse_bytes + growth)
    return [forward, reverse]


def distances_by_base(
    kernel: Kernel, views: Sequence[View], is_memory: Callable[[ir.Value], bool]
) -> dict[ir.Value, Distances]:
    """How far the result of a call has to keep from each buffer that the call reads.

    Left out are buffers of which the call may read any element at any time, and the one that it
    writes. `is_memory` says which bases are buffers.
    """
    if kernel.slices or kernel.windows or kernel.rings:
        return {}  # a part of a tensor: the next iteration of its loop reads on
    write = _reach(kernel, views, len(views) - 1)
    bases = dict.fromkeys(view.base for view in views[:-1] if is_memory(view.base))
    found: dict[ir.Value, Distances] = {}
    for base in bases:
        reads = _reads(kernel, views, base)
        if base != views[-1].base and reads is not None:
            found[base] = overlap_distances(kernel, reads, write)
    return found


def _reads(kernel: Kernel, views: Sequence[View], source: ir.Value) -> list[Reach] | None:
    """How a call reads a buffer; None where it may read any element at any time."""
    operands = [n for n, view in enumerate(views[:-1]) if view.base == source]
    tables = {f"table:{operand}" for operand in operands}
    if any(tables & {*stage.args, *stage.init_args} for stage in kernel.stages):
        return None
    return [_reach(kernel, views, operand) for operand in operands]


def _reach(kernel: Kernel, views: Sequence[View], operand: int) -> Reach:
    view = views[operand]
    width = element_bytes(view.element_type)
    access = access_of(kernel.maps[operand], view.shape, view.strides)
    return Reach(operand, access, width, view.offset * width)


@dataclass(frozen=True)
class DyingInput:
    """A pair of buffers that meet in one call or loop, which reads one and writes the other.

    `call` is None for a loop, which runs in one direction only.
    """

    call: ir.Operation | None
    source: LiveBuffer
    result: LiveBuffer
    distances: Distances
    only_forward: bool
    steps: int = 1

    def overlaps(self) -> list[Overlap]:
        """The exemptions of this pair, as the planner wants them."""
        source = Ends(self.source.name, self.source.size_bytes)
        result = Ends(self.result.name, self.result.size_bytes)
        return exemptions(source, result, self.distances, self.only_forward, self.steps)

    def runs_backwards(self, arena_of: Mapping[str, int], offsets: Mapping[str, Offset]) -> bool:
        """Whether the planned places are legal only if the kernel runs backwards."""
        if self.only_forward or arena_of[self.source.name] != arena_of[self.result.name]:
            return False
        source, result = offsets[self.source.name], offsets[self.result.name]
        disjoint = (
            result + self.result.size_bytes <= source or source + self.source.size_bytes <= result
        )
        return not disjoint and result > source - self.distances.forward_bytes


def dying_inputs(lifetimes: Lifetimes) -> list[DyingInput]:
    """All pairs of an input that dies in a call or loop and the result that is born in it."""
    return [*_dying_in_calls(lifetimes), *_dying_in_loops(lifetimes)]


def _dying_in_loops(lifetimes: Lifetimes) -> list[DyingInput]:
    pairs: list[DyingInput] = []
    for loop in lifetimes.loops:
        ending = [b for b in lifetimes.buffers if b.last == loop.last and not b.outlives]
        born = [b for b in lifetimes.buffers if loop.first <= b.first < loop.last]
        for source, target in product(ending, born):
            distance = loop_distance(loop.op, source.value, target.value)
            if distance is not None:
                steps = loop.last - target.first
                pairs.append(DyingInput(None, source, target, Distances(distance, 0), True, steps))
    return pairs


def _dying_in_calls(lifetimes: Lifetimes) -> list[DyingInput]:
    """Calls inside tile loops are left out: their operands are read in the next iteration again."""
    by_value = {buffer.value: buffer for buffer in lifetimes.buffers}
    pairs: list[DyingInput] = []
    for number, step in enumerate(lifetimes.steps):
        views = views_of(step.op)
        result = by_value.get(views[-1].base)
        if result is None or _is_in_loop(step.op) or result.first != number:
            continue
        dying = {
            buffer.value
            for buffer in lifetimes.buffers
            if buffer.last == number + 1 and not buffer.outlives
        }
        found = distances_by_base(read_kernel(step.op), views, dying.__contains__)
        pairs += [
            DyingInput(step.op, by_value[base], result, distances, len(found) > 1)
            for base, distances in found.items()
        ]
    return pairs


def _is_in_loop(op: ir.Operation) -> bool:
    return op.parent is not None and op.parent.operation.name == "scf.for"
