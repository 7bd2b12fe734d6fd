"""What a traced model tells of itself while it runs: its buffers, its steps, and their results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.statements import index, named
from fdt_mlir.emitc.types import int_type, pointer_to
from fdt_mlir.emitc.values import Value, create

TRACED = "fdt.traced"
"""Marks the function of a traced model; the C of the product leaves it out."""


@dataclass(frozen=True)
class Extent:
    """A buffer of the plan: its number, the number of its arena, and its place there in bytes."""

    number: int
    name: str
    arena: int
    offset: int
    size_bytes: int


class Silence:
    """The product says nothing: every announcement is no code at all."""

    prefix = ""
    """What the names of functions begin with, behind that of the model."""

    def mark(self, function: ir.Operation) -> None:
        """Say of a function whether it belongs to the product."""
        del function

    def start(self, bases: Sequence[ir.Value]) -> None:
        """An inference begins: the arenas are there, the inputs are in them."""
        del bases

    def resume(self, bases: Sequence[ir.Value]) -> None:
        """Another function goes on with the inference."""
        del bases

    def allocate(self, buffer: ir.Value) -> None:
        """From here on the content of a buffer is undefined."""
        del buffer

    def place(self, base: ir.Value, buffer: ir.Value | str) -> ir.Value:
        """The start of the buffer's arena, for whoever accesses this buffer.

        A buffer that stands for no value, such as a count of rows, is known by its name.
        """
        del buffer
        return base

    def before(self, call: ir.Operation, values: Sequence[Value]) -> None:
        """A kernel is about to run; `values`: indices of its tile loops, then its bounds."""
        del call, values

    def after(self, call: ir.Operation, result: ir.Value, span_bytes: int) -> None:
        """A kernel has run; its result lies in `span_bytes` bytes from `result` on."""
        del call, result, span_bytes

    def finish(self, outputs: Sequence[tuple[ir.Value, int, int]]) -> None:
        """The caller may read `outputs`: buffer, offset in the arena, bytes."""
        del outputs


@dataclass
class Trace(Silence):
    """Announces everything to the functions of `targets/support/fdt_trace.h`.

    Buffers and steps are known by their numbers in the report.
    """

    extents: Mapping[ir.Value | str, Extent]
    steps: Mapping[ir.Operation, int]
    inputs: Sequence[ir.Value]
    arena_bytes: Sequence[int]

    prefix = "traced_"

    def mark(self, function: ir.Operation) -> None:
        function.attributes[TRACED] = ir.UnitAttr.get()

    def start(self, bases: Sequence[ir.Value]) -> None:
        """Begin, and ask for an address of its arena for each buffer."""
        _call("fdt_trace_start", _indices(len(bases), max(self.arena_bytes), len(self.extents)))
        for number, (base, size_bytes) in enumerate(zip(bases, self.arena_bytes, strict=True)):
            _call("fdt_trace_arena", [*_indices(number), base, *_indices(size_bytes)])
        self.resume(bases)
        for buffer in self.inputs:
            if buffer in self.extents:
                _call("fdt_trace_input", _indices(self.extents[buffer].number))

    def resume(self, bases: Sequence[ir.Value]) -> None:
        self._places: dict[ir.Value | str, ir.Value] = {}
        for buffer, extent in self.extents.items():
            base = bases[extent.arena]
            numbers = _indices(extent.arena, extent.number, extent.offset, extent.size_bytes)
            with named(extent.name):
                place = create(
                    "call_opaque",
                    [pointer_to(int_type(8))],
                    [base, *numbers],
                    {"callee": ir.StringAttr.get("fdt_trace_buffer")},
                )
            place.attributes["emitc.name_hint"] = ir.StringAttr.get(extent.name)
            self._places[buffer] = place.results[0]

    def allocate(self, buffer: ir.Value) -> None:
        _call("fdt_trace_allocate", _indices(self.extents[buffer].number))

    def place(self, base: ir.Value, buffer: ir.Value | str) -> ir.Value:
        return self._places[buffer]

    def before(self, call: ir.Operation, values: Sequence[Value]) -> None:
        for value in values:
            _call("fdt_trace_value", [value.ir])
        _call("fdt_trace_begin", _indices(self.steps[call]))

    def after(self, call: ir.Operation, result: ir.Value, span_bytes: int) -> None:
        _call("fdt_trace_end", [*_indices(self.steps[call]), result, *_indices(span_bytes)])

    def finish(self, outputs: Sequence[tuple[ir.Value, int, int]]) -> None:
        for buffer, offset, size_bytes in outputs:
            _call("fdt_trace_output", _indices(self.extents[buffer].number, offset, size_bytes))
        _call("fdt_trace_finish", [])


def _indices(*numbers: int) -> list[ir.Value]:
    return [index(number).ir for number in numbers]


def _call(function: str, operands: Sequence[ir.Value]) -> None:
    callee = {"callee": ir.StringAttr.get(function)}
    create("call_opaque", operands=operands, attributes=callee)


def erase_traced(module: ir.Module) -> None:
    """Leave only the product in an EmitC module."""
    for operation in list(module.body.operations):
        if TRACED in operation.operation.attributes:
            operation.operation.erase()


def traced_file(name: str, prototypes: Iterable[str], traced: str) -> str:
    """Return the file that a traced model is built from; `traced`: the C of its functions."""
    declared = "\n".join(prototypes)
    return f"""\
/*
 * {name}, telling what it does: fdt-run builds it for --profile, --dump-layers and --shadow.
 * Its kernels are those of {name}.c. It is no part of a firmware.
 */
#include "{name}.c"

#include "fdt_trace.h"

{declared}

{traced}"""
