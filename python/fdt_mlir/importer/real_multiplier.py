"""The real number by which a reference kernel multiplies its accumulator, bit by bit."""

import math

import numpy as np

from fdt_mlir.importer.tflite_model import Operator, Quantization, TfliteModel


def real_multiplier(model: TfliteModel, operator: Operator) -> float | None:
    """Return the multiplier where the reference computes it in single precision, else None.

    TFLite's GetQuantizedConvolutionMultipler multiplies the scales of input and weights as floats;
    it serves fully connected layers, and convolutions in uint8. MUL computes all of it in floats.
    Convolutions per channel use doubles, as the conversion to TOSA does for everything.
    """
    scales = [_scale(model, index) for index in (*operator.inputs[:2], *operator.outputs[:1])]
    known = [scale for scale in scales if scale is not None]
    if len(known) != 3:
        return None
    first, second, result = known
    if operator.code == "MUL":
        return single(single(first * second) / result)
    is_uint8 = model.tensors[operator.outputs[0]].element == "UINT8"
    is_convolution = operator.code in ("CONV_2D", "DEPTHWISE_CONV_2D") and is_uint8
    if is_convolution or operator.code == "FULLY_CONNECTED":
        return single(first * second) / result
    return None


def single(value: float) -> float:
    """Round to single precision.

    A sum, product or quotient of singles that is computed in double and then rounded equals the one
    computed in single precision, since a double has more than twice the digits.
    """
    return float(np.float32(value))


def fixed_point(multiplier: float) -> tuple[int, int]:
    """Return (mantissa, shift) with mantissa * 2**-shift nearest to a positive multiplier.

    The mantissa has 31 bits. After TFLite's QuantizeMultiplier, whose left shift is 31 - shift.
    """
    fraction, exponent = math.frexp(multiplier)
    mantissa = math.floor(fraction * (1 << 31) + 0.5)
    if mantissa == 1 << 31:
        mantissa, exponent = mantissa >> 1, exponent + 1
    return mantissa, 31 - exponent


def _scale(model: TfliteModel, index: int) -> float | None:
    quantization: Quantization | None = model.tensors[index].quantization if index >= 0 else None
    return quantization.scales[0] if quantization and quantization.is_per_tensor else None
