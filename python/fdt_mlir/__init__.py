"""A TinyML compiler: least RAM for a model, unchanged outputs, plain C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fdt_mlir.errors import CompileError, UsageError

if TYPE_CHECKING:
    from fdt_mlir.api import Compiled, compile
    from fdt_mlir.options import CompileOptions

__version__ = "0.1.0"

__all__ = ["CompileError", "CompileOptions", "Compiled", "UsageError", "compile"]


def __getattr__(name: str) -> object:
    """Load the compiler when it is first asked for: it takes a second, and not all need it."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from fdt_mlir import api

    return getattr(api, name)
