"""Floats as bit patterns, in the vocabulary of the generated code.

Every function here creates EmitC operations at the current insertion point. Values are binary32.
"""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import shift_left
from fdt_mlir.emitc.statements import call
from fdt_mlir.emitc.types import Range, int_type, unsigned_type
from fdt_mlir.emitc.values import (
    Value,
    as_unsigned,
    bitwise,
    cast,
    compare,
    computed,
    constant,
    select,
)

SIGN_BIT = 0x8000_0000
INFINITY_BITS = 0x7F80_0000
NAN_BITS = 0x7FC0_0000
MANTISSA_BITS = 23
EXPONENT_BIAS = 127
GREATEST_FINITE = 3.4028234663852886e38
LEAST_NORMAL = 1.1754943508222875e-38

# Names of the two helpers that see a float's bits; `bit_functions.py` writes them.
BITS_OF_FLOAT = "bits_of_f32"
FLOAT_OF_BITS = "f32_of_bits"


def f32() -> ir.Type:
    return ir.F32Type.get()


def word() -> ir.Type:
    """The type of a float's bits: uint32."""
    return unsigned_type(int_type(32))


def bits_of(value: Value) -> Value:
    """The bits of a float as uint32."""
    return _called(BITS_OF_FLOAT, value, word())


def float_of(bits: Value | int) -> Value:
    """The float with these bits."""
    known = constant(bits, word()) if isinstance(bits, int) else bits
    return _called(FLOAT_OF_BITS, known, f32())


def infinity() -> Value:
    return float_of(INFINITY_BITS)


def not_a_number() -> Value:
    return float_of(NAN_BITS)


def power_of_two(exponent: Value) -> Value:
    """`2**exponent` for an int32 exponent in [-126, 127]."""
    known = computed(exponent.ir, Range(1 - EXPONENT_BIAS, EXPONENT_BIAS))
    biased = as_unsigned(known + EXPONENT_BIAS)
    return float_of(shift_left(biased, constant(MANTISSA_BITS, int_type(32))))


def magnitude(value: Value) -> Value:
    """The value without its sign; zero gives +0, and a NaN stays one."""
    return select(compare(value, ">", 0.0), value, constant(0.0, value.type) - value)


def copy_sign(value: Value, sign: Value) -> Value:
    """`value` with the sign of `sign`, for every value including zeros and NaNs."""
    return float_of(
        bitwise(
            "or",
            bitwise("and", bits_of(value), SIGN_BIT - 1),
            bitwise("and", bits_of(sign), SIGN_BIT),
        )
    )


def nearest_integer(value: Value, limits: Range) -> Value:
    """The nearest int32, halves away from zero; `limits` are known bounds of the result.

    Adding and taking off a large number would round too, until someone compiles with -ffast-math.
    """
    half = select(compare(value, "<", 0.0), constant(-0.5, f32()), constant(0.5, f32()))
    return computed(cast(value + half, int_type(32)).ir, limits)


def polynomial(argument: Value, coefficients: Sequence[float]) -> Value:
    """Evaluate a polynomial by Horner's rule; the constant term comes first."""
    *lower, last = coefficients
    total = constant(last, argument.type)
    for coefficient in reversed(lower):
        total = total * argument + coefficient
    return total


def is_nan(value: Value) -> Value:
    return compare(value, "!=", value)


def _called(function: str, argument: Value, result_type: ir.Type) -> Value:
    result = call(function, [argument], result_type)
    assert result is not None
    return result
