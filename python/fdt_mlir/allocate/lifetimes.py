"""When each buffer of a bufferized function is alive."""

from __future__ import annotations

from dataclasses import dataclass

from fdt_mlir.allocate.promises import read_promises
from fdt_mlir.attributes import integer, string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.kernels.kernel import (
    KERNEL_OP,
    destination_of,
    inputs_of,
    kernel_calls,
    require,
)
from fdt_mlir.kernels.operands import view_of
from fdt_mlir.normalize.names import unique_name
from fdt_mlir.normalize.structured import element_bytes, element_type, producer, tensor_bytes
from fdt_mlir.passes import op_error
from fdt_mlir.planner.problem import Buffer, Offset


@dataclass(frozen=True)
class LiveBuffer:
    """A buffer, the value that stands for it, and its half-open lifetime in steps.

    What a caller reads afterwards, an output or an input to be kept, outlives the last step.
    `pin` fixes the place, `home` the memory.
    """

    name: str
    value: ir.Value
    size_bytes: int
    align: int
    first: int
    last: int
    outlives: bool = False
    pin: Offset | None = None
    home: int | None = None


@dataclass(frozen=True)
class Step:
    """One step of the function: a kernel call, perhaps inside tile loops.

    `macs` counts all iterations.
    """

    name: str
    kind: str
    macs: int
    op: ir.Operation


@dataclass(frozen=True)
class Lifetimes:
    """The buffers of a function and the steps that use them, in program order.

    `loops` are the tile loops, inner ones before those around them. `state` lasts from inference to
    inference, and stands for no value of the function.
    """

    buffers: tuple[LiveBuffer, ...]
    steps: tuple[Step, ...]
    loops: tuple[LoopSteps, ...] = ()
    state: tuple[Buffer, ...] = ()

    def live_bytes(self, step: int) -> int:
        """Sum of the sizes of all buffers that are alive in a step."""
        buffers = (*self.buffers, *self.state)
        return sum(b.size_bytes for b in buffers if b.first <= step < b.last)


@dataclass(frozen=True)
class LoopSteps:
    """A tile loop: the steps `[first, last)` run again and again."""

    op: ir.Operation
    first: int
    last: int


ROWS_TAKEN = "rows_taken"
"""The count of rows of a streamed input that are there: no value of the function."""


def rows_taken(end: int) -> Buffer:
    """The buffer of that count; it lasts from call to call."""
    return Buffer(ROWS_TAKEN, 4, 0, end, align=4)


def lifetimes_of(function: ir.Operation) -> Lifetimes:
    """Find the buffers and steps of a function of one block.

    Every kernel call is a step, in program order. Inputs live from the first step, outputs and
    inputs that are to be kept to the last; a streamed input is no buffer. A buffer that exists
    before or after an iteration of a tile loop lives as long as the whole loop; one that is
    allocated inside it lives within an iteration.

    Raises CompileError where something is read that nothing writes, or cannot be planned.
    """
    _check(function)
    block = function.regions[0].blocks[0]
    collected = _Collected([], [])
    _collect(block, 1, collected)
    steps, loops = collected.steps, collected.loops
    spans: dict[ir.Value, tuple[int, int]] = dict.fromkeys(block.arguments, (0, 1))
    for number, step in enumerate(steps):
        for value in _touched(step.op):
            first, last = _extended(value, number, loops)
            known = spans.get(value, (first, last))
            spans[value] = (min(known[0], first), max(known[1], last))
    end = max(1, len(steps))
    terminator = list(block.operations)[-1].operation
    outputs = [view_of(value).base for value in terminator.operands]
    promises = read_promises(function)
    if promises.streamed is not None:
        del spans[block.arguments[promises.streamed]]
    outputs += promises.kept(list(block.arguments))
    pins: dict[ir.Value, Offset] = {block.arguments[n]: pin for n, pin in promises.pins.items()}
    homes: dict[ir.Value, int] = {block.arguments[n]: home for n, home in promises.homes.items()}
    for base in outputs:
        spans[base] = (spans[base][0] if base in spans else 0, end)
    names = _names(function, steps)
    buffers = [
        LiveBuffer(
            names[value],
            value,
            tensor_bytes(value),
            element_bytes(element_type(value)),
            *span,
            outlives=value in outputs,
            pin=pins.get(value),
            home=homes.get(value),
        )
        for value, span in spans.items()
        if _is_buffer(value)
    ]
    state = (rows_taken(end),) if promises.streamed is not None else ()
    return Lifetimes(tuple(buffers), tuple(steps), tuple(loops), state)


