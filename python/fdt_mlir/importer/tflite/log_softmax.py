"""LOG_SOFTMAX of int8: logarithms of sums of exponentials in fixed point.

After LiteRT's reference_integer_ops::LogSoftmax and log_x_for_x_greater_than_or_equal_to_1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fdt_mlir.importer.gemmlowp import Words, divided
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import constant_value
from fdt_mlir.importer.onnx.reductions import greatest, total
from fdt_mlir.importer.onnx.scalars import (
    INT32,
    Scalar,
    clip,
    convert,
    function,
    literal,
    look_up,
    maximum,
    minimum,
    negate,
    select,
)
from fdt_mlir.importer.onnx.tensor import Tensor
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.fixed_point import Multiplier
from fdt_mlir.importer.tflite.softmax import ARGUMENT_BITS, SUM_BITS, ExponentialArguments

_WORDS = Words(32)
_RESULT = (16 / 256, 127)  # scale and zero point that LiteRT demands: of -16 to 0
_RESULT_BITS = 4
# Powers of two are counted in Q6.25, from where a logarithm returns to Q5.26.
_POWER_FRACTION_BITS = 25
_QUARTER = 1 << (_POWER_FRACTION_BITS - 2)
_LOG_TWO = 1488522236  # all in Q0.31, as the terms of the rational function below
_ROOT_HALF, _FOURTH_ROOT_HALF = 1518500250, 1805811301
_ALPHA_N, _ALPHA_D = 117049297, 127690142
_ALPHA_I, _ALPHA_F = 1057819769, 638450708
# A sum below 2**31 in Q12.19, each term of which is at most 1.
_MOST_TERMS = 1 << SUM_BITS


def log_softmax_of_bytes(call: Call) -> Sequence[Tensor]:
    """LOG_SOFTMAX of int8 over the last dimension: x - max - log(sum(exp(x - max)))."""
    source, dtype = call.tensor(0), call.result_dtype
    if (call.result_scale, call.result_zero_point) != _RESULT:
        raise call.error("its result is not quantised as that of -16 to 0", "export it again")
    if source.shape[-1] >= _MOST_TERMS:
        raise call.error(
            f"{source.shape[-1]} terms overflow the reference's sum", "use floats for this operator"
        )
    arguments = ExponentialArguments.of(call.scale())
    # What an argument in Q5.26 is in steps of the input.
    steps = Multiplier.of(1 / (arguments.multiplier.mantissa * 2.0**-arguments.multiplier.shift))
    table = constant_value(np.array(arguments.table(), np.int32))
    powers = [divided(power, SUM_BITS) for power in arguments.exponentials()]
    terms = constant_value(np.array(powers, np.int32))
    limits = call.bounds()

    def term(element: Scalar, top: Scalar) -> Scalar:
        return look_up(terms, INT32, convert(top, INT32) - convert(element, INT32))

    def store(element: Scalar, top: Scalar, log: Scalar) -> Scalar:
        difference = convert(top, INT32) - convert(element, INT32)
        # Results below what Q5.26 holds are the least.
        least = maximum(steps.times(log - (1 << 31)), -arguments.most - 1)
        is_held = difference.compare("<", negate(least))
        nearest = maximum(minimum(difference, negate(least) - 1), 0)
        value = look_up(table, INT32, nearest) - log
        rounded = divided(value, 31 - ARGUMENT_BITS - _RESULT_BITS) + call.result_zero_point
        return convert(select(is_held, clip(rounded, *limits), limits[0]), dtype)

    axes = (source.rank - 1,)
    tops = greatest(source, axes)
    sums = total(elementwise((source, tops), INT32, term), axes)
    logs = elementwise((sums,), INT32, _logarithm)
    return [elementwise((source, tops, logs), dtype, store)]


def _logarithm(value: Scalar) -> Scalar:
    """log in Q5.26 of a sum in Q12.19 that is at least 1.

    The power of two is whole plus or minus a quarter, whichever leaves a factor r nearer to
    2**-1/4; log(r) is a rational function of r - 2**-1/4.
    """
    zeros = function("ctlz", value)
    above = (_WORDS.product(value << (zeros - 1), _ROOT_HALF), _power(zeros) + _QUARTER)
    turned = _WORDS.product(value, _ROOT_HALF)
    headroom = function("ctlz", turned) - 1
    below = _saturated(value, headroom)
    power = maximum(above[1], _power(headroom) - _QUARTER)
    factor = minimum(_WORDS.multiplied(above[0], 2), below)

    middle = (factor >> 1) + (_FOURTH_ROOT_HALF >> 1) + ((factor | _FOURTH_ROOT_HALF) & 1)
    offset = factor - _FOURTH_ROOT_HALF
    offset = offset + offset
    square = _WORDS.product(offset, offset)
    numerator = _WORDS.product(offset, factor) + _WORDS.product(
        _WORDS.product(offset, square), _ALPHA_N
    )
    bracket = offset + _ALPHA_I + _WORDS.product(square, _ALPHA_D)
    denominator = _WORDS.product(middle, bracket) + _WORDS.product(offset, _ALPHA_F)
    half = _WORDS.half_of_one_plus(denominator)
    inverse = _WORDS.multiplied(_WORDS.reciprocal(half), 2)
    part = _WORDS.product(divided(numerator, 31 - _POWER_FRACTION_BITS), inverse)
    return _WORDS.multiplied(_WORDS.product(power, _LOG_TWO) + part, 2)


def _power(zeros: Scalar) -> Scalar:
    """The power of two, in Q6.25, of which a sum with that many leading zeros is a part."""
    return (literal(SUM_BITS, INT32) - zeros) << _POWER_FRACTION_BITS


def _saturated(value: Scalar, places: Scalar) -> Scalar:
    """A positive number shifted left; the greatest where that is more than 31 bits hold."""
    fits = value.compare("<=", literal(_WORDS.one, INT32) >> places)
    return select(fits, value << places, _WORDS.one)
