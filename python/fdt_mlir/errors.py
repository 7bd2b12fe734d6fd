"""Errors that end a command, and the exit status each of them means."""

from collections.abc import Sequence
from enum import IntEnum

from fdt_mlir.diagnostics import Diagnostic, SourceLocation


class ExitStatus(IntEnum):
    """Exit status of every `fdt-*` command."""

    DONE = 0
    INPUT_ERROR = 1  # the input cannot be compiled
    USAGE_ERROR = 2  # wrong options
    INTERNAL_ERROR = 3  # a fault of ours, or a crash inside a binding


class CompileError(Exception):
    """The input cannot be compiled; carries every diagnostic that was found, not the first only."""

    def __init__(self, diagnostics: Sequence[Diagnostic]):
        assert diagnostics, "an error without a diagnostic tells the user nothing"
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(diagnostic) for diagnostic in self.diagnostics))


class UsageError(Exception):
    """The options of a command or a pass contradict each other or are out of range."""


def compile_error(
    message: str, location: SourceLocation | None = None, hint: str | None = None
) -> CompileError:
    """Build a CompileError of a single diagnostic."""
    return CompileError([Diagnostic(message, location, hint)])
