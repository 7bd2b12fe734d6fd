"""Arm's converter from TFLite to TOSA, run where a crash of it ends nothing else."""

import faulthandler
import os
import signal
import tempfile
from pathlib import Path

import tosa_converter_for_tflite as converter

from fdt_mlir.bindings import ir, parse_unregistered
from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.passes import mlir_diagnostics

_LEFT = (
    "docs/operators.md says which forms of it are supported; or end the model before with --outputs"
)
_DAMAGED = "download or export the model again"
_CONVERTED, _REFUSED = 0, 1


def convert_to_tosa(path: Path, data: bytes) -> ir.Module:
    """Return the TOSA of a .tflite file's contents; messages name `path`.

    Raises CompileError for every operator that the converter cannot translate, where what it makes
    of the model is not valid, and where it crashes.
    """
    bytecode = _bytecode(path, data)
    try:
        left = parse_unregistered(bytecode, "tfl.")
        if not left:
            return ir.Module.parse(bytecode)
    except ir.MLIRError as error:
        raise CompileError([_invalid(path, each) for each in mlir_diagnostics(error)]) from error
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


def _invalid(path: Path, said: Diagnostic) -> Diagnostic:
    """What TOSA's verifier says of a model whose shapes and options do not fit each other."""
    name = said.location.name if said.location else None
    message = f"its operators do not fit each other: {said.message}"
    return Diagnostic(message, SourceLocation(str(path), name=name), _DAMAGED)


def _bytecode(path: Path, data: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(data)
        status = _in_child(folder) if hasattr(os, "fork") else _convert(folder)
        if status == _CONVERTED:
            return (folder / "model.mlirbc").read_bytes()
        messages = (folder / "messages").read_text("utf-8", "replace").splitlines()
    where = SourceLocation(str(path))
    if status == _REFUSED:
        summary = Diagnostic("the model cannot be converted to TOSA", where, _LEFT)
        raise CompileError(_converter_diagnostics(path, messages) or [summary])
    ending = signal.Signals(-status).name if status < 0 else f"status {status}"
    message = f"the converter to TOSA crashes on this model ({ending})"
    raise compile_error(message, where, f"{_DAMAGED}, or end it earlier with --outputs")


def _in_child(folder: Path) -> int:
    """Convert in a child process: the status it ends with, or the negative number of a signal."""
    child = os.fork()
    if child == 0:
        status = _REFUSED
        faulthandler.disable()  # the parent reports what happens here
        try:
            status = _convert(folder)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _convert(folder: Path) -> int:
    """Make model.mlirbc of a folder's model.tflite; what native code prints goes to `messages`.

    NOTE: the converter has no API for its diagnostics; it prints them to file descriptor 2.
    """
    saved = os.dup(2)
    try:
        with (folder / "messages").open("wb") as messages:
            os.dup2(messages.fileno(), 2)
        with (folder / "model.mlirbc").open("wb") as sink:
            converter.tflite_flatbuffer_to_tosa_mlir(
                str(folder / "model.tflite"),
                sink,
                debug_info=converter.TosaConverterDebugInfo.Enable,
            )
    except RuntimeError:
        return _REFUSED
    finally:
        os.dup2(saved, 2)
        os.close(saved)
    return _CONVERTED


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
