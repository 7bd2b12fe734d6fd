"""Square root and its reciprocal in single precision, as the generated code computes them.

Not every core has an instruction for the root, and C reaches it through the mathematics library
only; the digits are therefore found one by one.
"""

from __future__ import annotations

from fdt_mlir.emitc.arithmetic import divide, shift_left, shift_right
from fdt_mlir.emitc.float_bits import (
    EXPONENT_BIAS,
    GREATEST_FINITE,
    LEAST_NORMAL,
    MANTISSA_BITS,
    bits_of,
    f32,
    float_of,
    not_a_number,
    word,
)
from fdt_mlir.emitc.statements import call, index, local, loop, variable, when
from fdt_mlir.emitc.types import int_type
from fdt_mlir.emitc.values import (
    Value,
    bitwise,
    compare,
    constant,
    select,
)

_IMPLICIT_BIT = 1 << MANTISSA_BITS
_ROOT_BITS = MANTISSA_BITS + 2  # one bit more than a float holds decides the rounding


def sqrt(x: Value) -> Value:
    """The root, correctly rounded. No root lies half way between two floats."""
    subnormal = compare(x, "<", LEAST_NORMAL)
    bits = local("bits", bits_of(select(subnormal, x * float(1 << 24), x)))
    exponent = shift_right(bits, constant(MANTISSA_BITS, int_type(32)))
    mantissa = bitwise("or", bitwise("and", bits, _IMPLICIT_BIT - 1), _IMPLICIT_BIT)
    scaled = local("scaled", mantissa + mantissa)
    # Halving needs an even exponent; the bias is odd. An odd one gives a digit to the mantissa.
    is_even = compare(bitwise("and", exponent, 1), "!=", 0)
    rounded = _rounded_root(select(is_even, scaled, scaled + scaled))
    halved = _halved(exponent + (EXPONENT_BIAS - 2))
    root = float_of(rounded + shift_left(halved, constant(MANTISSA_BITS, int_type(32))))
    positive = select(subnormal, root * float(2**-12), root)
    finite = select(compare(x, ">", 0.0), positive, not_a_number())
    defined = select(compare(x, "<=", GREATEST_FINITE), finite, x)
    return select(compare(x, "==", 0.0), x, defined)


def _rounded_root(start: Value) -> Value:
    """Round sqrt(start / 2**24) to 24 significant bits, as an integer.

    The classical method by digits: `remainder` is what the digits found so far leave of `start`,
    `doubled` is twice their number, and both grow with the place instead of the digit shrinking.
    """
    remainder = variable("remainder", start)
    digit = variable("digit", constant(1 << (_ROOT_BITS - 1), word()))
    doubled = variable("doubled", constant(0, word()))
    root = variable("root", constant(0, word()))
    with loop("n", index(0), index(_ROOT_BITS)):
        trial = local("trial", doubled.get() + digit.get())
        with when(compare(trial, "<=", remainder.get())):
            remainder.set(remainder.get() - trial)
            doubled.set(trial + digit.get())
            root.set(root.get() + digit.get())
        remainder.set(remainder.get() + remainder.get())
        digit.set(_halved(digit.get()))
    return _halved(root.get() + 1)


def _halved(value: Value) -> Value:
    return shift_right(value, constant(1, int_type(32)))


def rsqrt(x: Value) -> Value:
    """1 / sqrt(x), rounded twice as LiteRT's reference does."""
    root = call("sqrt_f32", [x], f32())
    assert root is not None
    return divide(constant(1.0, f32()), root)
