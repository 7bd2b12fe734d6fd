"""fdt-lower-to-emitc: kernel calls on planned buffers become an EmitC module."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from fdt_mlir.allocate.lifetimes import lifetimes_of
from fdt_mlir.allocate.memories import arena_of
from fdt_mlir.allocate.plan_arena import is_entry
from fdt_mlir.allocate.promises import read_promises
from fdt_mlir.attributes import integer, integers, string
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.constants import Constants
from fdt_mlir.emitc.helpers import write_helpers
from fdt_mlir.emitc.invoke import InvokeFunction
from fdt_mlir.emitc.kernel_calls import read_call
from fdt_mlir.emitc.kernel_functions import KernelFunctions
from fdt_mlir.emitc.padding import PaddingRows
from fdt_mlir.emitc.prelude import write_prelude
from fdt_mlir.emitc.push_rows import IterationTable, StreamedFunctions
from fdt_mlir.emitc.reset import declare_contents, write_reset
from fdt_mlir.emitc.row_stream import find_row_stream
from fdt_mlir.emitc.trace import Extent, Trace
from fdt_mlir.emitc.values import create
from fdt_mlir.errors import compile_error
from fdt_mlir.kernels.kernel import kernel_calls
from fdt_mlir.kernels.machine import Optimize, Tuning, find_machine
from fdt_mlir.kernels.stream_input import INPUT_ROWS
from fdt_mlir.normalize.structured import defined_functions, producer
from fdt_mlir.passes import Pass, op_error


@dataclass(frozen=True)
class LowerToEmitcPass(Pass):
    """Replace the module's content by its EmitC form.

    Requires: kernel calls on memrefs with planned offsets (fdt-plan-arena), one public function.
    Ensures: only emitc operations; one function per distinct kernel, constants in the order of
        use, and `<model>_invoke`, with `<model>_push_rows` and `<model>_reset` where the input is
        streamed.
    Fails when: the module has no planned function, a type or a scalar operation has no C, or a loop
        or a border is so long that 32 bits do not count it.

    `model` is the prefix of all public names; `header` the file that the C includes first. The
    code is for the core `target` (`kernels/machine.py`); `optimize` says to what end. `trace` adds
    the same functions as `<model>_traced_invoke` (...), marked `fdt.traced`, which also announce
    what they do.
    """

    name: ClassVar[str] = "fdt-lower-to-emitc"

    model: str = "model"
    header: str = ""
    target: str = "generic"
    optimize: Optimize = "balanced"
    trace: bool = False

    def run(self, module: ir.Module) -> None:
        entries = [op.operation for op in module.body.operations if is_entry(op.operation)]
        if len(entries) != 1:
            raise compile_error(f"the module has {len(entries)} public functions, one is needed")
        if "fdt.arena_bytes" not in entries[0].attributes:
            raise op_error(entries[0], "the buffers have no place yet", "run fdt-plan-arena first")
        emitted = self._emit(module, entries[0])
        for operation in list(module.body.operations):
            operation.operation.erase()
        for name in list(module.operation.attributes):
            del module.operation.attributes[name]  # what the importer said means nothing in C
        for operation in list(emitted.body.operations):
            operation.operation.detach_from_parent()
            module.body.append(operation)

    def _emit(self, module: ir.Module, entry: ir.Operation) -> ir.Module:
        functions = {string(op, "sym_name"): op for op in defined_functions(module)}
        tuning = Tuning(find_machine(self.target), self.optimize)
        calls = [read_call(module, op, tuning) for op in kernel_calls(entry)]
        emitted = ir.Module.create(loc=ir.Location.unknown())
        with ir.InsertionPoint(emitted.body), ir.Location.unknown():
            for include in ("stdbool.h", "stdint.h"):
                standard = {"is_standard_include": ir.UnitAttr.get()}
                create("include", attributes={"include": ir.StringAttr.get(include), **standard})
            if self.header:
                create("include", attributes={"include": ir.StringAttr.get(self.header)})
        constants = Constants(emitted.body)
        places = {call.op: constants.declare(call) for call in calls}
        padding = PaddingRows()
        # The rows of a streamed input are taken by `push_rows` itself.
        written = [call for call in calls if call.kernel.layer != INPUT_ROWS]
        names = KernelFunctions(functions, emitted.body, tuning, padding).declare(written)
        by_op = {call.op: call for call in calls}
        known = (self.model, entry, emitted.body, by_op, names, places)
        declare_contents(self.model, entry, emitted.body)
        if read_promises(entry).streamed is not None:
            stream = find_row_stream(entry, by_op)
            table = IterationTable(f"{self.model}_iterations", stream.iterations())
            table.write(emitted.body)
            functions = StreamedFunctions(*known, stream=stream, table=table)
        else:
            functions = InvokeFunction(*known)
            write_reset(self.model, entry, emitted.body)
        functions.write()
        if self.trace:
            replace(functions, trace=_trace_of(entry)).write()
        write_helpers(emitted)
        padding.write(emitted)
        write_prelude(emitted)
        return emitted


def _trace_of(entry: ir.Operation) -> Trace:
    """Number buffers and steps as the report does."""
    lifetimes = lifetimes_of(entry)
    inputs: list[ir.Value] = list(entry.regions[0].blocks[0].arguments)
    offsets = dict(zip(inputs, integers(entry, "fdt.input_offsets"), strict=True))
    extents: dict[ir.Value | str, Extent] = {}
    for number, buffer in enumerate(lifetimes.buffers):
        op = producer(buffer.value)
        offset = offsets[buffer.value] if op is None else integer(op, "fdt.offset")
        extents[buffer.value] = Extent(
            number, buffer.name, arena_of(entry, buffer.value), offset, buffer.size_bytes
        )
    for number, state in enumerate(lifetimes.state, len(lifetimes.buffers)):
        offset = integer(entry, f"fdt.{state.name}_offset")
        arena = integer(entry, f"fdt.{state.name}_memory")
        extents[state.name] = Extent(number, state.name, arena, offset, state.size_bytes)
    steps = {step.op: number for number, step in enumerate(lifetimes.steps)}
    arena_bytes = integers(entry, "fdt.memory_bytes") or (integer(entry, "fdt.arena_bytes"),)
    return Trace(extents, steps, inputs, arena_bytes)
