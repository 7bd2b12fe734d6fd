"""What a traced model tells of itself while it runs: its buffers, its steps, and their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    suffix = "invoke"

    def start(self, bases: Sequence[ir.Value]) -> None:
        """The arenas are there, the inputs are in them."""
        del bases

    def allocate(self, buffer: ir.Value) -> None:
        """From here on the content of a buffer is undefined."""
        del buffer

    def place(self, base: ir.Value, buffer: ir.Value) -> ir.Value:
        """The start of the buffer's arena, for whoever accesses this buffer."""
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

    extents: Mapping[ir.Value, Extent]
    steps: Mapping[ir.Operation, int]
    inputs: Sequence[ir.Value]
    arena_bytes: Sequence[int]

    suffix = "traced_invoke"

    def start(self, bases: Sequence[ir.Value]) -> None:
        """Begin, and ask for an address of its arena for each buffer."""
        self._places: dict[ir.Value, ir.Value] = {}
        _call("fdt_trace_start", _indices(len(bases), max(self.arena_bytes), len(self.extents)))
        for number, (base, size_bytes) in enumerate(zip(bases, self.arena_bytes, strict=True)):
            _call("fdt_trace_arena", [*_indices(number), base, *_indices(size_bytes)])
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
        for buffer in self.inputs:
            if buffer in self.extents:
                _call("fdt_trace_input", _indices(self.extents[buffer].number))

    def allocate(self, buffer: ir.Value) -> None:
        _call("fdt_trace_allocate", _indices(self.extents[buffer].number))

    def place(self, base: ir.Value, buffer: ir.Value) -> ir.Value:
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


def traced_file(name: str, arenas: Sequence[str], traced_function: str) -> str:
    """Return the file that a traced model is built from; `traced_function`: the C of it.

    `arenas`: the names of what invoke takes.
    """
    parameters = ", ".join(f"void *{arena}" for arena in arenas)
    return f"""\
/*
 * {name}, telling what it does: fdt-run builds it for --profile, --dump-layers and --shadow.
 * Its kernels are those of {name}.c. It is no part of a firmware.
 */
#include "{name}.c"

#include "fdt_trace.h"

int {name}_traced_invoke({parameters});

{traced_function}"""
