"""log and log1p of single precision, as the generated code computes them."""

from __future__ import annotations

from fdt_mlir.emitc.arithmetic import divide, shift_left, shift_right
from fdt_mlir.emitc.exponential_functions import LN2_HIGH, LN2_LOW
from fdt_mlir.emitc.float_bits import (
    GREATEST_FINITE,
    INFINITY_BITS,
    LEAST_NORMAL,
    MANTISSA_BITS,
    SIGN_BIT,
    bits_of,
    f32,
    float_of,
    not_a_number,
    polynomial,
)
from fdt_mlir.emitc.statements import local
from fdt_mlir.emitc.types import int_type
from fdt_mlir.emitc.values import (
    Value,
    as_signed,
    as_unsigned,
    cast,
    compare,
    constant,
    select,
)

# Minimax in relative error on [sqrt(1/2) - 1, sqrt(2) - 1]:
# log(1 + f) = f - f**2 / 2 + f**3 P(f), to 2**-27.
_LOG = (
    0.333333164,
    -0.250008106,
    0.200022936,
    -0.166244984,
    0.141809687,
    -0.131291211,
    0.128834367,
    -0.0786083117,
)
_SQRT_HALF_BITS = 0x3F3504F3


def log(x: Value) -> Value:
    """log(x) = k log(2) + log(m) with m in [sqrt(1/2), sqrt(2))."""
    subnormal = compare(x, "<", LEAST_NORMAL)
    normal = local("normal", select(subnormal, x * float(1 << MANTISSA_BITS), x))
    exponent, fraction = _split(normal)
    less = select(subnormal, constant(float(MANTISSA_BITS), f32()), constant(0.0, f32()))
    positive = _sum(exponent - less, fraction)
    return _with_limits(x, x, positive)


def log1p(x: Value) -> Value:
    """log(1 + x): the logarithm of the rounded sum u, and (1 + x - u) / u for what u lost."""
    total = local("total", x + 1.0)
    lost = select(compare(x, "<", 1.0), x - (total - 1.0), 1.0 - (total - x))
    exponent, fraction = _split(total)
    positive = _sum(exponent, fraction, divide(lost, total))
    nonzero = _with_limits(total, x, positive)
    return select(compare(x, "==", 0.0), x, nonzero)  # the sign of a zero


def _split(x: Value) -> tuple[Value, Value]:
    """Return k as a float and m - 1, where x = 2**k m. Where x is not normal, both are finite."""
    bits = local("bits", bits_of(x))
    bits_per_exponent = constant(MANTISSA_BITS, int_type(32))
    shifted = as_signed(bits - _SQRT_HALF_BITS)
    exponent = local("exponent", shift_right(shifted, bits_per_exponent))
    mantissa = bits - shift_left(as_unsigned(exponent), bits_per_exponent)
    return cast(exponent, f32()), local("fraction", float_of(mantissa) - 1.0)


def _sum(exponent: Value, fraction: Value, addend: Value | None = None) -> Value:
    """k log(2) + log(1 + f) + addend, the small terms first; the addend is tiny beside f or 1."""
    square = local("square", fraction * fraction)
    tail = square * fraction * polynomial(fraction, _LOG) + exponent * LN2_LOW
    if addend is not None:
        tail = tail + addend
    return exponent * LN2_HIGH + (fraction - (square * 0.5 - tail))


def _with_limits(argument: Value, x: Value, positive: Value) -> Value:
    """`positive` where the logarithm's argument is positive and finite, and the limits elsewhere.

    x, infinite or NaN, is its own result.
    """
    negative = select(
        compare(argument, "==", 0.0), float_of(SIGN_BIT | INFINITY_BITS), not_a_number()
    )
    finite = select(compare(argument, ">", 0.0), positive, negative)
    return select(compare(x, "<=", GREATEST_FINITE), finite, x)
