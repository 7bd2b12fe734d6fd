"""Tables of activation functions as TensorFlow Lite Micro computes them, in fixed point.

A number of format Qm.n, where n = 31 - m, is a 32-bit integer that stands for itself / 2**n. The
formats, polynomials and roundings are those of gemmlowp's fixedpoint.h, in whose terms TFLite's
reference_integer_ops define LOGISTIC and TANH. Without them a result may be off by one.
"""

import math

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.importer.real_multiplier import fixed_point

_ARGUMENT_BITS = 4  # the functions take Q4.27
_LEAST, _GREATEST = -(1 << 31), (1 << 31) - 1
_ONE = _GREATEST  # of Q0.31, which has no exact one
_ONE_Q2 = 1 << 29
_EXP_MINUS_EIGHTH, _THIRD = 1895147668, 715827883  # Q0.31
_START, _SLOPE = 1515870810, -1010580540  # 48/17 and -32/17 in Q2.29
# exp(-2**power) in Q0.31, by power.
_EXP_MINUS_POWER = (
    *((-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308)),
    *((2, 39332535), (3, 720401), (4, 242)),
)


def micro_table(code: str, scale: float, zero_point: int) -> NDArray[np.int8]:
    """Return the int8 result of LOGISTIC or TANH for each int8 input, from -128.

    scale, zero_point: those of the input.
    """
    mantissa, shift = fixed_point(scale * (1 << (31 - _ARGUMENT_BITS)))
    left_shift = 31 - shift
    # Beyond it, the argument leaves its format and the function has reached its limit.
    radius = math.floor(math.ldexp((1 << _ARGUMENT_BITS) - 1, 31 - _ARGUMENT_BITS - left_shift))
    values: list[int] = []
    for value in range(-128 - zero_point, 128 - zero_point):
        if abs(value) >= radius:
            values.append(127 if value > 0 else -128)
            continue
        argument = _rescaled(value, mantissa, left_shift)
        if code == "TANH":
            result = _divided(_tanh(argument), 31 - 7)
        else:
            result = _divided(_logistic(argument), 31 - 8) - 128
        values.append(min(max(result, -128), 127))
    return np.array(values, np.int8)


def _logistic(argument: int) -> int:
    """Return 1 / (1 + exp(-x)) in Q0.31 of x in Q4.27."""
    if argument == 0:
        return 1 << 30
    positive = _saturated(_reciprocal(_exp(-abs(argument), _ARGUMENT_BITS)) << 1)
    return positive if argument > 0 else _ONE - positive


def _tanh(argument: int) -> int:
    """Return tanh in Q0.31 of x in Q4.27, as (1 - exp(-2x)) / (1 + exp(-2x))."""
    # Twice a number of Q4.27 is the same integer in Q5.26.
    power = _exp(-abs(argument), _ARGUMENT_BITS + 1)
    positive = _saturated((_reciprocal(power) - _ONE_Q2) << 2)
    return int(math.copysign(positive, argument)) if argument else 0


def _exp(argument: int, bits: int) -> int:
    """Return exp in Q0.31 of an argument at most 0 with `bits` integer bits.

    A polynomial for what remains modulo a quarter, a factor for each bit above.
    """
    if argument == 0:
        return _ONE
    fraction_bits = 31 - bits
    quarter = 1 << (fraction_bits - 2)
    remainder = (argument & (quarter - 1)) - quarter
    result = _exp_near_zero(_saturated(remainder << bits))
    rest = remainder - argument
    for power, factor in _EXP_MINUS_POWER:
        if power < bits and rest & (1 << (fraction_bits + power)):
            result = _product(result, factor)
    return result


def _exp_near_zero(argument: int) -> int:
    """Return exp in Q0.31 of an argument in Q0.31 from -1/4 to 0: Taylor's series at -1/8."""
    x = argument + (1 << 28)
    x2 = _product(x, x)
    x3, x4 = _product(x2, x), _product(x2, x2)
    higher = _divided(_product(_divided(x4, 2) + x3, _THIRD) + x2, 1)
    return _saturated(_EXP_MINUS_EIGHTH + _product(_EXP_MINUS_EIGHTH, x + higher))


def _reciprocal(argument: int) -> int:
    """Return 2 / (1 + x) in Q2.29 of x in Q0.31 from 0 to 1, by Newton's method."""
    total = argument + _ONE
    half_denominator = (total + 1) // 2
    x = _START + _product(half_denominator, _SLOPE)
    for _ in range(3):
        error = _ONE_Q2 - _product(half_denominator, x)
        x += _saturated(_product(x, error) << 2)
    return x


def _rescaled(value: int, mantissa: int, left_shift: int) -> int:
    """Return value * mantissa * 2**(left_shift - 31), rounded twice where it shifts right."""
    product = _product(value << max(left_shift, 0), mantissa)
    return _divided(product, max(-left_shift, 0))


def _product(first: int, second: int) -> int:
    """Return the product of two numbers of Q0.31, halves rounded up."""
    if first == second == _LEAST:
        return _GREATEST
    product = first * second
    # The division truncates, hence the different nudge for negative products.
    nudged = product + ((1 << 30) if product >= 0 else 1 - (1 << 30))
    return nudged >> 31 if nudged >= 0 else -(-nudged >> 31)


def _divided(value: int, power: int) -> int:
    """Return value / 2**power, rounded half away from zero."""
    mask = (1 << power) - 1
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> power) + (1 if value & mask > threshold else 0)


def _saturated(value: int) -> int:
    return min(max(value, _LEAST), _GREATEST)
