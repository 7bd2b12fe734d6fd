"""The remainder of single precision, C's fmod, as the generated code computes it."""

from __future__ import annotations

from fdt_mlir.emitc.arithmetic import maximum, remainder, shift_left, shift_right
from fdt_mlir.emitc.float_bits import (
    EXPONENT_BIAS,
    GREATEST_FINITE,
    MANTISSA_BITS,
    SIGN_BIT,
    bits_of,
    copy_sign,
    f32,
    magnitude,
    not_a_number,
    power_of_two,
)
from fdt_mlir.emitc.statements import index, local, loop, variable, when
from fdt_mlir.emitc.types import Range, int_type
from fdt_mlir.emitc.values import (
    Value,
    as_signed,
    as_unsigned,
    bitwise,
    cast,
    compare,
    computed,
    constant,
    select,
)

_GREATEST_MANTISSA = (2 << MANTISSA_BITS) - 1
_DIGIT_BITS = 8  # a digit and a mantissa fit a word
_DIGIT_SHIFT = 3  # log2 of them


def fmod(x: Value, y: Value) -> Value:
    """x - n y for the whole n that leaves less than |y|, with the sign of x; exact.

    NaN where x is infinite, where y is zero, and where one is NaN.
    """
    dividend = local("dividend", bitwise("and", bits_of(x), SIGN_BIT - 1))
    divisor = local("divisor", bitwise("and", bits_of(y), SIGN_BIT - 1))
    result = variable("result", x)
    # Less one, a divisor of zero is above all dividends.
    with when(compare(divisor - 1, "<", dividend)):
        result.set(copy_sign(_remainder(dividend, divisor), x))
    defined = select(compare(magnitude(y), ">", 0.0), result.get(), not_a_number())
    return select(compare(magnitude(x), "<=", GREATEST_FINITE), defined, not_a_number())


def _remainder(dividend: Value, divisor: Value) -> Value:
    """What remains of a float, as bits, that is no less than the divisor; both are positive.

    Long division of m 2**d by n, for mantissas m and n, by digits of 8 bits; the first has what
    is left over of d.
    """
    greater, mantissa = _split(dividend, "dividend", 0)
    exponent, unit = _split(divisor, "divisor", 1)
    difference = local("difference", greater - exponent)
    first = bitwise("and", difference, _DIGIT_BITS - 1)
    limits = Range(0, _GREATEST_MANTISSA - 1)
    rest = variable("rest", remainder(shift_left(mantissa, first), unit), limits)
    digits = shift_right(difference, constant(_DIGIT_SHIFT, int_type(32)))
    with loop("n", index(0), digits):
        digit_bits = constant(_DIGIT_BITS, int_type(32))
        rest.set(remainder(shift_left(rest.get(), digit_bits), unit))
    # The rest has the divisor's exponent; its own unit, 2**-149 at least, may be no normal float.
    fraction = cast(as_signed(rest.get()), f32()) * float(2**-MANTISSA_BITS)
    return fraction * power_of_two(exponent - (EXPONENT_BIAS - 1))


def _split(bits: Value, name: str, least: int) -> tuple[Value, Value]:
    """Return k as int32 and m as uint32, at least `least`: a positive float is m 2**(k - 149).

    Subnormals have the exponent of the least normal float, and no implicit bit.
    """
    shift = constant(MANTISSA_BITS, int_type(32))
    biased = local(f"biased_{name}", as_signed(shift_right(bits, shift)))
    exponent = local(f"{name}_exponent", maximum(biased, 1) - 1)
    mantissa = local(f"{name}_mantissa", bits - shift_left(as_unsigned(exponent), shift))
    return exponent, computed(mantissa.ir, Range(least, _GREATEST_MANTISSA))
