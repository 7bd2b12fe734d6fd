"""What a pass is: a frozen dataclass whose fields are its options."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import PassManager, ir
from fdt_mlir.diagnostics import Diagnostic, Severity, SourceLocation
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
    return source_location(op.location)


def op_error(op: ir.Operation, message: str, hint: str | None = None) -> CompileError:
    """Build the error for an operation that a pass cannot handle."""
    return CompileError([Diagnostic(message, location_of(op), hint)])


def run_mlir_passes(module: ir.Module, elements: str) -> None:
    """Run passes of MLIR or IREE, written as inside `builtin.module(...)`, on `module`.

    Raises CompileError with what MLIR reported. The text of the pipeline must be valid.
    """
    try:
        PassManager.parse(f"builtin.module({elements})").run(module.operation)
    except ir.MLIRError as error:
        # NOTE: some passes signal failure without a diagnostic; MLIR then has nothing to say.
        silent = Diagnostic(
            f"'{elements}' failed without a message",
            location_of(module.operation),
            "fdt-opt --mlir-print-ir-before-all shows which pass it is and what it was given",
        )
        raise CompileError(mlir_diagnostics(error) or [silent]) from error


def source_location(location: ir.Location) -> SourceLocation:
    """Say in the user's terms where `location` points: a line of a text or a tensor of a model."""
    return _source_location(location, None)


def mlir_diagnostics(error: ir.MLIRError) -> tuple[Diagnostic, ...]:
    """Return what MLIR reported with `error`; empty where MLIR failed without a message."""
    return tuple(mlir_diagnostic(info) for info in error.error_diagnostics)


def mlir_diagnostic(info: ir.DiagnosticInfo | ir.Diagnostic) -> Diagnostic:
    """Convert a diagnostic of MLIR, without the dump of the operation that MLIR may append."""
    notes = [note for note in info.notes if not note.message.startswith("see current operation")]
    # NOTE: MLIRError carries plain Locations; going through the attribute gives the subclass.
    location = ir.Location.from_attr(info.location.attr, info.location.context)
    return Diagnostic(
        info.message.strip(),
        source_location(location),
        severity=_SEVERITIES.get(info.severity.name, "note"),
        notes=tuple(mlir_diagnostic(note) for note in notes),
    )


_SEVERITIES: dict[str, Severity] = {"ERROR": "error", "WARNING": "warning"}


def _source_location(location: ir.Location, name: str | None) -> SourceLocation:
    if isinstance(location, ir.NameLoc):
        # NOTE: the importer of TFLite nests name("tensor"(file:0:0)); the innermost file counts.
        return _source_location(location.child_loc, name or location.name_str)
    if isinstance(location, ir.FusedLoc) and location.locations:
        return _source_location(location.locations[0], name)
    if isinstance(location, ir.CallSiteLoc):
        return _source_location(location.callee, name)
    if isinstance(location, ir.FileLineColLoc):
        line = location.start_line or None
        return SourceLocation(location.filename, line, location.start_col if line else None, name)
    return SourceLocation("<unknown>", name=name)
