"""Index arithmetic in the program: constants fold, everything else becomes arith operations."""

from __future__ import annotations

from fdt_mlir.bindings import ir

Index = int | ir.Value
"""A number known at compile time, or an SSA value of type `index`."""


class IndexArithmetic:
    """Creates operations at the current insertion point; see tile_ranges.Arithmetic."""

    def constant(self, value: int) -> Index:
        return value

    def add(self, left: Index, right: Index) -> Index:
        if isinstance(left, int) and isinstance(right, int):
            return left + right
        if isinstance(right, int) and right == 0:
            return left
        if isinstance(left, int) and left == 0:
            return right
        return _create("arith.addi", left, right)

    def scale(self, value: Index, factor: int) -> Index:
        if isinstance(value, int):
            return value * factor
        return value if factor == 1 else _create("arith.muli", value, factor)

    def divide(self, value: Index, divisor: int) -> Index:
        if isinstance(value, int):
            return value // divisor
        return value if divisor == 1 else _create("arith.divsi", value, divisor)

    def minimum(self, left: Index, right: Index) -> Index:
        if isinstance(left, int) and isinstance(right, int):
            return min(left, right)
        return _create("arith.minsi", left, right)

    def maximum(self, left: Index, right: Index) -> Index:
        if isinstance(left, int) and isinstance(right, int):
            return max(left, right)
        return _create("arith.maxsi", left, right)


def index_value(value: Index) -> ir.Value:
    """The SSA value; a number becomes a constant at the current insertion point."""
    if not isinstance(value, int):
        return value
    attribute = ir.IntegerAttr.get(ir.IndexType.get(), value)
    return ir.Operation.create(
        "arith.constant", [ir.IndexType.get()], attributes={"value": attribute}
    ).results[0]


def _create(name: str, left: Index, right: Index) -> ir.Value:
    operands = [index_value(left), index_value(right)]
    return ir.Operation.create(name, [ir.IndexType.get()], operands).results[0]
