"""Rounding to whole numbers in single precision, as the generated code computes it.

All go through int32, which every core converts to in hardware or in a few instructions. Floats
from 2**23 on are whole already; they, infinities and NaNs pass.
"""

from __future__ import annotations

from fdt_mlir.emitc.float_bits import MANTISSA_BITS, copy_sign, f32, magnitude
from fdt_mlir.emitc.statements import local
from fdt_mlir.emitc.types import int_type
from fdt_mlir.emitc.values import Value, bitwise, cast, compare, constant, select


def trunc(x: Value) -> Value:
    """Toward zero."""
    small, part = _small_part(x, magnitude(x))
    return _result(small, cast(cast(part, int_type(32)), f32()), x)


def floor(x: Value) -> Value:
    """Down."""
    small, part = _small_part(x, magnitude(x))
    whole = local("whole", cast(cast(part, int_type(32)), f32()))
    return _result(small, whole - _one_if(compare(whole, ">", part)), x)


def ceil(x: Value) -> Value:
    """Up."""
    small, part = _small_part(x, magnitude(x))
    whole = local("whole", cast(cast(part, int_type(32)), f32()))
    return _result(small, whole + _one_if(compare(whole, "<", part)), x)


def round_away(x: Value) -> Value:
    """To nearest, halves away from zero."""
    size = local("size", magnitude(x))
    small, part = _small_part(size, size)
    whole = local("whole", cast(cast(part, int_type(32)), f32()))
    return _result(small, whole + _one_if(compare(part - whole, ">=", 0.5)), x)


def round_even(x: Value) -> Value:
    """To nearest, halves to the even neighbour."""
    size = local("size", magnitude(x))
    small, part = _small_part(size, size)
    count = local("count", cast(part, int_type(32)))
    whole = local("whole", cast(count, f32()))
    rest = local("rest", part - whole)
    # Above a half the count goes up; at a half an odd one does.
    odd = cast(bitwise("and", count, 1), f32())
    at_half = select(compare(rest, "==", 0.5), odd, constant(0.0, f32()))
    up = select(compare(rest, ">", 0.5), constant(1.0, f32()), at_half)
    return _result(small, whole + up, x)


def _small_part(x: Value, size: Value) -> tuple[Value, Value]:
    """Whether |x|, the size, is below 2**23; and x where it is, else 0, which converts safely."""
    small = local("small", compare(size, "<", float(1 << MANTISSA_BITS)))
    return small, local("part", select(small, x, constant(0.0, f32())))


def _one_if(condition: Value) -> Value:
    return select(condition, constant(1.0, f32()), constant(0.0, f32()))


def _result(small: Value, rounded: Value, x: Value) -> Value:
    """Zeros keep their sign: -0.3 rounds to -0."""
    return select(small, copy_sign(rounded, x), x)
