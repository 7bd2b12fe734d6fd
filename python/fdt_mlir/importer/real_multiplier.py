"""The real numbers by which LiteRT's kernels multiply accumulators, and integers that do the same.

real = scale of input * scale of weights / scale of result. Measured with accumulators next to the
half between two results, where every choice of precision and rounding shows.
"""

import math

import numpy as np

from fdt_mlir.importer.tflite_model import Operator, TfliteModel

_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
RELUS = frozenset({"RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1"})
_ACCUMULATOR_END = 1 << 31


def real_multipliers(model: TfliteModel, operator: Operator) -> tuple[float, ...]:
    """Return LiteRT's multipliers, one or one per channel, where they are not those of TOSA.

    TFLite's GetQuantizedConvolutionMultipler multiplies the scales of uint8 convolutions in single
    precision; MUL and RELU compute all of it so. Fully connected layers use doubles, and never an
    integer: see `dense_mantissa`. For all else the result is empty.
    """
    if operator.code in RELUS:
        return _relu_multipliers(model, operator)
    operands = (*operator.inputs[:2], *operator.outputs[:1])
    quantizations = [model.tensors[index].quantization for index in operands if index >= 0]
    known = [quantization.scales for quantization in quantizations if quantization]
    if len(known) != 3 or len(known[0]) != 1 or len(known[2]) != 1:
        return ()
    (first,), weights, (result,) = known
    if operator.code == "MUL":
        return tuple(single(single(first * scale) / result) for scale in weights)
    if operator.code in _CONVOLUTIONS and model.tensors[operands[-1]].element == "UINT8":
        return tuple(single(first * scale) / result for scale in weights)
    if operator.code == "FULLY_CONNECTED":
        return tuple(first * scale / result for scale in weights)
    return ()


def _relu_multipliers(model: TfliteModel, operator: Operator) -> tuple[float, ...]:
    edges = [
        model.tensors[index].quantization for index in (operator.inputs[0], operator.outputs[0])
    ]
    scales = [edge.scales[0] for edge in edges if edge is not None]
    return (single(scales[0] / scales[1]),) if len(scales) == 2 else ()


def single(value: float) -> float:
    """Round to single precision.

    A sum, product or quotient of singles that is computed in double and then rounded equals the one
    computed in single precision, since a double has more than twice the digits.
    """
    return float(np.float32(value))


def fixed_point(multiplier: float) -> tuple[int, int]:
    """Return (mantissa, shift) with mantissa * 2**-shift nearest to a multiplier.

    The mantissa has 31 bits. After TFLite's QuantizeMultiplier, whose left shift is 31 - shift.
    """
    fraction, exponent = math.frexp(multiplier)
    mantissa = math.floor(fraction * (1 << 31) + 0.5)
    if mantissa == 1 << 31:
        mantissa, exponent = mantissa >> 1, exponent + 1
    return mantissa, 31 - exponent


def dense_mantissa(multiplier: float, shift: int, zero_point: int) -> int:
    """Return the mantissa m with which (sum * m + half) >> shift is LiteRT's fully connected layer.

    LiteRT multiplies the sum by a double and rounds half away from zero. Each of the 255 steps
    between two int8 results bounds m from below and above; if no m fits all, which takes sums near
    the ends of their 32 bits, the nearest to `multiplier` is returned.
    """
    nominal = round(math.ldexp(multiplier, shift))
    least, greatest = 1, _ACCUMULATOR_END - 1
    for result in range(-127 - zero_point, 128 - zero_point):
        bound = (result << shift) - (1 << (shift - 1))
        first = _first_sum(multiplier, result)
        if not -_ACCUMULATOR_END < first < _ACCUMULATOR_END:
            continue
        # first * m >= bound, and (first - 1) * m < bound
        for factor, low in ((first, bound), (1 - first, 1 - bound)):
            if factor > 0:
                least = max(least, -(-low // factor))
            elif factor < 0:
                greatest = min(greatest, low // factor)
    return min(max(nominal, least), greatest) if least <= greatest else nominal


def _first_sum(multiplier: float, result: int) -> int:
    """Return the least sum that LiteRT's fully connected layer makes `result`, or more."""
    first = math.ceil((result - 0.5) / multiplier)
    while _rounded(first * multiplier) >= result:
        first -= 1
    while _rounded(first * multiplier) < result:
        first += 1
    return first


def _rounded(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)
