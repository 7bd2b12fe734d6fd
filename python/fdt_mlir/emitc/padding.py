"""What windows read beyond the borders of their input: constants that kernels share."""

from __future__ import annotations

import numpy as np

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.constant_arrays import array_pointer, declare_array
from fdt_mlir.emitc.types import int_type

_COMMENT = "what windows read beyond the borders"


class PaddingRows:
    """Rows of equal bytes, by their value, as long as the longest that is asked for."""

    def __init__(self) -> None:
        self._bytes: dict[int, int] = {}

    def point(self, value: int, count: int) -> ir.Value:
        """Point to `count` bytes of a value."""
        self._bytes[value] = max(count, self._bytes.get(value, 0))
        return array_pointer(_name(value), int_type(8)).value

    def write(self, module: ir.Module) -> None:
        """Add the rows to a module, after its includes."""
        operations = [op.operation for op in module.body.operations]
        first = next(op for op in operations if op.name != "emitc.include")
        for value, size in sorted(self._bytes.items()):
            row = np.full(size, value, np.int8)
            with ir.InsertionPoint(first):
                declare_array(_name(value), int_type(8), row, _COMMENT)


def _name(value: int) -> str:
    return f"padding_minus_{-value}" if value < 0 else f"padding_{value}"
