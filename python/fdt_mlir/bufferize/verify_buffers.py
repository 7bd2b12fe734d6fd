"""fdt-verify-buffers: memory is what the plan says, and nothing is copied behind its back."""

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir, walk
from fdt_mlir.errors import CompileError
from fdt_mlir.passes import Pass, op_error


@dataclass(frozen=True)
class VerifyBuffersPass(Pass):
    """Remove copies of a buffer onto itself and check that nothing else moves data.

    Requires: memrefs, as one-shot-bufferize leaves them.
    Ensures: every allocation has a static shape; there is no copy; kernel calls are all that
        writes memory.
    Fails when: bufferization had to copy a tensor, or allocates memory of unknown size.
    """

    name: ClassVar[str] = "fdt-verify-buffers"

    def run(self, module: ir.Module) -> None:
        errors: list[CompileError] = []
        for op in list(walk(module.operation)):
            if op.name == "memref.copy" and op.operands[0] == op.operands[1]:
                op.erase()
            elif op.name == "memref.copy":
                size = op.operands[0].type
                errors.append(op_error(op, f"bufferization copies a whole tensor of type {size}"))
            elif op.name == "memref.alloc" and op.operands:
                size = op.results[0].type
                errors.append(op_error(op, f"a buffer of dynamic size cannot be planned: {size}"))
            elif op.name == "memref.dealloc":
                op.erase()
        if errors:
            raise CompileError([error.diagnostics[0] for error in errors])
