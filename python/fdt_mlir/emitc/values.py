"""Scalar values of the generated C, with what is known of their range.

Arithmetic on these values creates EmitC operations at the current insertion point. Two things come
for free everywhere because each value carries its range: constants fold, and signed arithmetic
that could overflow is done in unsigned types, as C leaves signed overflow undefined.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.types import (
    Range,
    is_float,
    is_signed,
    range_of_type,
    signed_type,
    unsigned_type,
    width_of,
)

Number = int | float

_INT_BITS = 32  # of C's int, on every machine we generate for

_COMPARISONS = {"==": 0, "!=": 1, "<": 2, "<=": 3, ">": 4, ">=": 5}
_PYTHON_COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


_BITWISE: dict[str, Callable[[int, int], int]] = {
    "and": int.__and__,
    "or": int.__or__,
    "xor": int.__xor__,
}


@dataclass(frozen=True, eq=False)
class Value:
    """A scalar: either a constant, or the result of an EmitC operation with a range.

    Integer ranges are inclusive and exact where nothing better than the type is known; floats have
    no range.
    """

    type: ir.Type
    range: Range | None
    defined: ir.Value | None = None
    constant: Number | None = None

    @property
    def ir(self) -> ir.Value:
        """The SSA value; constants are materialised here, at the current insertion point."""
        if self.defined is not None:
            return self.defined
        assert self.constant is not None
        if not math.isfinite(self.constant):
            return _not_finite(self)
        return create("constant", [self.type], attributes={"value": attribute(self)}).results[0]

    def __add__(self, other: Value | Number) -> Value:
        return _arithmetic("add", self, lift(other, self.type))

    def __radd__(self, other: Number) -> Value:
        return lift(other, self.type) + self

    def __sub__(self, other: Value | Number) -> Value:
        return _arithmetic("sub", self, lift(other, self.type))

    def __rsub__(self, other: Number) -> Value:
        return lift(other, self.type) - self

    def __mul__(self, other: Value | Number) -> Value:
        return _arithmetic("mul", self, lift(other, self.type))

    def __rmul__(self, other: Number) -> Value:
        return lift(other, self.type) * self


def create(
    name: str,
    results: Sequence[ir.Type] = (),
    operands: Sequence[ir.Value] = (),
    attributes: Mapping[str, ir.Attribute] | None = None,
    regions: int = 0,
    location: ir.Location | None = None,
) -> ir.Operation:
    """Create `emitc.<name>` at the current insertion point."""
    return ir.Operation.create(
        f"emitc.{name}",
        results=list(results),
        operands=list(operands),
        attributes=dict(attributes or {}),
        regions=regions,
        loc=location,
    )


def constant(value: Number | bool, value_type: ir.Type) -> Value:
    """A constant; integers must fit the type."""
    if is_float(value_type):
        return Value(value_type, None, constant=float(value))
    number = int(value)
    limits = range_of_type(value_type)
    assert limits.low <= number <= limits.high, f"{number} does not fit {value_type}"
    return Value(value_type, Range(number, number), constant=number)


def computed(value: ir.Value, limits: Range | None = None) -> Value:
    """Wrap the result of an operation. A range of one number makes it a constant."""
    if is_float(value.type):
        return Value(value.type, None, value)
    known = limits or range_of_type(value.type)
    if known.low == known.high:
        return constant(known.low, value.type)
    return Value(value.type, known, value)


def unknown(value_type: ir.Type, limits: Range | None = None) -> Value:
    """A value of which only the type and the range are known; never printed."""
    opaque = {"value": ir.StringAttr.get("unknown")}
    return computed(create("literal", [value_type], attributes=opaque).results[0], limits)


@contextmanager
def scratch_block() -> Generator[None, None, None]:
    """Create operations that nobody prints, to learn the range of what they compute."""
    module = ir.Module.create(loc=ir.Location.unknown())
    with ir.InsertionPoint(module.body):
        yield


def lift(value: Value | Number, value_type: ir.Type) -> Value:
    """Make a Value of a Python number; Values pass."""
    return value if isinstance(value, Value) else constant(value, value_type)


def attribute(value: Value) -> ir.Attribute:
    """The attribute of a constant."""
    assert value.constant is not None
    if is_float(value.type):
        return ir.FloatAttr.get(value.type, float(value.constant))
    # NOTE: IntegerAttr.get takes int64; the parser takes every number of the type.
    return ir.Attribute.parse(f"{int(value.constant)} : {value.type}")


def _not_finite(value: Value) -> ir.Value:
    """An infinity or a NaN from its bits: C's names for them need the mathematics library."""
    assert isinstance(value.type, ir.F32Type)
    assert value.constant is not None
    bits = 0x7FC0_0000 if math.isnan(value.constant) else 0x7F80_0000
    bits |= 0x8000_0000 if math.copysign(1.0, value.constant) < 0 else 0
    pattern = constant(bits, ir.IntegerType.get_unsigned(32))
    callee = {"callee": ir.FlatSymbolRefAttr.get("f32_of_bits")}
    return create("call", [value.type], [pattern.ir], callee).results[0]


