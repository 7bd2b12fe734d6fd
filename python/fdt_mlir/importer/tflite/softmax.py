"""SOFTMAX over the last dimension: of floats, and of integers in the reference's fixed point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fdt_mlir.importer.gemmlowp import Words
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import constant_value
from fdt_mlir.importer.onnx.reductions import greatest, softmax_of_floats, total
from fdt_mlir.importer.onnx.scalars import (
    INT32,
    Scalar,
    clip,
    convert,
    function,
    literal,
    look_up,
    minimum,
)
from fdt_mlir.importer.onnx.tensor import Tensor
from fdt_mlir.importer.real_multiplier import fixed_point, single
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.fixed_point import Multiplier
from fdt_mlir.importer.tflite.tables import interpolated_entry, interpolation_table

_BETA = 0  # id of a field in SoftmaxOptions
_WORDS = Words(32)
ARGUMENT_BITS = 5  # exponentials of bytes are taken of Q5.26
SUM_BITS = 12  # and summed in Q12.19
_BYTES = 256
# Tables of 16-bit softmax: exp of -10 to 0, and 1 / (1 + x) of 0 to 1.
_LEAST_ARGUMENT = -10.0
_TABLE_STEPS = 65535
_GREATEST = 32767


def has_beta(call: Call) -> bool:
    """Whether the arguments of a softmax are multiplied by something other than 1."""
    return call.real_option(_BETA) != 1


def softmax(call: Call) -> Sequence[Tensor]:
    """SOFTMAX of floats with any beta."""
    source, beta = call.tensor(0), call.real_option(_BETA)
    scaled = elementwise((source,), source.dtype, lambda element: element * beta)
    return [softmax_of_floats(scaled, source.rank - 1)]


def softmax_of_bytes(call: Call) -> Sequence[Tensor]:
    """SOFTMAX of int8, to int8 or int16: after LiteRT's reference_ops::Softmax.

    Exponentials come from a table, since there are no more than 256 differences to the greatest.
    """
    source = call.tensor(0)
    arguments = ExponentialArguments.of(call.scale() * call.real_option(_BETA))
    table = constant_value(np.array(arguments.exponentials(), np.int32))
    limits = call.bounds()
    result_bits = call.result_dtype.itemsize * 8

    def power(element: Scalar, top: Scalar) -> Scalar:
        return look_up(table, INT32, convert(top, INT32) - convert(element, INT32))

    def inverse(whole: Scalar) -> Scalar:
        # The sum is shifted to one from a half to 1.
        half = whole << (function("ctlz", whole) - 1)
        return _WORDS.multiplied(_WORDS.reciprocal(half), 2)

    def share(part: Scalar, whole: Scalar, inverse_whole: Scalar) -> Scalar:
        product = _WORDS.product(inverse_whole, part)
        above_one = literal(SUM_BITS, INT32) - function("ctlz", whole)
        shifted = _halved(product >> minimum(above_one + (30 - result_bits), 31))
        return convert(clip(shifted + limits[0], *limits), call.result_dtype)

    axes = (source.rank - 1,)
    powers = elementwise((source, greatest(source, axes)), INT32, power)
    parts = elementwise((powers,), INT32, lambda value: _halved(value >> (SUM_BITS - 1)))
    sums = total(parts, axes)
    inverses = elementwise((sums,), INT32, inverse)
    return [elementwise((powers, sums, inverses), call.result_dtype, share)]


def softmax_of_words(call: Call) -> Sequence[Tensor]:
    """SOFTMAX of int16: after LiteRT's reference_ops::SoftmaxInt16, from two tables."""
    source, dtype = call.tensor(0), call.result_dtype
    step = -_LEAST_ARGUMENT / _TABLE_STEPS
    unit = single(2 / _TABLE_STEPS)
    exponentials = constant_value(interpolation_table(math.exp, single(step), _GREATEST, unit, 0))
    reciprocals = constant_value(
        interpolation_table(
            lambda x: single(1 / single(1 + x)), single(1 / _TABLE_STEPS), -32768, unit, 0
        )
    )
    multiplier = Multiplier.of(call.scale() * call.real_option(_BETA) / step)

    def power(element: Scalar, top: Scalar) -> Scalar:
        scaled = multiplier.times(convert(element, INT32) - convert(top, INT32))
        place = clip(scaled + _GREATEST, -32768, 32767)
        return interpolated_entry(exponentials, place)

    def inverse(whole: Scalar) -> Scalar:
        # 1 / (1 + x) of a sum shifted to 1 + x, as a number of 16 bits.
        shifted = whole << (function("ctlz", whole) - 1)
        place = ((shifted - (1 << 30)) + (1 << 13)) >> 14
        return interpolated_entry(reciprocals, clip(place - 32768, -32768, 32767))

    def share(part: Scalar, whole: Scalar, inverse_whole: Scalar) -> Scalar:
        places = literal(30, INT32) - function("ctlz", whole)
        return convert(clip(_halved((part * inverse_whole) >> places), 0, _GREATEST), dtype)

    axes = (source.rank - 1,)
    powers = elementwise((source, greatest(source, axes)), INT32, power)
    sums = total(powers, axes)
    inverses = elementwise((sums,), INT32, inverse)
    return [elementwise((powers, sums, inverses), dtype, share)]


@dataclass(frozen=True)
class ExponentialArguments:
    """Of bytes and how far they are below the greatest: the arguments of exponentials, in Q5.26.

    multiplier: by which differences become arguments; most: the greatest difference that counts.
    """

    multiplier: Multiplier
    most: int

    @staticmethod
    def of(scale: float) -> ExponentialArguments:
        """After TFLite's PreprocessSoftmaxScaling and CalculateInputRadius."""
        unit = 1 << (31 - ARGUMENT_BITS)
        multiplier = Multiplier(*fixed_point(min(scale * unit, float(_WORDS.one))))
        left = 31 - multiplier.shift
        assert left >= 0, f"beta and the scale of the input are too small: {scale:g}"
        return ExponentialArguments(multiplier, ((1 << ARGUMENT_BITS) - 1) * unit >> left)

    def table(self) -> list[int]:
        """The argument of each difference from 0 to 255; those beyond `most` count as `most`."""
        left = 31 - self.multiplier.shift
        return [
            _WORDS.product(-min(difference, self.most) << left, self.multiplier.mantissa)
            for difference in range(_BYTES)
        ]

    def exponentials(self) -> list[int]:
        """exp of each argument in Q0.31; 0 from where the reference leaves terms out."""
        return [
            _WORDS.exp(argument, ARGUMENT_BITS) if difference <= self.most else 0
            for difference, argument in enumerate(self.table())
        ]


def _halved(value: Scalar) -> Scalar:
    """Half of a number that is not negative, halves rounded up: the last step of a shift."""
    return (value + 1) >> 1
