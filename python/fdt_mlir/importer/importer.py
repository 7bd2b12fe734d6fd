"""Choose the reader for a model file."""

from pathlib import Path

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.importer.mlir_file import read_mlir
from fdt_mlir.importer.tflite_file import read_tflite


def _read_onnx(path: Path, data: bytes, options: ImportOptions) -> ir.Module:
    # Loaded only for those who need it: protobuf takes its time.
    from fdt_mlir.importer.onnx.onnx_file import read_onnx

    return read_onnx(path, data, options)


_READERS = {
    ".tflite": read_tflite,
    ".onnx": _read_onnx,
    ".mlir": read_mlir,
    ".mlirbc": read_mlir,
}
_DEFAULTS = ImportOptions()


def import_model(path: Path, options: ImportOptions = _DEFAULTS) -> ir.Module:
    """Read a model into the current context.

    The format follows from the file's name. The module is what the file says: TOSA or linalg,
    dynamic dimensions and all; the passes of the import pipeline come after it.

    Raises CompileError where the file cannot be read or is not a model of its format, or the
    options do not fit the model.
    """
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise compile_error(
            f"unknown model format '{path.suffix or path.name}'",
            SourceLocation(str(path)),
            f"give a file that ends in {', '.join(_READERS)}",
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise compile_error(
            f"cannot read the model: {error.strerror}", SourceLocation(str(path))
        ) from error
    return reader(path, data, options)
