"""fdt-verify-buffers: memory is what the plan says, and nothing is copied behind its back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir, walk
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError
from fdt_mlir.kernels.kernel import KERNEL_OP
from fdt_mlir.passes import Pass, location_of

# What may touch memory beside kernel calls: allocations, views of them, and reads of tables.
_HARMLESS = frozenset(
    [
        KERNEL_OP,
        "func.func",
        "func.return",
        "memref.alloc",
        "memref.cast",
        "memref.collapse_shape",
        "memref.expand_shape",
        "memref.get_global",
        "memref.load",
        "memref.subview",
        "scf.for",
        "scf.yield",
    ]
)


@dataclass(frozen=True)
class VerifyBuffersPass(Pass):
    """Remove what has no effect on planned memory and check that nothing else moves data.

    Requires: memrefs, as one-shot-bufferize leaves them.
    Ensures: every allocation has a static shape; there is no copy and no deallocation; kernel
        calls are all that writes memory.
    Fails when: bufferization had to copy a tensor, allocates memory of unknown size, or an
        operation that is no kernel call uses memory; all of them are named.
    """

    name: ClassVar[str] = "fdt-verify-buffers"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            if op.name == "memref.dealloc" or _copies_onto_itself(op):
                op.erase()
        faults = [fault for op in walk(module.operation) for fault in _faults(op)]
        if faults:
            raise CompileError(faults)


def _copies_onto_itself(op: ir.Operation) -> bool:
    return op.name == "memref.copy" and op.operands[0] == op.operands[1]


def _faults(op: ir.Operation) -> Iterator[Diagnostic]:
    touched = [value for value in (*op.operands, *op.results) if _is_memory(value)]
    if not touched:
        return
    if op.name == "memref.copy":
        message = f"bufferization copies a whole tensor of type {touched[0].type}"
        yield Diagnostic(message, location_of(op))
    elif op.name == "memref.alloc" and len(op.operands) > 0:
        message = f"a buffer of dynamic size cannot be planned: {touched[0].type}"
        yield Diagnostic(message, location_of(op), "run fdt-make-batch-static on the model first")
    elif op.name not in _HARMLESS:
        message = f"'{op.name}' uses memory, only kernel calls may"
        yield Diagnostic(message, location_of(op), "run fdt-form-kernels before bufferization")


def _is_memory(value: ir.Value) -> bool:
    return isinstance(value.type, (ir.MemRefType, ir.UnrankedMemRefType))
