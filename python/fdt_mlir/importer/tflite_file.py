"""Read a .tflite file: Arm's converter gives TOSA, the flatbuffer gives what TOSA forgets."""

import io
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import tosa_converter_for_tflite as converter

from fdt_mlir.bindings import ir, walk
from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError
from fdt_mlir.importer.tflite_model import Operator, Tensor, TfliteModel, parse_tflite

# Operators that have no meaning in a static, single-subgraph model.
_HINTS = {
    "CUSTOM": "export the model without the custom operator, or cut the graph before it",
    "IF": "export the model without control flow",
    "WHILE": "export the model without control flow (unroll recurrent layers)",
    "CALL_ONCE": "freeze the model's variables before exporting it",
}


def read_tflite(path: Path, data: bytes) -> ir.Module:
    """Convert a TFLite model to TOSA.

    Every operation carries the name of the tensor it computes as its location and the TFLite
    operator it comes from as `fdt.source`; the function carries names, scales and zero points of
    inputs and outputs as `fdt.inputs` and `fdt.outputs`.

    Raises CompileError for files that are no TFLite model, and for operators without a
    translation: all of them, not the first.
    """
    model = parse_tflite(path, data)
    unsupported = [op for op in model.operators if op.code in _HINTS]
    if unsupported:
        raise CompileError([_unsupported(path, op) for op in unsupported])
    module = ir.Module.parse(_convert(path))
    _annotate_sources(module, model)
    _annotate_interface(module, model)
    return module


def _unsupported(path: Path, op: Operator) -> Diagnostic:
    where = SourceLocation(str(path), name=op.outputs[0] if op.outputs else f"operator {op.index}")
    label = f"{op.code} '{op.custom_code}'" if op.custom_code else op.code
    return Diagnostic(f"operator {label} is not supported", where, _HINTS[op.code])


def _convert(path: Path) -> bytes:
    sink = io.BytesIO()
    messages: list[str] = []
    try:
        with _captured_stderr(messages):
            converter.tflite_flatbuffer_to_tosa_mlir(
                str(path), sink, debug_info=converter.TosaConverterDebugInfo.Enable
            )
    except RuntimeError as error:
        summary = Diagnostic(
            f"the model cannot be converted to TOSA: {error}", SourceLocation(str(path))
        )
        raise CompileError(_converter_diagnostics(path, messages) or [summary]) from error
    return sink.getvalue()


def _converter_diagnostics(path: Path, messages: list[str]) -> list[Diagnostic]:
    """Turn the converter's `loc("tensor"("file":0:0)): error: text` lines into diagnostics."""
    diagnostics: list[Diagnostic] = []
    for line in messages:
        place, found, text = line.partition(": error: ")
        if not found:
            continue
        quoted = place.split('"')
        name = quoted[1] if len(quoted) > 3 else None
        diagnostics.append(Diagnostic(text.strip(), SourceLocation(str(path), name=name)))
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


def _annotate_sources(module: ir.Module, model: TfliteModel) -> None:
    source_of = {name: op.code for op in model.operators for name in op.outputs}
    for op in walk(module.operation):
        if isinstance(op.location, ir.NameLoc) and op.name.startswith("tosa."):
            code = source_of.get(op.location.name_str)
            if code is not None:
                op.attributes["fdt.source"] = ir.StringAttr.get(code)


def _annotate_interface(module: ir.Module, model: TfliteModel) -> None:
    (function,) = [op.operation for op in module.body.operations]
    function.attributes["fdt.inputs"] = _interface(model.inputs)
    function.attributes["fdt.outputs"] = _interface(model.outputs)


def _interface(tensors: tuple[Tensor, ...]) -> ir.ArrayAttr:
    return ir.ArrayAttr.get([_describe(tensor) for tensor in tensors])


def _describe(tensor: Tensor) -> ir.DictAttr:
    entries: dict[str, ir.Attribute] = {"name": ir.StringAttr.get(tensor.name)}
    if tensor.scale is not None:
        entries["scale"] = ir.FloatAttr.get(ir.F64Type.get(), tensor.scale)
        entries["zero_point"] = ir.IntegerAttr.get(
            ir.IntegerType.get_signless(64), tensor.zero_point
        )
    return ir.DictAttr.get(entries)
