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
_KERAS = "convert it first: tf.lite.TFLiteConverter.from_keras_model(model).convert()"
_TORCH = "export it first: torch.onnx.export(model, example_input, 'model.onnx')"
# What people come with instead of a model file, and how to get one.
_CONVERSIONS = {
    ".h5": _KERAS,
    ".keras": _KERAS,
    ".pb": "convert its folder: tf.lite.TFLiteConverter.from_saved_model(folder).convert()",
    ".pt": _TORCH,
    ".pth": _TORCH,
}
_MOST_NAMES = 5


def import_model(path: Path, options: ImportOptions = _DEFAULTS) -> ir.Module:
    """Read a model into the current context.

    The format follows from the file's name. The module is what the file says: TOSA or linalg,
    dynamic dimensions and all; the passes of the import pipeline come after it.

    Raises CompileError where the file cannot be read or is not a model of its format, or the
    options do not fit the model.
    """
    where = SourceLocation(str(path))
    if path.is_dir():
        raise compile_error("this is a folder", where, _models_in(path))
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise compile_error(
            f"unknown model format '{path.suffix or path.name}'",
            where,
            _CONVERSIONS.get(path.suffix, f"give a file that ends in {', '.join(_READERS)}"),
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = _models_in(path.parent) if isinstance(error, FileNotFoundError) else None
        raise compile_error(f"cannot read the model: {error.strerror}", where, hint) from error
    return reader(path, data, options)


def _models_in(folder: Path) -> str:
    """A hint that names what could have been meant."""
    if not folder.is_dir():
        return f"there is no folder {folder}"
    names = sorted(path.name for path in folder.iterdir() if path.suffix in _READERS)
    if not names:
        return f"give a model file; {folder.resolve()} has none that ends in {', '.join(_READERS)}"
    more = ", ..." if len(names) > _MOST_NAMES else ""
    return f"give a model file; {folder} has {', '.join(names[:_MOST_NAMES])}{more}"
