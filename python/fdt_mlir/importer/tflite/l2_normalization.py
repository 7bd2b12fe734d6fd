"""L2_NORMALIZATION of int8: inverse square roots of integers in fixed point.

After TFLite's GetInvSqrtQuantizedMultiplierExp: 1 / sqrt(n) = mantissa * 2**(-31 - shift).
"""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.importer.gemmlowp import Words
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.reductions import total
from fdt_mlir.importer.onnx.scalars import (
    INT32,
    INT64,
    Scalar,
    clip,
    convert,
    function,
    literal,
    maximum,
    select,
)
from fdt_mlir.importer.onnx.tensor import Tensor
from fdt_mlir.importer.tflite.call import Call

_WORDS = Words(32)
_FIRST_SHIFT = 11
_GREATEST = 1 << 29  # from here on a number is divided by 4
_ONE_Q3, _HALF_THREE_Q3 = 1 << 28, 3 << 27
_HALF_ROOT_TWO = 1518500250  # sqrt(2) / 2 in Q0.31
_STEPS = 5  # of Newton's method, which begins at 1
_UNIT_SHIFT = 7  # an L2 norm of 1 is 128


def l2_normalization(call: Call) -> Sequence[Tensor]:
    """L2_NORMALIZATION of int8 over the last dimension: after LiteRT's L2Normalization."""
    source, dtype, zero_point = call.tensor(0), call.result_dtype, call.zero_point()

    def square(element: Scalar) -> Scalar:
        moved = convert(element, INT32) - zero_point
        return moved * moved

    def store(element: Scalar, sums: Scalar, mantissa: Scalar) -> Scalar:
        shift = literal(_UNIT_SHIFT, INT32) - _shift(sums)
        moved = (convert(element, INT32) - zero_point) << maximum(shift, 0)
        scaled = _divided(_WORDS.product(moved, mantissa), maximum(literal(0, INT32) - shift, 0))
        return convert(clip(scaled, *call.bounds()), dtype)

    sums = total(elementwise((source,), INT32, square), (source.rank - 1,))
    mantissas = elementwise((sums,), INT32, _mantissa)
    return [elementwise((source, sums, mantissas), dtype, store)]


def _shift(value: Scalar) -> Scalar:
    """By how much the inverse root of a number is shifted right."""
    reduced, divided_by_four = _reduced(value)
    shift = convert(divided_by_four, INT32) + _FIRST_SHIFT - _pairs(reduced)
    return select(value.compare("<=", 1), literal(0, INT32), maximum(shift, 0))


def _mantissa(value: Scalar) -> Scalar:
    """The inverse root of a number, 0 counting as 1, before it is shifted."""
    reduced, _ = _reduced(value)
    pairs = _pairs(reduced)
    # The number, shifted by an even amount to one from 1/2 to 2, and half of it.
    number = (reduced << (pairs + pairs)) >> 1
    half = (number + 1) >> 1
    root = literal(_ONE_Q3, INT32)
    for _ in range(_STEPS):
        cubed = _WORDS.multiplied(_WORDS.product(_WORDS.product(root, root), root), 1 << 6)
        difference = _WORDS.product(root, _HALF_THREE_Q3) - _WORDS.product(half, cubed)
        root = _WORDS.multiplied(difference, 1 << 3)
    root = _WORDS.product(root, _HALF_ROOT_TWO)
    # A negative shift is part of the mantissa.
    negative = maximum(pairs - _FIRST_SHIFT, 0)
    return select(value.compare("<=", 1), literal(_WORDS.one, INT32), root << negative)


def _reduced(value: Scalar) -> tuple[Scalar, Scalar]:
    """A number below 2**29, and whether it was divided by 4 for that."""
    is_large = value.compare(">=", _GREATEST)
    return select(is_large, value >> 2, maximum(value, 2)), is_large


def _pairs(value: Scalar) -> Scalar:
    """How many pairs of leading zeros a number has, sign and one pair aside."""
    return ((function("ctlz", value) - 1) >> 1) - 1


def _divided(value: Scalar, power: Scalar) -> Scalar:
    """value / 2**power, rounded half away from zero."""
    nudge = (literal(1, INT32) << power) >> 1
    sign = select(power.compare("==", 0), literal(0, INT32), value >> 31)
    return convert(
        (convert(value + sign, INT64) + convert(nudge, INT64)) >> convert(power, INT64), INT32
    )
