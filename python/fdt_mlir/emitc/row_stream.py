"""The loop over the rows of a streamed input, and how far it runs with the rows that are there."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from fdt_mlir.allocate.lifetimes import loop_bounds
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.invoke import operations_of
from fdt_mlir.emitc.kernel_calls import KernelCall
from fdt_mlir.emitc.scalar_functions import lower_operation
from fdt_mlir.emitc.statements import index
from fdt_mlir.emitc.values import Value, scratch_block
from fdt_mlir.kernels.kernel import bounds_of
from fdt_mlir.kernels.stream_input import INPUT_ROWS
from fdt_mlir.normalize.structured import producer
from fdt_mlir.passes import op_error


@dataclass(frozen=True)
class RowStream:
    """The loop over the rows of a streamed input, and the call in it that takes them.

    `before` and `after` are the operations that run before the first row, and after the last one.
    """

    before: tuple[ir.Operation, ...]
    loop: ir.Operation
    after: tuple[ir.Operation, ...]
    taking: KernelCall

    @property
    def rows(self) -> int:
        return self.taking.kernel.dims[0]

    @property
    def row_elements(self) -> int:
        return math.prod(self.taking.kernel.dims[1:])

    @property
    def ring_rows(self) -> int:
        """How many rows there is a place for."""
        return math.prod(self.taking.views[-1].shape) // self.row_elements

    def iterations(self) -> list[int]:
        """How many iterations can have run once 0, 1, 2, ... rows are there."""
        low, high, step = loop_bounds(self.loop)
        with scratch_block():
            ends = [self._rows_needed(tile) for tile in range(low, high, step)]
        ready = [bisect_right(ends, rows) for rows in range(self.rows)]
        return [0, *ready[1:], len(ends)]

    def _rows_needed(self, tile: int) -> int:
        """The rows that an iteration takes its own from the end of."""
        scalars: dict[ir.Value, Value] = {self.loop.regions[0].blocks[0].arguments[0]: index(tile)}
        _, end, *_ = bounds_of(self.taking.op)
        return _evaluate(end, scalars)


def find_row_stream(entry: ir.Operation, calls: Mapping[ir.Operation, KernelCall]) -> RowStream:
    """Find the loop that takes the rows of the streamed input of a planned function.

    Raises CompileError where the schedule does not let rows come one after the other.
    """
    operations = operations_of(entry)
    for number, op in enumerate(operations):
        taking = _taking_call(op, calls)
        if taking is not None:
            before, after = operations[:number], operations[number + 1 :]
            return RowStream(tuple(before), op, tuple(after), taking)
    raise op_error(
        entry,
        "the schedule does not let the rows of the input come one after the other",
        "let a stream path begin with the layer that reads the input",
    )


def _taking_call(op: ir.Operation, calls: Mapping[ir.Operation, KernelCall]) -> KernelCall | None:
    """The call that takes rows, where an operation is the loop around it."""
    inside = operations_of(op) if op.name == "scf.for" else []
    found = (calls[each] for each in inside if each in calls)
    return next((each for each in found if each.kernel.layer == INPUT_ROWS), None)


def _evaluate(value: ir.Value, scalars: dict[ir.Value, Value]) -> int:
    """Compute an index value of which everything is known."""
    pending = [value]
    while pending:
        current = pending[-1]
        if current in scalars:
            pending.pop()
            continue
        op = producer(current)
        assert op is not None, "rows are counted by the loop alone"
        missing = [operand for operand in op.operands if operand not in scalars]
        pending += missing
        if not missing:
            scalars[current] = lower_operation(op, [scalars[each] for each in op.operands])
    known = scalars[value].constant
    assert known is not None, "rows are counted by constants"
    return int(known)
