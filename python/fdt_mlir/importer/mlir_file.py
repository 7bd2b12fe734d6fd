"""Read MLIR text or bytecode in TOSA or linalg."""

from pathlib import Path

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.passes import mlir_diagnostics


def read_mlir(path: Path, data: bytes, options: ImportOptions) -> ir.Module:
    """Parse a module; locations name the file and its lines.

    Raises CompileError where the file is no valid MLIR, with MLIR's own located messages, and for
    options that rewrite a TFLite graph.
    """
    if options.outputs or options.io:
        given = "--outputs" if options.outputs else "--io"
        raise compile_error(
            f"{given} rewrites TFLite models, but this is MLIR",
            SourceLocation(str(path)),
            "leave the option away and edit the module instead",
        )
    if not data.strip():
        raise compile_error("the file is empty", SourceLocation(str(path)))
    try:
        return ir.Module.parseFile(str(path))
    except ir.MLIRError as error:
        raise CompileError(mlir_diagnostics(error)) from error
