"""Extremes, quotients, remainders and shifts of scalar values, with the ranges of the results."""

from __future__ import annotations

from collections.abc import Callable

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.types import Range, range_of_type, width_of
from fdt_mlir.emitc.values import (
    Number,
    Value,
    as_unsigned,
    bitwise,
    cast,
    compare,
    computed,
    constant,
    create,
    known_comparison,
    lift,
    promoted,
    select,
)


def minimum(left: Value, right: Value | Number) -> Value:
    """The smaller of two integers."""
    return _extreme(left, lift(right, left.type), "<", min)


def maximum(left: Value, right: Value | Number) -> Value:
    """The larger of two integers."""
    return _extreme(left, lift(right, left.type), ">", max)


def _extreme(left: Value, right: Value, predicate: str, choose: Callable[[int, int], int]) -> Value:
    """The one of which `predicate` holds; without an operation where the ranges tell which."""
    assert left.range is not None
    assert right.range is not None
    if known_comparison(left.range, f"{predicate}=", right.range):
        return left
    if known_comparison(right.range, f"{predicate}=", left.range):
        return right
    result = select(compare(left, predicate, right), left, right)
    low = choose(left.range.low, right.range.low)
    high = choose(left.range.high, right.range.high)
    return computed(result.ir, Range(low, high))


def divide(left: Value, right: Value | Number) -> Value:
    """Quotient, rounded toward zero for integers. The divisor is never zero."""
    other = lift(right, left.type)
    if other.constant == 1:
        return left
    limits = None
    if left.range is not None and other.range is not None:
        limits = _quotient_range(left.range, other.range, range_of_type(left.type))
    if limits is not None and limits.low == limits.high:
        return constant(limits.low, left.type)
    return computed(create("div", [left.type], [left.ir, other.ir]).results[0], limits)


def _quotient_range(left: Range, right: Range, whole: Range) -> Range | None:
    """The quotients that fit the type; None where one does not, or nothing can be divided by."""
    # A quotient is largest where the divisor is nearest to zero.
    divisors = {b for b in (right.low, -1, 1, right.high) if b and right.low <= b <= right.high}
    quotients = [_quotient(a, b) for a in _ends(left) for b in divisors]
    if not quotients:
        return None
    limits = Range(min(quotients), max(quotients))
    if left.low <= 0 <= left.high:
        limits = limits.union(Range(0, 0))
    return limits if limits.within(whole) else None


def _quotient(left: int, right: int) -> int:
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def remainder(left: Value, right: Value | Number) -> Value:
    """Remainder of `divide`, with the sign of `left`."""
    other = lift(right, left.type)
    assert left.range is not None
    assert other.range is not None
    if other.range.low > 0 and left.range.within(Range(0, other.range.low - 1)):
        return left
    if left.constant is not None and other.constant is not None:
        dividend, divisor = int(left.constant), int(other.constant)
        return constant(dividend - _quotient(dividend, divisor) * divisor, left.type)
    result = create("rem", [left.type], [left.ir, other.ir]).results[0]
    bound = max(abs(other.range.low), abs(other.range.high)) - 1
    low = 0 if left.range.low >= 0 else -bound
    high = 0 if left.range.high <= 0 else bound
    return computed(result, Range(low, high))


def shift_left(value: Value, amount: Value) -> Value:
    """`value * 2**amount` modulo the type's size; amounts are taken modulo the width."""
    assert value.range is not None
    bits = shift_amount(value.type, amount)
    assert bits.range is not None
    corners = [b << a for b in (value.range.low, value.range.high) for a in _ends(bits.range)]
    limits = Range(min(corners), max(corners))
    if limits.within(range_of_type(value.type)) and value.range.low >= 0:
        if limits.low == limits.high:
            return constant(limits.low, value.type)
        result = create("bitwise_left_shift", [value.type], [value.ir, bits.ir]).results[0]
        return computed(result, limits)
    if limits.within(range_of_type(value.type)) and _fits(bits, value.type):
        assert bits.constant is not None
        return value * (1 << int(bits.constant))  # C leaves shifting a negative number undefined
    unsigned = as_unsigned(promoted(value))
    result = create("bitwise_left_shift", [unsigned.type], [unsigned.ir, bits.ir]).results[0]
    return cast(computed(result), value.type)


def _fits(bits: Value, value_type: ir.Type) -> bool:
    """Whether the power of two of a shift is a known number of the type."""
    return bits.constant is not None and 1 << int(bits.constant) <= range_of_type(value_type).high


def shift_right(value: Value, amount: Value) -> Value:
    """Shift right; signed types keep their sign, as every compiler we target does."""
    assert value.range is not None
    bits = shift_amount(value.type, amount)
    assert bits.range is not None
    if bits.constant == 0:
        return value
    corners = [b >> a for b in (value.range.low, value.range.high) for a in _ends(bits.range)]
    limits = Range(min(corners), max(corners))
    if limits.low == limits.high:
        return constant(limits.low, value.type)
    result = create("bitwise_right_shift", [value.type], [value.ir, bits.ir]).results[0]
    return computed(result, limits)


def shift_amount(value_type: ir.Type, amount: Value) -> Value:
    """An int32 amount in [0, width): masked where its range does not say so."""
    width = width_of(value_type)
    narrow = cast(amount, ir.IntegerType.get_signless(32))
    assert narrow.range is not None
    if narrow.range.within(Range(0, width - 1)):
        return narrow
    return bitwise("and", narrow, width - 1)


def _ends(limits: Range) -> tuple[int, int]:
    return limits.low, limits.high
