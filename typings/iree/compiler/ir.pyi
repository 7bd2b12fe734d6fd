"""Types of `iree.compiler.ir`, as in the wheel that pyproject.toml pins.

The wheel brings none. What is declared here exists (test/unit/test_typings.py looks it up in the
wheel) but not everything that exists is declared: what the project does not use is left out.
The parts `_ir_*` exist as stubs only, to keep each to a readable size.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar, overload

# Named again with `as`: a name that is imported plainly is private to a stub.
from iree.compiler._ir_affine import *  # noqa: F403 - re-exports a part of this module
from iree.compiler._ir_attributes import *  # noqa: F403 - re-exports a part of this module
from iree.compiler._ir_attributes import Attribute as Attribute
from iree.compiler._ir_context import *  # noqa: F403 - re-exports a part of this module
from iree.compiler._ir_context import DialectRegistry as DialectRegistry
from iree.compiler._ir_core import *  # noqa: F403 - re-exports a part of this module
from iree.compiler._ir_core import Module as Module
from iree.compiler._ir_core import Operation as Operation
from iree.compiler._ir_core import OpView as OpView
from iree.compiler._ir_core import _OperationBase as _OperationBase
from iree.compiler._ir_types import *  # noqa: F403 - re-exports a part of this module

_OpViewT = TypeVar("_OpViewT", bound=OpView)

def get_parent_of_type(op: OpView | Operation, op_class: type[_OpViewT]) -> _OpViewT | None: ...
@overload
def get_ops_of_type(root: OpView | Operation | Module, op_class: None = None) -> list[OpView]: ...
@overload
def get_ops_of_type(
    root: OpView | Operation | Module, op_class: type[_OpViewT]
) -> list[_OpViewT]: ...
def loc_tracebacks(*, max_depth: int | None = None) -> AbstractContextManager[None]: ...
def register_attribute_builder(
    kind: str, replace: bool = False, allow_existing: bool = False
) -> Callable[[Callable[..., Attribute]], Callable[..., Attribute]]: ...
def get_dialect_registry() -> DialectRegistry: ...
