"""When each buffer of a bufferized function is alive."""

from __future__ import annotations

from dataclasses import dataclass

from fdt_mlir.bindings import ir, walk
from fdt_mlir.kernels.kernel import KERNEL_OP, destination_of, inputs_of
from fdt_mlir.kernels.operands import view_of
from fdt_mlir.normalize.structured import element_bytes, producer, tensor_bytes


@dataclass(frozen=True)
class LiveBuffer:
    """A buffer, the value that stands for it, and its half-open lifetime in steps."""

    name: str
    value: ir.Value
    size_bytes: int
    align: int
    first: int
    last: int


@dataclass(frozen=True)
class Step:
    """One step of the function: a kernel call, or a loop of them."""

    name: str
    kind: str
    macs: int
    op: ir.Operation


@dataclass(frozen=True)
class Lifetimes:
    buffers: tuple[LiveBuffer, ...]
    steps: tuple[Step, ...]

    def live_bytes(self, step: int) -> int:
        """Sum of the sizes of all buffers that are alive in a step."""
        return sum(b.size_bytes for b in self.buffers if b.first <= step < b.last)


def lifetimes_of(function: ir.Operation) -> Lifetimes:
    """Find the buffers and steps of a function of one block.

    Inputs live from the first step, outputs to the last. Steps are the top-level operations that
    call kernels.
    """
    block = function.regions[0].blocks[0]
    steps = [step for op in block.operations if (step := _step(op.operation))]
    terminator = list(block.operations)[-1].operation
    spans: dict[ir.Value, tuple[int, int]] = dict.fromkeys(block.arguments, (0, 1))
    for number, step in enumerate(steps):
        for value in _touched(step.op):
            first, last = spans.get(value, (number, number))
            spans[value] = (min(first, number), max(last, number + 1))
    end = max(1, len(steps))
    for value in terminator.operands:
        base = view_of(value).base
        spans[base] = (spans[base][0] if base in spans else 0, end)
    names = _names(function, steps)
    buffers = [
        LiveBuffer(
            names[value], value, tensor_bytes(value), element_bytes(value.type.element_type), *span
        )
        for value, span in spans.items()
        if _is_buffer(value)
    ]
    return Lifetimes(tuple(buffers), tuple(steps))


def _step(op: ir.Operation) -> Step | None:
    calls = [nested for nested in walk(op) if nested.name == KERNEL_OP]
    if not calls:
        return None
    macs = sum(call.attributes["fdt.macs"].value for call in calls)
    first = calls[0]
    if op.name == KERNEL_OP:
        return Step(
            first.attributes["fdt.layer"].value, first.attributes["fdt.kind"].value, macs, op
        )
    return Step(first.attributes["fdt.layer"].value, "loop", macs, op)


def _touched(op: ir.Operation) -> list[ir.Value]:
    """The buffers that a step reads or writes."""
    touched: list[ir.Value] = []
    for call in walk(op):
        if call.name == KERNEL_OP:
            operands = (*inputs_of(call), destination_of(call))
            touched += [view_of(value).base for value in operands]
    return touched


def _is_buffer(value: ir.Value) -> bool:
    op = producer(value)
    return op is None or op.name == "memref.alloc"


def _names(function: ir.Operation, steps: list[Step]) -> dict[ir.Value, str]:
    """Name inputs by number, and every other buffer after the layer that first writes it."""
    arguments = function.regions[0].blocks[0].arguments
    names: dict[ir.Value, str] = {
        argument: f"input_{number}" for number, argument in enumerate(arguments)
    }
    for step in steps:
        for call in walk(step.op):
            if call.name == KERNEL_OP:
                base = view_of(destination_of(call)).base
                names.setdefault(base, call.attributes["fdt.layer"].value)
    return names
