"""sin and cos of single precision, as the generated code computes them.

Angles beyond an eighth of a turn are reduced in integers, after Payne and Hanek (Radian Reduction
for Trigonometric Functions, SIGNUM Newsletter 18, 1983): of 2 / pi only those bits matter that
make, times the mantissa, less than four quarter turns and more than the last bit of the result.
"""

from __future__ import annotations

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import shift_left, shift_right
from fdt_mlir.emitc.constant_arrays import WordTable
from fdt_mlir.emitc.float_bits import (
    GREATEST_FINITE,
    MANTISSA_BITS,
    SIGN_BIT,
    bits_of,
    f32,
    float_of,
    magnitude,
    not_a_number,
    polynomial,
)
from fdt_mlir.emitc.statements import call, either_way, load, local, variable
from fdt_mlir.emitc.types import int_type, unsigned_type
from fdt_mlir.emitc.values import Value, as_signed, bitwise, cast, compare, constant, select

QUARTER_TURNS = "quarter_turns_of_f32"
SINE_OF_QUARTER_TURNS = "sine_of_quarter_turns_f32"

# Minimax in relative error on |r| <= pi / 4: sin(r) = r + r**3 P(r**2), to 2**-27.9.
_SINE = (-0.166666552, 0.00833218917, -0.000195182845)
# The same: cos(r) = 1 - r**2 / 2 + r**4 P(r**2), to 2**-32.9.
_COSINE = (0.0416666456, -0.00138873095, 2.44323273e-05)
_EIGHTH = 0.7853981852531433  # pi / 4 as a float, of a turn of 2 pi

_WORD_BITS = 32
_STEP_BITS = 8
# The first bits of 2 / pi after the point; the greatest floats need all of them.
_TWO_OVER_PI = 0xA2F9836E_4E441529_FC2757D1_F534DDC0_DB629599_3C439041
_TWO_OVER_PI_BITS = 6 * _WORD_BITS
TWO_OVER_PI = WordTable(
    "two_over_pi",
    [
        _TWO_OVER_PI >> shift & ((1 << _WORD_BITS) - 1)
        for shift in range(_TWO_OVER_PI_BITS, -1, -_STEP_BITS)
    ],
    "2 / pi: words of 32 bits, each 8 bits further",
)
# |x| = m 2**(e - 150), and the least exponent e of an angle that is reduced is 126. Of m 2 / pi,
# the bits from 2**(88 - e) on are kept, and three words of 2 / pi reach 32 bits further.
_FIRST_EXPONENT = 120

_FRACTION_BITS = 62  # of quarter turns: what they count modulo 4 fits 64 bits
_HALF_PI_BITS = 30
_HALF_PI = 0x6487ED51  # pi / 2 with as many bits of fraction


def double_word() -> ir.Type:
    """The type of quarter turns: uint64."""
    return unsigned_type(int_type(64))


def sin(x: Value) -> Value:
    """sin(x), by a polynomial up to an eighth of a turn and of the reduced angle beyond."""
    size = local("size", magnitude(x))
    result = variable("result", size)
    either_way(
        compare(size, "<=", _EIGHTH),
        lambda is_small: result.set(_sine(size) if is_small else _of_turns(_turns(size))),
    )
    sign = bitwise("and", bits_of(x), SIGN_BIT)
    return _if_finite(size, float_of(bitwise("xor", bits_of(result.get()), sign)))


def cos(x: Value) -> Value:
    """cos(x), the sine of a quarter turn more."""
    size = local("size", magnitude(x))
    result = variable("result", size)
    either_way(
        compare(size, "<=", _EIGHTH),
        lambda is_small: result.set(
            _cosine(size) if is_small else _of_turns(_turns(size) + (1 << _FRACTION_BITS))
        ),
    )
    return _if_finite(size, result.get())


def quarter_turns(x: Value) -> Value:
    """x / (pi / 2) modulo 4 in units of 2**-62, as uint64, for finite x > pi / 4.

    It is short by less than two units: of what the words lack, and of the last bits of products.
    No float is within 2**-30 of a whole number of quarters, so 31 bits of what is beyond are right.
    """
    bits = local("bits", bits_of(x))
    exponent = shift_right(bits, constant(MANTISSA_BITS, int_type(32)))
    place = local("place", exponent - _FIRST_EXPONENT)
    fraction = bitwise("and", bits, (1 << MANTISSA_BITS) - 1)
    mantissa = bitwise("or", fraction, 1 << MANTISSA_BITS)
    shifted = shift_left(mantissa, as_signed(bitwise("and", place, _STEP_BITS - 1)))
    factor = local("factor", shifted)
    first = local("first", cast(shift_right(place, constant(3, int_type(32))), int_type(32)))
    words = [load(TWO_OVER_PI.pointer(), first + n * _WORD_BITS // _STEP_BITS) for n in range(3)]
    word_bits = constant(_WORD_BITS, int_type(32))
    above = shift_left(cast(factor * words[0], double_word()), word_bits)
    below = shift_right(_product(factor, words[2]), word_bits)
    return above + _product(factor, words[1]) + below


def sine_of_quarter_turns(turns: Value) -> Value:
    """The sine of an angle as `quarter_turns` gives it.

    The nearest whole quarter says which polynomial, and whether its value is negative.
    """
    whole_bits = constant(_FRACTION_BITS, int_type(32))
    rounded = shift_right(turns + (1 << (_FRACTION_BITS - 1)), whole_bits)
    quarter = local("quarter", cast(rounded, int_type(32)))
    rest = local("rest", as_signed(turns - shift_left(cast(quarter, turns.type), whole_bits)))
    angle = local("angle", _radians(rest))
    result = variable("result", angle)
    either_way(
        compare(bitwise("and", quarter, 1), "!=", 0),
        lambda is_odd: result.set(_cosine(angle) if is_odd else _sine(angle)),
    )
    value = result.get()
    return select(compare(bitwise("and", quarter, 2), "!=", 0), 0.0 - value, value)


def _turns(size: Value) -> Value:
    return _called(QUARTER_TURNS, size, double_word())


def _of_turns(turns: Value) -> Value:
    return _called(SINE_OF_QUARTER_TURNS, turns, f32())


def _called(function: str, argument: Value, result_type: ir.Type) -> Value:
    result = call(function, [argument], result_type)
    assert result is not None
    return result


def _product(left: Value, right: Value) -> Value:
    """All 64 bits of a product of two words."""
    return cast(left, double_word()) * cast(right, double_word())


def _radians(rest: Value) -> Value:
    """Part of a quarter turn, in units of 2**-62, times pi / 2.

    The product is rounded once, to a float; its factors are 32 bits at most, so that cores multiply
    them at once.
    """
    wide, low_bits = int_type(64), constant(_HALF_PI_BITS, int_type(32))
    high = cast(cast(shift_right(rest, low_bits), int_type(32)), wide)
    low = bitwise("and", rest, (1 << _HALF_PI_BITS) - 1)
    product = high * _HALF_PI + shift_right(low * _HALF_PI, low_bits)
    return cast(product, f32()) * float(2**-_FRACTION_BITS)


def _sine(angle: Value) -> Value:
    square = local("square", angle * angle)
    return angle + angle * (square * polynomial(square, _SINE))


def _cosine(angle: Value) -> Value:
    square = local("square", angle * angle)
    return 1.0 - (square * 0.5 - square * square * polynomial(square, _COSINE))


def _if_finite(size: Value, result: Value) -> Value:
    return select(compare(size, "<=", GREATEST_FINITE), result, not_a_number())
