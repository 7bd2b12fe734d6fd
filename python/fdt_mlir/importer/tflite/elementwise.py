"""Element by element: what TOSA lacks, rounds differently, or the converter leaves out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import same
from fdt_mlir.importer.onnx.scalars import (
    BOOL,
    INT32,
    Scalar,
    absolute,
    clip,
    convert,
    floored_remainder,
    function,
)
from fdt_mlir.importer.onnx.tensor import Tensor
from fdt_mlir.importer.tflite.call import Call, Translation
from fdt_mlir.importer.tflite.fixed_point import Multiplier

_COMPARISON_BITS = 8  # by which both sides of a comparison are shifted before they are rescaled


def absolute_value(call: Call) -> Sequence[Tensor]:
    """ABS of int8 and int16: after LiteRT's AbsEvalQuantized."""
    ratio = call.scale() / call.result_scale
    zero_in, zero_out = call.zero_point(), call.result_zero_point
    rescales = ratio != 1 or zero_in != zero_out
    multiplier = Multiplier.of(ratio)
    dtype = call.result_dtype

    def store(element: Scalar) -> Scalar:
        magnitude = absolute(convert(element, INT32) - zero_in)
        scaled = multiplier.times(magnitude) if rescales else magnitude
        return convert(clip(scaled + zero_out, *call.bounds()), dtype)

    return [elementwise((call.tensor(0),), dtype, store)]


def comparison(predicate: str) -> Translation:
    """A comparison of int8 of any scales: after LiteRT's ComparisonWithScaling."""

    def translate(call: Call) -> Sequence[Tensor]:
        sides = [(Multiplier.of(call.scale(n)), call.zero_point(n)) for n in range(2)]

        def scaled(element: Scalar, side: int) -> Scalar:
            multiplier, zero_point = sides[side]
            value = convert(element, INT32) - zero_point
            return multiplier.times(value << _COMPARISON_BITS)

        def compare(first: Scalar, second: Scalar) -> Scalar:
            return scaled(first, 0).compare(predicate, scaled(second, 1))

        return [elementwise((call.tensor(0), call.tensor(1)), BOOL, compare)]

    return translate


def gelu(call: Call) -> Sequence[Tensor]:
    """GELU of floats; the approximate one is a tanh of a polynomial."""
    is_approximate = bool(call.option(0, "<b"))

    def exact(x: Scalar) -> Scalar:
        return x * 0.5 * (function("erf", x * math.sqrt(0.5)) + 1.0)

    def approximate(x: Scalar) -> Scalar:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * 0.5 * (function("tanh", inner) + 1.0)

    source = call.tensor(0)
    return [elementwise((source,), source.dtype, approximate if is_approximate else exact)]


def floor_mod(call: Call) -> Sequence[Tensor]:
    """FLOOR_MOD: what remains has the sign of the divisor."""
    return [elementwise((call.tensor(0), call.tensor(1)), call.result_dtype, floored_remainder)]


def fill(call: Call) -> Sequence[Tensor]:
    """FILL: one element everywhere."""
    value = call.tensor(1)
    return [elementwise((value,), value.dtype, same, call.result().shape)]
