"""What windows read beyond the borders of their input: constants that kernels share."""

from __future__ import annotations

import numpy as np

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.types import array_of, int_type, pointer_to
from fdt_mlir.emitc.values import create


class PaddingRows:
    """Rows of equal bytes, by their value, as long as the longest that is asked for."""

    def __init__(self) -> None:
        self._bytes: dict[int, int] = {}

    def point(self, value: int, count: int) -> ir.Value:
        """Point to `count` bytes of a value."""
        self._bytes[value] = max(count, self._bytes.get(value, 0))
        name = {"value": ir.StringAttr.get(_name(value))}
        return create("literal", [pointer_to(int_type(8), const=True)], attributes=name).results[0]

    def write(self, module: ir.Module) -> None:
        """Add the rows to a module, after its includes."""
        operations = [op.operation for op in module.body.operations]
        first = next(op for op in operations if op.name != "emitc.include")
        for value, size in sorted(self._bytes.items()):
            row = np.full(size, value, np.int8)
            attributes = {
                "sym_name": ir.StringAttr.get(_name(value)),
                "type": ir.TypeAttr.get(array_of(int_type(8), size)),
                "initial_value": ir.DenseElementsAttr.get(row, type=int_type(8)),
                "static_specifier": ir.UnitAttr.get(),
                "const_specifier": ir.UnitAttr.get(),
                "fdt.comment": ir.StringAttr.get("what windows read beyond the borders"),
            }
            with ir.InsertionPoint(first), ir.Location.unknown():
                create("global", attributes=attributes)


def _name(value: int) -> str:
    return f"padding_minus_{-value}" if value < 0 else f"padding_{value}"
