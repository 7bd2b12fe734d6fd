"""Index arithmetic at the current insertion point, constants folded where they are known."""

from __future__ import annotations

from collections.abc import Callable

from fdt_mlir.bindings import ir

Index = ir.Value | int
"""A value of type index, or a number that needs no operation yet."""


def as_value(number: Index) -> ir.Value:
    """The number as an SSA value."""
    if isinstance(number, int):
        return constant(ir.IntegerAttr.get(ir.IndexType.get(), number))
    return number


def constant(attribute: ir.Attribute) -> ir.Value:
    """A scalar constant."""
    typed = ir.Operation.create(
        "arith.constant", [_type_of(attribute)], attributes={"value": attribute}
    )
    return typed.results[0]


def add(left: Index, right: Index) -> Index:
    if left == 0:
        return right
    if right == 0:
        return left
    return _computed("arith.addi", left, right, lambda a, b: a + b)


def subtract(left: Index, right: Index) -> Index:
    return left if right == 0 else _computed("arith.subi", left, right, lambda a, b: a - b)


def multiply(left: Index, right: Index) -> Index:
    if 0 in (left, right):
        return 0
    if left == 1:
        return right
    return left if right == 1 else _computed("arith.muli", left, right, lambda a, b: a * b)


def minimum(left: Index, right: Index) -> Index:
    return _computed("arith.minsi", left, right, min)


def maximum(left: Index, right: Index) -> Index:
    return _computed("arith.maxsi", left, right, max)


def divide_up(value: Index, divisor: int) -> Index:
    """Quotient rounded up of what is not negative; what is gives at most 0."""
    if divisor == 1:
        return value
    positive = add(maximum(value, 0), divisor - 1)
    return _computed("arith.divui", positive, divisor, lambda a, b: a // b)


def remainder(value: Index, divisor: int) -> Index:
    """Remainder of what is not negative."""
    return _computed("arith.remui", value, divisor, lambda a, b: a % b)


def compare(predicate: str, left: Index, right: Index) -> ir.Value:
    """`left predicate right` for signed indices, as i1; `predicate` is one of `sge`, `slt`."""
    number = {"slt": 2, "sge": 5}[predicate]
    attribute = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), number)
    return ir.Operation.create(
        "arith.cmpi",
        [ir.IntegerType.get_signless(1)],
        [as_value(left), as_value(right)],
        attributes={"predicate": attribute},
    ).results[0]


def _computed(name: str, left: Index, right: Index, fold: Callable[[int, int], int]) -> Index:
    if isinstance(left, int) and isinstance(right, int):
        return fold(left, right)
    return ir.Operation.create(
        name, [ir.IndexType.get()], [as_value(left), as_value(right)]
    ).results[0]


def _type_of(attribute: ir.Attribute) -> ir.Type:
    assert isinstance(attribute, (ir.IntegerAttr, ir.FloatAttr))
    return attribute.type
