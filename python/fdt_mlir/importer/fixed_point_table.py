"""Tables of activation functions as TensorFlow Lite Micro computes them, in fixed point."""

import math

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.importer.gemmlowp import Words, divided
from fdt_mlir.importer.real_multiplier import fixed_point

_ARGUMENT_BITS = 4  # the functions take Q4.27
_WORDS = Words(32)


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
            result = divided(_WORDS.tanh(argument, _ARGUMENT_BITS), 31 - 7)
        else:
            result = divided(_WORDS.logistic(argument, _ARGUMENT_BITS), 31 - 8) - 128
        values.append(min(max(result, -128), 127))
    return np.array(values, np.int8)


def _rescaled(value: int, mantissa: int, left_shift: int) -> int:
    """Return value * mantissa * 2**(left_shift - 31), rounded twice where it shifts right."""
    product = _WORDS.product(value << max(left_shift, 0), mantissa)
    return divided(product, -left_shift) if left_shift < 0 else product
