"""What a pass is: a frozen dataclass whose fields are its options."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError


@dataclass(frozen=True)
class Pass(ABC):
    """A rewrite or check of a module. Subclasses are frozen dataclasses with defaulted fields.

    The docstring of a subclass says what it requires, what it ensures, and when it fails. Options
    are spelled in a pipeline as `fdt-name{field-name=value}`.
    """

    name: ClassVar[str]

    @abstractmethod
    def run(self, module: ir.Module) -> None:
        """Rewrite `module` in place, inside its context. Raises CompileError for user errors."""


def location_of(op: ir.Operation) -> SourceLocation:
    """Say where `op` comes from: file and line of a text, or the tensor's name in a model."""
    return _source_location(op.location, None)


def op_error(op: ir.Operation, message: str, hint: str | None = None) -> CompileError:
    """Build the error for an operation that a pass cannot handle."""
    return CompileError([Diagnostic(message, location_of(op), hint)])


def mlir_error(error: ir.MLIRError, hint: str | None = None) -> CompileError:
    """Turn a failure inside MLIR into located diagnostics of ours."""
    return CompileError(
        [
            Diagnostic(info.message, _source_location(info.location, None), hint)
            for info in error.error_diagnostics
        ]
        or [Diagnostic(error.message, hint=hint)]
    )


def _source_location(location: ir.Location, name: str | None) -> SourceLocation:
    if isinstance(location, ir.NameLoc):
        # NOTE: the importer of TFLite nests name("tensor"(file:0:0)); the innermost file counts.
        return _source_location(location.child_loc, name or location.name_str)
    if isinstance(location, ir.FusedLoc) and location.locations:
        return _source_location(location.locations[0], name)
    if isinstance(location, ir.FileLineColLoc):
        line = location.start_line or None
        return SourceLocation(location.filename, line, location.start_col if line else None, name)
    return SourceLocation("<unknown>", name=name)
