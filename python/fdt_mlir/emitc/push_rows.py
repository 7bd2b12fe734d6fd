"""The functions of a model whose input is streamed: its rows come one after the other.

The loop that takes the rows is no loop in C: each row that the caller pushes lets some of its
iterations run, which a table tells. The count of rows that are there is all that lasts from call
to call beside the loop's own rings.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from fdt_mlir.allocate.lifetimes import loop_bounds
from fdt_mlir.attributes import integer
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import minimum, remainder
from fdt_mlir.emitc.invoke import InvokeFunction, operations_of
from fdt_mlir.emitc.kernel_calls import KernelCall
from fdt_mlir.emitc.kernel_functions import create_function
from fdt_mlir.emitc.prelude import NOINLINE
from fdt_mlir.emitc.scalar_functions import lower_operation
from fdt_mlir.emitc.statements import (
    Pointer,
    address,
    call,
    index,
    load,
    local,
    loop,
    named,
    return_,
    store,
    to_index,
    when,
)
from fdt_mlir.emitc.types import Range, array_of, int_type, pointer_to, width_of
from fdt_mlir.emitc.values import (
    Value,
    compare,
    computed,
    create,
    scratch_block,
)
from fdt_mlir.kernels.kernel import bounds_of
from fdt_mlir.kernels.stream_input import INPUT_ROWS
from fdt_mlir.normalize.structured import producer
from fdt_mlir.passes import op_error


@dataclass(frozen=True)
class RowStream:
    """The loop over the rows of a streamed input, and the call in it that takes them."""

    loop: ir.Operation
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
        _, end = bounds_of(self.taking.op)
        return _evaluate(end, scalars)


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


@dataclass(frozen=True)
class StreamedFunctions(InvokeFunction):
    """Writes `<model>_push_rows`, `<model>_reset` and `<model>_invoke` into a block.

    Raises CompileError where the schedule does not let rows come one after the other.
    """

    def write(self) -> ir.Operation:
        """Write the functions and return the last, invoke."""
        stream = self._stream()
        table = _Table(f"{self.model}_iterations", stream.iterations())
        table.write(self.block)
        self._write_step(stream)
        self._write_push(stream, table)
        self._write_reset()
        return self._write_invoke(stream)

    def _stream(self) -> RowStream:
        for kernel_call in self.calls.values():
            if kernel_call.kernel.layer != INPUT_ROWS:
                continue
            loops = [op for op in operations_of(self.entry) if op.name == "scf.for"]
            for loop_op in loops:
                if kernel_call.op in operations_of(loop_op):
                    return RowStream(loop_op, kernel_call)
        raise op_error(
            self.entry,
            "the schedule does not let the rows of the input come one after the other",
            "let a stream path begin with the layer that reads the input",
        )

    def _around(self, stream: RowStream) -> tuple[list[ir.Operation], list[ir.Operation]]:
        """What runs before the first row, and after the last one."""
        operations = operations_of(self.entry)
        place = operations.index(stream.loop)
        return operations[:place], operations[place + 1 :]

    # Functions

    def _write_step(self, stream: RowStream) -> None:
        """One iteration: all of its calls but the one that takes rows, which are there."""
        types = [pointer_to(int_type(8)), int_type(32)]
        name, comment = f"{self.model}_step", "one iteration over the rows of the input"
        with self._function(name, types, ["base", "tile"], comment=comment) as (base, tile):
            low, high, _ = loop_bounds(stream.loop)
            scalars = self._constants(stream)
            counter = stream.loop.regions[0].blocks[0].arguments[0]
            scalars[counter] = computed(tile, Range(low, high - 1))
            others = [op for op in operations_of(stream.loop) if op != stream.taking.op]
            self._operations(others, [base], scalars)
            return_()

    def _write_push(self, stream: RowStream, table: _Table) -> None:
        element = stream.taking.views[0].element_type
        types = [_void_pointer(), pointer_to(element, const=True), _c_int()]
        names = ["arena", "rows", "count"]
        with self._function(f"{self.model}_push_rows", types, names, _c_int()) as arguments:
            arena, rows, given = arguments
            base, taken = self._places(arena)
            count = computed(create("cast", [int_type(32)], [given]).results[0])
            known = load(taken, index(0), "taken")
            surplus = compare(count, ">", stream.rows - known)
            with named("status"):
                status = create("cast", [_c_int()], [surplus.ir]).results[0]
            source = Pointer(rows, element, const=True)
            with loop("k", index(0), minimum(count, stream.rows - known)) as k:
                row = local("row", known + k)
                self._take(stream, base, source, k, row)
                self._run(stream, base, table, row)
                store(taken, index(0), row + 1)
            create("return", operands=[status])

    def _take(
        self, stream: RowStream, base: ir.Value, source: Pointer, k: Value, row: Value
    ) -> None:
        """Copy a row to its place among the last few."""
        taking = stream.taking
        element = taking.views[-1].element_type
        place = self._pointer(taking, len(taking.views) - 1, [base], {})
        ring = Pointer(place, element)
        start = remainder(row, stream.ring_rows) * stream.row_elements
        with loop("i", index(0), index(stream.row_elements)) as i:
            store(ring, start + i, load(source, k * stream.row_elements + i))

    def _run(self, stream: RowStream, base: ir.Value, table: _Table, row: Value) -> None:
        """Run the iterations that have waited for a row."""
        low, _, step = loop_bounds(stream.loop)
        before, _ = self._around(stream)
        if any(op in self.calls for op in before):
            with when(compare(row, "==", 0)):
                self._operations(before, [base], {})
        pointer = table.pointer()
        first, end = to_index(load(pointer, row)), to_index(load(pointer, row + 1))
        with loop("n", first, end) as n:
            call(f"{self.model}_step", [base, n * step + low])

    def _write_reset(self) -> None:
        with self._function(f"{self.model}_reset", [_void_pointer()], ["arena"], public=True) as (
            arena,
        ):
            _, taken = self._places(arena)
            store(taken, index(0), index(0))
            return_()

    def _write_invoke(self, stream: RowStream) -> ir.Operation:
        name, (_, after) = f"{self.model}_invoke", self._around(stream)
        with self._function(name, [_void_pointer()], ["arena"], _c_int()) as (arena,):
            base, taken = self._places(arena)
            known = load(taken, index(0), "taken")
            complete = compare(known, "==", stream.rows)
            with when(complete):
                store(taken, index(0), index(0))
                self._operations(after, [base], self._constants(stream))
            missing = compare(known, "!=", stream.rows)
            with named("status"):
                status = create("cast", [_c_int()], [missing.ir])
            create("return", operands=[status.results[0]])
        return self.block.operations[len(self.block.operations) - 1].operation

    # Parts of functions

    def _constants(self, stream: RowStream) -> dict[ir.Value, Value]:
        """The index values that are known before the loop."""
        scalars: dict[ir.Value, Value] = {}
        before, _ = self._around(stream)
        self._operations([op for op in before if op not in self.calls], [], scalars)
        return scalars

    def _places(self, arena: ir.Value) -> tuple[ir.Value, Pointer]:
        """The arena as bytes, and the count of rows that are there."""
        with named("base"):
            base = create("cast", [pointer_to(int_type(8))], [arena]).results[0]
        offset = index(integer(self.entry, "fdt.rows_taken_offset"))
        place = address(Pointer(base, int_type(8)), offset)
        with named("rows_taken"):
            taken = create("cast", [pointer_to(int_type(32))], [place]).results[0]
        return base, Pointer(taken, int_type(32), Range(0, self._rows))

    @property
    def _rows(self) -> int:
        return self._stream().rows

    @contextmanager
    def _function(
        self,
        name: str,
        types: Sequence[ir.Type],
        names: Sequence[str],
        result: ir.Type | None = None,
        public: bool = False,
        comment: str | None = None,
    ) -> Generator[list[ir.Value], None, None]:
        """Open the body of a function; it is static where it gives nothing."""
        results = [] if result is None else [result]
        specifiers = [] if public or results else ["static", NOINLINE]
        with ir.InsertionPoint(self.block), ir.Location.unknown():
            function = create_function(name, types, results, specifiers, comment)
        block = function.regions[0].blocks.append(*types, arg_locs=[named(n) for n in names])
        with ir.InsertionPoint(block), ir.Location.unknown():
            yield list(block.arguments)


@dataclass(frozen=True)
class _Table:
    """How many iterations can have run, by the number of rows that are there."""

    name: str
    iterations: Sequence[int]

    @property
    def element_type(self) -> ir.Type:
        return int_type(16 if self.iterations[-1] < 1 << 15 else 32)

    def write(self, block: ir.Block) -> None:
        element = self.element_type
        data = np.array(self.iterations, dtype=f"int{width_of(element)}")
        attributes: dict[str, ir.Attribute] = {
            "sym_name": ir.StringAttr.get(self.name),
            "type": ir.TypeAttr.get(array_of(element, len(self.iterations))),
            "initial_value": ir.DenseElementsAttr.get(data, type=element),
            "static_specifier": ir.UnitAttr.get(),
            "const_specifier": ir.UnitAttr.get(),
            "fdt.comment": ir.StringAttr.get(
                "iterations that can have run, by rows that are there"
            ),
        }
        with ir.InsertionPoint(block), ir.Location.unknown():
            create("global", attributes=attributes)

    def pointer(self) -> Pointer:
        element = self.element_type
        literal = {"value": ir.StringAttr.get(self.name)}
        place = create("literal", [pointer_to(element, const=True)], attributes=literal).results[0]
        return Pointer(place, element, Range(0, self.iterations[-1]), const=True)


def _void_pointer() -> ir.Type:
    return ir.Type.parse('!emitc.ptr<!emitc.opaque<"void">>')


def _c_int() -> ir.Type:
    return ir.Type.parse('!emitc.opaque<"int">')
