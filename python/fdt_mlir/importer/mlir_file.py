"""Read MLIR text or bytecode in TOSA or linalg."""

from pathlib import Path

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.passes import mlir_diagnostics


def read_mlir(path: Path, data: bytes) -> ir.Module:
    """Parse a module; locations name the file and its lines.

    Raises CompileError where the file is no valid MLIR, with MLIR's own located messages.
    """
    if not data.strip():
        raise compile_error("the file is empty", SourceLocation(str(path)))
    try:
        return ir.Module.parseFile(str(path))
    except ir.MLIRError as error:
        raise CompileError(mlir_diagnostics(error)) from error
