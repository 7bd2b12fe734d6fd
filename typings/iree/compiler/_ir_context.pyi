"""Context, diagnostics and locations of `iree.compiler.ir`; see there."""

# ruff: noqa: N803 - the names are the wheel's

from collections.abc import Callable, Sequence
from enum import Enum
from types import TracebackType
from typing import Any, ClassVar, Final, overload

from iree.compiler._ir_attributes import Attribute
from typing_extensions import Self

class TypeID: ...

class DialectRegistry:
    def __init__(self) -> None: ...

class _Scoped:
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

class Context(_Scoped):
    # Raises ValueError where no context is entered.
    current: ClassVar[Context]
    allow_unregistered_dialects: bool
    emit_error_diagnostics: bool
    def __init__(
        self, load_on_create_dialects: Sequence[str] | None = None, thread_pool: object = None
    ) -> None: ...
    @property
    def d(self) -> Any: ...
    @property
    def dialects(self) -> Any: ...
    def append_dialect_registry(self, registry: DialectRegistry) -> None: ...
    def attach_diagnostic_handler(
        self, callback: Callable[[Diagnostic], bool]
    ) -> DiagnosticHandler: ...
    def enable_multithreading(self, enable: bool) -> None: ...
    def is_dialect_loaded(self, dialect_name: str) -> bool: ...
    def is_registered_operation(self, operation_name: str) -> bool: ...
    def load_all_available_dialects(self) -> None: ...

# --- Diagnostics ---

class DiagnosticSeverity(Enum):
    ERROR = 0
    WARNING = 1
    NOTE = 2
    REMARK = 3

class Diagnostic:
    @property
    def severity(self) -> DiagnosticSeverity: ...
    @property
    def location(self) -> Location: ...
    @property
    def message(self) -> str: ...
    @property
    def notes(self) -> tuple[Diagnostic, ...]: ...

class DiagnosticInfo:
    def __init__(self, diag: Diagnostic) -> None: ...
    @property
    def severity(self) -> DiagnosticSeverity: ...
    @property
    def location(self) -> Location: ...
    @property
    def message(self) -> str: ...
    @property
    def notes(self) -> list[DiagnosticInfo]: ...

class DiagnosticHandler(_Scoped):
    @property
    def attached(self) -> bool: ...
    @property
    def had_error(self) -> bool: ...
    def detach(self) -> None: ...

class MLIRError(Exception):
    @property
    def message(self) -> str: ...
    @property
    def error_diagnostics(self) -> list[DiagnosticInfo]: ...

# --- Locations ---

class Location(_Scoped):
    # None where no location is entered.
    current: Final[Location | None]
    @staticmethod
    def from_attr(attribute: Attribute, context: Context | None = None) -> Location: ...
    @staticmethod
    def unknown(context: Context | None = None) -> UnknownLoc: ...
    @overload
    @staticmethod
    def file(
        filename: str, line: int, col: int, context: Context | None = None
    ) -> FileLineColLoc: ...
    @overload
    @staticmethod
    def file(
        filename: str,
        start_line: int,
        start_col: int,
        end_line: int,
        end_col: int,
        context: Context | None = None,
    ) -> FileLineColLoc: ...
    @staticmethod
    def name(
        name: str,
        childLoc: Location | None = None,
        context: Context | None = None,
    ) -> NameLoc: ...
    @staticmethod
    def callsite(
        callee: Location, frames: Sequence[Location], context: Context | None = None
    ) -> CallSiteLoc: ...
    # Equal locations collapse, so the result need not be a FusedLoc.
    @staticmethod
    def fused(
        locations: Sequence[Location],
        metadata: Attribute | None = None,
        context: Context | None = None,
    ) -> Location: ...
    @property
    def context(self) -> Context: ...
    @property
    def attr(self) -> Attribute: ...
    @property
    def typeid(self) -> TypeID: ...
    def emit_error(self, message: str) -> None: ...

class UnknownLoc(Location):
    @staticmethod
    def get(context: Context | None = None) -> UnknownLoc: ...

class FileLineColLoc(Location):
    @property
    def filename(self) -> str: ...
    @property
    def start_line(self) -> int: ...
    @property
    def start_col(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def end_col(self) -> int: ...

class NameLoc(Location):
    @property
    def name_str(self) -> str: ...
    @property
    def child_loc(self) -> Location: ...

class CallSiteLoc(Location):
    @property
    def callee(self) -> Location: ...
    @property
    def caller(self) -> Location: ...

class FusedLoc(Location):
    @property
    def locations(self) -> list[Location]: ...
    @property
    def metadata(self) -> Attribute | None: ...
