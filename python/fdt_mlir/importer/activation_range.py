"""The integers between which TFLite's quantised activations clamp."""

import math

import numpy as np

from fdt_mlir.attributes import integer, number_of
from fdt_mlir.bindings import ir

# RELU6, RELU_N1_TO_1, RELU_0_TO_1. (The bounds of RELU are a zero point and the type's limit.)
_RANGES = ((0.0, 6.0), (-1.0, 1.0), (0.0, 1.0))


def match_activation_range(clamp: ir.Operation) -> None:
    """Let a `tosa.clamp` end where the reference's does.

    The reference divides the real bound by `fdt.scale` in floats, the converter in doubles; they
    differ by 1 where the quotient is half way between two integers, in one of them.
    Source: CalculateActivationRangeQuantized of TFLite.
    """
    scale, zero_point = number_of(clamp.attributes["fdt.scale"]), integer(clamp, "fdt.zero_point")
    element = ir.RankedTensorType(clamp.results[0].type).element_type
    assert isinstance(element, ir.IntegerType)
    given = integer(clamp, "min_val"), integer(clamp, "max_val")
    for bounds in _RANGES:
        in_doubles, in_floats = (
            tuple(_clipped(zero_point + _round(quotient), element.width) for quotient in quotients)
            for quotients in (
                [bound / scale for bound in bounds],
                [float(np.float32(bound) / np.float32(scale)) for bound in bounds],
            )
        )
        if given == in_doubles != in_floats:
            low, high = in_floats
            clamp.attributes["min_val"] = ir.IntegerAttr.get(element, low)
            clamp.attributes["max_val"] = ir.IntegerAttr.get(element, high)
            return


def _round(number: float) -> int:
    """Half away from zero."""
    return int(math.copysign(math.floor(abs(number) + 0.5), number))


def _clipped(number: int, width: int) -> int:
    return min(max(number, -(1 << (width - 1))), (1 << (width - 1)) - 1)