def _arithmetic(name: str, left: Value, right: Value) -> Value:
    assert left.type == right.type, f"{name} of {left.type} and {right.type}"
    if not is_float(left.type) and width_of(left.type) == 1:
        return bitwise("and" if name == "mul" else "xor", left, right)
    simple = _identity(name, left, right)
    if simple is not None:
        return simple
    if is_float(left.type):
        return computed(create(name, [left.type], [left.ir, right.ir]).results[0])
    assert left.range is not None
    assert right.range is not None
    limits = _exact_range(name, left.range, right.range)
    whole = range_of_type(left.type)
    if limits.within(whole):
        if limits.low == limits.high:
            return constant(limits.low, left.type)
        return computed(create(name, [left.type], [left.ir, right.ir]).results[0], limits)
    if width_of(left.type) < _INT_BITS:
        return cast(_arithmetic(name, promoted(left), promoted(right)), left.type)
    if not is_signed(left.type):
        return computed(create(name, [left.type], [left.ir, right.ir]).results[0])
    return cast(_arithmetic(name, as_unsigned(left), as_unsigned(right)), left.type)


def _identity(name: str, left: Value, right: Value) -> Value | None:
    if is_float(left.type):
        return None  # -0.0 + 0.0 is 0.0: not even adding zero is an identity
    if name == "add" and left.constant == 0:
        return right
    if name in ("add", "sub") and right.constant == 0:
        return left
    if name == "mul" and left.constant == 1:
        return right
    if name == "mul" and right.constant == 1:
        return left
    return None


def _exact_range(name: str, left: Range, right: Range) -> Range:
    if name == "add":
        return Range(left.low + right.low, left.high + right.high)
    if name == "sub":
        return Range(left.low - right.high, left.high - right.low)
    corners = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
    return Range(min(corners), max(corners))


def promoted(value: Value) -> Value:
    """The same number in a type of at least the width of C's int, with the same sign.

    C promotes narrower operands to int, whatever their sign; the product of two uint16_t then
    overflows.
    """
    if width_of(value.type) >= _INT_BITS:
        return value
    word = ir.IntegerType.get_signless(_INT_BITS)
    return cast(value, word if is_signed(value.type) else unsigned_type(word))


def as_unsigned(value: Value) -> Value:
    """The same bits in the unsigned type of the same width."""
    return cast(value, unsigned_type(value.type))


def as_signed(value: Value) -> Value:
    """The same bits in the signed type of the same width."""
    return cast(value, signed_type(value.type))


def cast(value: Value, value_type: ir.Type) -> Value:
    """Convert as C does: integers wrap, int to float rounds, float to int truncates."""
    if value.type == value_type:
        return value
    if is_float(value_type) or is_float(value.type):
        if value.constant is not None and is_float(value_type):
            return constant(value.constant, value_type)
        return computed(create("cast", [value_type], [value.ir]).results[0])
    assert value.range is not None
    whole = range_of_type(value_type)
    if value.constant is not None:
        return constant(whole.wrap(int(value.constant)), value_type)
    limits = value.range if value.range.within(whole) else whole
    return computed(create("cast", [value_type], [value.ir]).results[0], limits)


def compare(left: Value, predicate: str, right: Value | Number) -> Value:
    """Compare with `==`, `!=`, `<`, `<=`, `>` or `>=`; gives a bool, constant where known."""
    bool_type = ir.IntegerType.get_signless(1)
    other = lift(right, left.type)
    if left.range is not None and other.range is not None:
        known = known_comparison(left.range, predicate, other.range)
        both_computed = left.defined is not None and other.defined is not None
        if known is None and both_computed and left.defined == other.defined:
            known = predicate in ("==", "<=", ">=")
        if known is not None:
            return constant(known, bool_type)
    number = i64(_COMPARISONS[predicate])
    result = create("cmp", [bool_type], [left.ir, other.ir], {"predicate": number}).results[0]
    return computed(result)


def known_comparison(left: Range, predicate: str, right: Range) -> bool | None:
    """The result where it is the same for all values of the ranges."""
    if predicate in ("==", "!="):
        if left.high < right.low or right.high < left.low:
            return predicate == "!="
        single = left.low == left.high == right.low == right.high
        return predicate == "==" if single else None
    holds = _PYTHON_COMPARISONS[predicate]
    always = holds(left.low, right.high) and holds(left.high, right.low)
    outcomes = {holds(a, b) for a in (left.low, left.high) for b in (right.low, right.high)}
    return always if len(outcomes) == 1 else None


def select(condition: Value, if_true: Value, if_false: Value) -> Value:
    """`condition ? if_true : if_false`."""
    if condition.constant is not None:
        return if_true if condition.constant else if_false
    result = create("conditional", [if_true.type], [condition.ir, if_true.ir, if_false.ir])
    if if_true.range is None or if_false.range is None:
        return computed(result.results[0])
    low = min(if_true.range.low, if_false.range.low)
    high = max(if_true.range.high, if_false.range.high)
    return computed(result.results[0], Range(low, high))


def bitwise(name: str, left: Value, right: Value | Number) -> Value:
    """`and`, `or`, `xor` of integers of one type."""
    other = lift(right, left.type)
    if left.constant is not None and other.constant is not None:
        return constant(_BITWISE[name](int(left.constant), int(other.constant)), left.type)
    result = create(f"bitwise_{name}", [left.type], [left.ir, other.ir]).results[0]
    masks = [v.range for v in (left, other) if v.range is not None and v.range.low >= 0]
    if name == "and" and masks:
        return computed(result, Range(0, min(mask.high for mask in masks)))
    return computed(result)
