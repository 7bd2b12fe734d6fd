"""The functions of a model whose input is streamed: its rows come one after the other.

The loop that takes the rows is no loop in C: each row that the caller pushes lets some of its
iterations run, which a table tells. The count of rows that are there is all that lasts from call
to call beside the loop's own rings.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from fdt_mlir.allocate.lifetimes import ROWS_TAKEN, loop_bounds
from fdt_mlir.attributes import integer
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import minimum, remainder
from fdt_mlir.emitc.constant_arrays import array_pointer, declare_array
from fdt_mlir.emitc.invoke import InvokeFunction, operations_of, span_bytes
from fdt_mlir.emitc.model_function import (
    arena_parameters,
    base_parameters,
    bases_of,
    c_int,
    model_function,
)
from fdt_mlir.emitc.prelude import NOINLINE
from fdt_mlir.emitc.reset import fill_states
from fdt_mlir.emitc.row_stream import RowStream
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
from fdt_mlir.emitc.types import Range, int_type, pointer_to, width_of
from fdt_mlir.emitc.values import Value, compare, computed, create
from fdt_mlir.kernels.kernel import kernel_calls


@dataclass(frozen=True)
class IterationTable:
    """A constant of the module: how many iterations can have run, by the rows that are there."""

    name: str
    iterations: Sequence[int]

    @property
    def element_type(self) -> ir.Type:
        return int_type(16 if self.iterations[-1] < 1 << 15 else 32)

    def write(self, block: ir.Block) -> None:
        element = self.element_type
        data = np.array(self.iterations, dtype=f"int{width_of(element)}")
        comment = "iterations that can have run, by rows that are there"
        with ir.InsertionPoint(block):
            declare_array(self.name, element, data, comment)

    def pointer(self) -> Pointer:
        return array_pointer(self.name, self.element_type, Range(0, self.iterations[-1]))


@dataclass(frozen=True, kw_only=True)
class StreamedFunctions(InvokeFunction):
    """Writes `<model>_push_rows`, `<model>_reset` and `<model>_invoke` into a block.

    `stream` is the loop that takes rows, `table` says which of its iterations they let run. Traced
    functions trace one inference, from `reset` to the `invoke` that ends it.
    """

    stream: RowStream
    table: IterationTable

    def write(self) -> None:
        """Write the functions."""
        self._write_step()
        self._write_push()
        self._write_reset()
        self._write_invoke()

    # Functions

    def _write_step(self) -> None:
        """One iteration: all of its calls but the one that takes rows, which are there."""
        parameters = {**base_parameters(self.entry), "tile": int_type(32)}
        about = "one iteration over the rows of the input"
        with self._open("step", parameters, specifiers=["static", NOINLINE], comment=about) as (
            *bases,
            tile,
        ):
            self.trace.resume(bases)
            stream_loop = self.stream.loop
            low, high, _ = loop_bounds(stream_loop)
            scalars = self._constants()
            counter = stream_loop.regions[0].blocks[0].arguments[0]
            scalars[counter] = computed(tile, Range(low, high - 1))
            others = [op for op in operations_of(stream_loop) if op != self.stream.taking.op]
            self._operations(others, bases, scalars)
            return_()

    def _write_push(self) -> None:
        element = self.stream.taking.views[0].element_type
        parameters = arena_parameters(self.entry)
        parameters |= {"rows": pointer_to(element, const=True), "count": c_int()}
        with self._open("push_rows", parameters, c_int()) as (*arenas, rows, given):
            bases = bases_of(self.entry, arenas)
            self.trace.resume(bases)
            taken = self._rows_taken(bases)
            count = computed(create("cast", [int_type(32)], [given]).results[0])
            known = load(taken, index(0), "taken")
            surplus = compare(count, ">", self.stream.rows - known)
            with named("status"):
                status = create("cast", [c_int()], [surplus.ir]).results[0]
            source = Pointer(rows, element, const=True)
            with loop("k", index(0), minimum(count, self.stream.rows - known)) as k:
                row = local("row", known + k)
                self._begin(bases, row)
                self._take(bases, source, k, row)
                self._run(bases, row)
                store(taken, index(0), row + 1)
            create("return", operands=[status])

    def _begin(self, bases: Sequence[ir.Value], row: Value) -> None:
        """Run what comes before the rows; the first of them may overwrite what that needed."""
        before = self.stream.before
        if self.trace.prefix or any(op in self.calls or kernel_calls(op) for op in before):
            with when(compare(row, "==", 0)):
                self._operations(before, bases, {})

    def _take(self, bases: Sequence[ir.Value], source: Pointer, k: Value, row: Value) -> None:
        """Copy a row to its place among the last few."""
        stream, taking = self.stream, self.stream.taking
        place = self._pointer(taking, len(taking.views) - 1, bases, {})
        ring = Pointer(place, taking.views[-1].element_type)
        start = remainder(row, stream.ring_rows) * stream.row_elements
        first, _, _ = loop_bounds(stream.loop)
        whole = [(index(0), index(taking.kernel.dims[dim])) for dim in taking.kernel.slices[1:]]
        bounds = [end for pair in [(row, row + 1), *whole] for end in pair]
        self.trace.before(taking.op, [index(first), *bounds])
        with loop("i", index(0), index(stream.row_elements)) as i:
            store(ring, start + i, load(source, k * stream.row_elements + i))
        self.trace.after(taking.op, place, span_bytes(taking.views[-1]))

    def _run(self, bases: Sequence[ir.Value], row: Value) -> None:
        """Run the iterations that have waited for a row."""
        low, _, step = loop_bounds(self.stream.loop)
        pointer = self.table.pointer()
        first, end = to_index(load(pointer, row)), to_index(load(pointer, row + 1))
        with loop("n", first, end) as n:
            call(self._name("step"), [*bases, n * step + low])

    def _write_reset(self) -> None:
        with self._open("reset", arena_parameters(self.entry)) as arenas:
            bases = bases_of(self.entry, arenas)
            fill_states(self.model, self.entry, bases)
            self.trace.start(bases)
            store(self._rows_taken(bases), index(0), index(0))
            return_()

    def _write_invoke(self) -> None:
        with self._open("invoke", arena_parameters(self.entry), c_int()) as arenas:
            bases = bases_of(self.entry, arenas)
            self.trace.resume(bases)
            taken = self._rows_taken(bases)
            known = load(taken, index(0), "taken")
            with when(compare(known, "==", self.stream.rows)):
                store(taken, index(0), index(0))
                self._operations(self.stream.after, bases, self._constants())
                self._end(bases)
            missing = compare(known, "!=", self.stream.rows)
            with named("status"):
                status = create("cast", [c_int()], [missing.ir])
            create("return", operands=[status.results[0]])

    # Parts of functions

    @contextmanager
    def _open(
        self,
        name: str,
        parameters: Mapping[str, ir.Type],
        result: ir.Type | None = None,
        specifiers: Sequence[str] = (),
        comment: str | None = None,
    ) -> Generator[list[ir.Value], None, None]:
        """Open the body of a function; gives its arguments."""
        full_name = self._name(name)
        with model_function(self.block, full_name, parameters, result, specifiers, comment) as (
            function,
            arguments,
        ):
            self.trace.mark(function)
            yield arguments

    def _constants(self) -> dict[ir.Value, Value]:
        """The index values that are known before the loop."""
        scalars: dict[ir.Value, Value] = {}
        arithmetic = (op for op in self.stream.before if op.name.startswith("arith."))
        self._operations(arithmetic, [], scalars)
        return scalars

    def _rows_taken(self, bases: Sequence[ir.Value]) -> Pointer:
        """The count of rows that are there."""
        arena = integer(self.entry, f"fdt.{ROWS_TAKEN}_memory")
        base = self.trace.place(bases[arena], ROWS_TAKEN)
        offset = index(integer(self.entry, f"fdt.{ROWS_TAKEN}_offset"))
        place = address(Pointer(base, int_type(8)), offset)
        with named(ROWS_TAKEN):
            pointer = create("cast", [pointer_to(int_type(32))], [place]).results[0]
        return Pointer(pointer, int_type(32), Range(0, self.stream.rows))