def _check(function: ir.Operation) -> None:
    calls = kernel_calls(function)
    for call in calls:
        require(call, "fdt.layer", "fdt.kind", "fdt.macs")
    written = {view_of(destination_of(call)).base for call in calls}
    for value in function.regions[0].blocks[0].arguments:
        if not _is_static_memory(value.type):
            hint = "run one-shot-bufferize, with function boundaries, first"
            raise op_error(function, f"argument {value.type} is no memory of known size", hint)
    for op in walk(function):
        if op.name == "memref.alloc" and op.results[0] not in written:
            raise op_error(op, "no kernel call writes this buffer", "run canonicalize first")


def _is_static_memory(given: ir.Type) -> bool:
    return isinstance(given, ir.MemRefType) and given.has_static_shape


@dataclass(frozen=True)
class _Collected:
    steps: list[Step]
    loops: list[LoopSteps]


def _collect(block: ir.Block, trips: int, found: _Collected) -> None:
    """Number the kernel calls of a block and of its loops, which run `trips` times."""
    for operation in block.operations:
        op = operation.operation
        if op.name == KERNEL_OP:
            found.steps.append(_step(op, trips))
        elif op.name == "scf.for":
            first = len(found.steps)
            _collect(op.regions[0].blocks[0], trips * _trip_count(op), found)
            found.loops.append(LoopSteps(op, first, len(found.steps)))


def _step(call: ir.Operation, trips: int) -> Step:
    total = "fdt.total_macs" in call.attributes
    macs = integer(call, "fdt.total_macs") if total else integer(call, "fdt.macs") * trips
    return Step(string(call, "fdt.layer"), string(call, "fdt.kind"), macs, call)


def _trip_count(loop: ir.Operation) -> int:
    low, high, step = loop_bounds(loop)
    return -((low - high) // step)


def loop_bounds(loop: ir.Operation) -> tuple[int, int, int]:
    """First value, end and step of a tile loop."""
    low, high, step = (_constant(value) for value in list(loop.operands)[:3])
    return low, high, step


def _constant(value: ir.Value) -> int:
    op = producer(value)
    assert op is not None, "tile loops have constant bounds"
    assert op.name == "arith.constant", "tile loops have constant bounds"
    return integer(op, "value")


def _extended(value: ir.Value, step: int, loops: list[LoopSteps]) -> tuple[int, int]:
    """When a buffer that a step touches must be kept: over all loops that it is not part of."""
    first, last = step, step + 1
    for loop in loops:
        if loop.first <= step < loop.last and not _is_inside(value, loop.op):
            first, last = min(first, loop.first), max(last, loop.last)
    return first, last


def _is_inside(value: ir.Value, loop: ir.Operation) -> bool:
    op = producer(value)
    while op is not None:
        op = op.parent.operation if op.parent is not None else None
        if op is not None and op == loop:
            return True
    return False


def _touched(call: ir.Operation) -> list[ir.Value]:
    """The buffers that a kernel call reads or writes."""
    return [view_of(value).base for value in (*inputs_of(call), destination_of(call))]


def _is_buffer(value: ir.Value) -> bool:
    op = producer(value)
    return op is None or op.name == "memref.alloc"


def _names(function: ir.Operation, steps: list[Step]) -> dict[ir.Value, str]:
    """Name inputs by number, and every other buffer after the layer that first writes it.

    Names are unique: the validator and the report know buffers by their names.
    """
    arguments = function.regions[0].blocks[0].arguments
    names: dict[ir.Value, str] = {
        argument: f"input_{number}" for number, argument in enumerate(arguments)
    }
    for step in steps:
        base = view_of(destination_of(step.op)).base
        if base not in names:
            names[base] = unique_name(string(step.op, "fdt.layer"), {*names.values()})
    return names
