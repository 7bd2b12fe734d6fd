"""Read a .tflite file: Arm's converter gives TOSA, the flatbuffer gives what TOSA forgets."""

import io
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import tosa_converter_for_tflite as converter

from fdt_mlir.bindings import ir, parse_unregistered
from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.importer.annotate import annotate, annotate_interface
from fdt_mlir.importer.check_model import check_model
from fdt_mlir.importer.cut_graph import cut_graph
from fdt_mlir.importer.flatbuffer import CorruptFlatbufferError
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.importer.integer_edges import make_edges_integer
from fdt_mlir.importer.prune_model import prune_model
from fdt_mlir.importer.requantise_concatenations import (
    Requantised,
    requantise_concatenations,
)
from fdt_mlir.importer.tflite.call import Weights
from fdt_mlir.importer.tflite.insert import Inserter, remainder
from fdt_mlir.importer.tflite.registry import own_translations
from fdt_mlir.importer.tflite.sign_operands import sign_operands
from fdt_mlir.importer.tflite_model import TfliteModel
from fdt_mlir.importer.tflite_reader import read_model
from fdt_mlir.importer.tflite_writer import write_model
from fdt_mlir.importer.trim_windows import trim_windows
from fdt_mlir.importer.unfuse_activations import unfuse_activations

_LEFT = (
    "docs/operators.md says which forms of it are supported; or end the model before with --outputs"
)


def read_tflite(path: Path, data: bytes, options: ImportOptions) -> ir.Module:
    """Convert a TFLite model to TOSA, and to linalg where the importer has translations of its own.

    Every operation carries the name of the tensor it computes as its location and the TFLite
    operator it comes from as `fdt.source`; the function carries names, types, scales and zero
    points of inputs and outputs as `fdt.inputs` and `fdt.outputs`; the module carries the chosen
    reference as `fdt.numerics`.

    Raises CompileError for files that are no TFLite model, and for everything in them without a
    translation: all of it, not the first.
    """
    model = _select(read_model(path, data), options)
    check_model(model, data)
    try:
        plain = trim_windows(unfuse_activations(model, data), data)
    except CorruptFlatbufferError as error:
        raise compile_error(
            f"the options of an operator are corrupt: {error}", SourceLocation(str(path))
        ) from error
    requantised = requantise_concatenations(plain)
    module = _translate(path, requantised, data)
    annotate_interface(module, requantised.model)
    module.operation.attributes["fdt.numerics"] = ir.StringAttr.get(options.numerics)
    return module


def _translate(path: Path, requantised: Requantised, data: bytes) -> ir.Module:
    """Convert what the converter knows, and insert the translations of our own."""
    weights = Weights(data)
    model = sign_operands(requantised.model, own_translations(requantised.model, weights))
    own = own_translations(model, weights)
    rest = remainder(model, [model.operators[place] for place in own]) if own else model
    if rest.operators:
        module = _parse(path, _convert(path, write_model(rest, data)))
        annotate(module, requantised)
        (converted,) = [op.operation for op in module.body.operations]
    else:
        module, converted = ir.Module.create(), None
    if own:
        inserter = Inserter(model, weights, rest, converted)
        inserter.build(module, own)
    return module


def _select(model: TfliteModel, options: ImportOptions) -> TfliteModel:
    """Leave the part of the graph that the options ask for."""
    if options.outputs:
        model = cut_graph(model, options.outputs)
    else:
        model = prune_model(model, keep_inputs=True)
    return make_edges_integer(model) if options.io == "int8" else model


def _convert(path: Path, data: bytes) -> bytes:
    """Return the TOSA bytecode of a .tflite file's contents; messages name `path`."""
    sink = io.BytesIO()
    messages: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.tflite"
        file.write_bytes(data)
        try:
            with _captured_stderr(messages):
                converter.tflite_flatbuffer_to_tosa_mlir(
                    str(file), sink, debug_info=converter.TosaConverterDebugInfo.Enable
                )
        except RuntimeError as error:
            summary = Diagnostic(
                f"the model cannot be converted to TOSA: {error}", SourceLocation(str(path))
            )
            raise CompileError(_converter_diagnostics(path, messages) or [summary]) from error
    return sink.getvalue()


def _parse(path: Path, bytecode: bytes) -> ir.Module:
    """Read the converter's result. Raises CompileError for every operator that it left."""
    left = parse_unregistered(bytecode, "tfl.")
    if not left:
        return ir.Module.parse(bytecode)
    raise CompileError(
        [
            Diagnostic(
                f"operator {name} has no translation for its operands",
                SourceLocation(str(path), name=tensor),
                _LEFT,
            )
            for name, tensor in ((code.removeprefix("tfl.").upper(), at) for code, at in left)
        ]
    )


def _converter_diagnostics(path: Path, messages: list[str]) -> list[Diagnostic]:
    """Turn the converter's `loc("tensor"("file":0:0)): error: text` lines into diagnostics."""
    diagnostics: list[Diagnostic] = []
    for line in messages:
        place, found, text = line.partition(": error: ")
        if not found:
            continue
        quoted = place.split('"')
        name = quoted[1] if len(quoted) > 3 else None
        diagnostics.append(Diagnostic(text.strip(), SourceLocation(str(path), name=name), _LEFT))
    return diagnostics


@contextmanager
def _captured_stderr(lines: list[str]) -> Generator[None, None, None]:
    """Append to `lines` what native code writes to file descriptor 2 while the block runs.

    NOTE: the converter has no API for its diagnostics; it prints them.
    """
    with tempfile.TemporaryFile(mode="w+", encoding="utf-8", errors="replace") as captured:
        saved = os.dup(2)
        os.dup2(captured.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            captured.seek(0)
            lines.extend(captured.read().splitlines())
