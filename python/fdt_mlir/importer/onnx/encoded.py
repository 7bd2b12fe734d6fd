"""Floats that are stored as integers: to floats, to other integers, through functions of a byte.

DequantizeLinear computes nothing: its result is the integers, and what they stand for. Who needs
floats asks for `real`; QuantizeLinear asks for `quantised`, where integers become other integers
by fixed-point arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import constant_value
from fdt_mlir.importer.onnx.quantisation import Array, Quantisation
from fdt_mlir.importer.onnx.scalars import (
    FLOAT,
    INT32,
    INT64,
    Scalar,
    clip,
    convert,
    function,
    literal,
)
from fdt_mlir.importer.onnx.scalars import look_up as look_up_scalar
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, constant

_MANTISSA_BITS = 31


@dataclass(frozen=True)
class FixedPoint:
    """real = mantissa * 2**-shift, for each element of an array that broadcasts to the tensor's.

    May be a tie: an integer times the mantissa may lie exactly between two results.
    """

    mantissa: Array
    shift: Array
    may_tie: bool


def real(tensor: Tensor) -> Tensor:
    """The float32 numbers of a tensor."""
    if tensor.table is not None:
        return _looked_up(tensor, tensor.table, FLOAT)
    if tensor.quantisation is None:
        return tensor
    if tensor.data is not None:
        return constant(tensor.quantisation.real(tensor.data))
    scale = constant(tensor.quantisation.scale.astype(np.float32))
    zero = constant(tensor.quantisation.zero_point.astype(np.int32))

    def dequantise(stored: Scalar, zero: Scalar, scale: Scalar) -> Scalar:
        return convert(convert(stored, INT32) - zero, FLOAT) * scale

    return elementwise((plain(tensor), zero, scale), FLOAT, dequantise)


def plain(tensor: Tensor) -> Tensor:
    """The integers themselves."""
    return replace(tensor, quantisation=None, table=None)


def quantised(tensor: Tensor, wanted: Quantisation, dtype: Dtype) -> Tensor:
    """The integers that stand for a tensor's numbers, as QuantizeLinear gives them.

    Integers become integers by a multiplication and a shift, rounded half to even where that can
    show; floats are divided by the scale.
    """
    if tensor.table is not None:
        return _looked_up(tensor, wanted.stored(tensor.table, dtype), dtype)
    given = tensor.quantisation
    if given is None:
        return _from_floats(tensor, wanted, dtype)
    if given.equals(wanted) and tensor.dtype == dtype:
        return plain(tensor)
    if tensor.data is not None:
        return constant(wanted.stored(given.real(tensor.data), dtype))
    if tensor.dtype.itemsize == 1 and given.is_per_tensor and wanted.is_per_tensor:
        return _looked_up(tensor, wanted.stored(given.real(every_byte(tensor.dtype)), dtype), dtype)
    return _rescaled(tensor, given, wanted, dtype)


def every_byte(dtype: Dtype) -> Array:
    """All numbers of a type of one byte, in ascending order."""
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1).astype(dtype)


def fixed_point(factor: Array) -> FixedPoint:
    """Integers for real factors, with mantissas of 31 bits."""
    fraction, exponent = np.frexp(np.asarray(factor, np.float64))
    mantissa = np.rint(fraction * (1 << _MANTISSA_BITS)).astype(np.int64)
    shift = (_MANTISSA_BITS - exponent).astype(np.int64)
    # The nearest to one is one: it would take 32 bits.
    overflows = mantissa == 1 << _MANTISSA_BITS
    mantissa, shift = np.where(overflows, mantissa >> 1, mantissa), shift - overflows
    if (mantissa == 1 << (_MANTISSA_BITS - 1)).all() and (shift >= _MANTISSA_BITS).all():
        # Powers of two of at most a half: a shift alone.
        mantissa, shift = np.ones_like(mantissa), shift - (_MANTISSA_BITS - 1)
    # No more than 62 bits are shifted out.
    mantissa = np.where(shift > 62, mantissa >> np.minimum(shift - 62, 62), mantissa)
    return FixedPoint(mantissa.astype(np.int32), np.minimum(shift, 62), _may_tie(mantissa, shift))


def _may_tie(mantissa: Array, shift: Array) -> bool:
    """Whether an accumulator times a mantissa can lie between two results.

    With an odd mantissa that takes an accumulator of a multiple of 2**(shift - 1).
    """
    for number, places in zip(mantissa.reshape(-1), shift.reshape(-1), strict=True):
        trailing = (int(number) & -int(number)).bit_length() - 1
        if number and places - trailing - 1 < _MANTISSA_BITS:
            return True
    return False


def scaled(value: Scalar, mantissa: Scalar, shift: Scalar, may_tie: bool) -> Scalar:
    """value * mantissa * 2**-shift as int64, rounded to the nearest; halves up, or to even."""
    product = convert(value, INT64) * convert(mantissa, INT64)
    half = literal(1, INT64) << (shift - 1)
    if may_tie:
        # Before an even result the half is rounded down.
        half = half - 1 + ((product >> shift) & 1)
    return (product + half) >> shift


def _rescaled(tensor: Tensor, given: Quantisation, wanted: Quantisation, dtype: Dtype) -> Tensor:
    factors = given.scale / wanted.scale
    factor = fixed_point(factors)
    limits = np.iinfo(dtype)
    # A product with more than one may leave the 32 bits before it is clipped.
    is_narrow = bool((factors <= 1).all())

    def rescale(
        stored: Scalar, mantissa: Scalar, shift: Scalar, zero_in: Scalar, zero_out: Scalar
    ) -> Scalar:
        value = convert(stored, INT32) - zero_in
        result = scaled(value, mantissa, convert(shift, INT64), factor.may_tie)
        result = convert(result, INT32) if is_narrow else result
        moved = result + convert(zero_out, result.dtype)
        return convert(clip(moved, int(limits.min), int(limits.max)), dtype)

    numbers = [
        factor.mantissa,
        factor.shift.astype(np.int8),
        given.zero_point.astype(np.int32),
        wanted.zero_point.astype(np.int32),
    ]
    return elementwise([plain(tensor), *(constant(n) for n in numbers)], dtype, rescale)


def _from_floats(tensor: Tensor, wanted: Quantisation, dtype: Dtype) -> Tensor:
    if tensor.data is not None:
        return constant(wanted.stored(tensor.data, dtype))
    limits = np.iinfo(dtype)
    scale = constant(wanted.scale.astype(np.float32))
    zero = constant(wanted.zero_point.astype(np.float32))

    def quantise(number: Scalar, scale: Scalar, zero: Scalar) -> Scalar:
        # Saturating before the conversion to an integer keeps that conversion defined.
        rounded = function("roundeven", number / scale) + zero
        return convert(convert(clip(rounded, limits.min, limits.max), INT32), dtype)

    return elementwise((tensor, scale, zero), dtype, quantise)


def _looked_up(tensor: Tensor, entries: Array, dtype: Dtype) -> Tensor:
    """What a table has for each byte of a tensor."""
    if tensor.data is not None:
        positions = tensor.data.astype(np.int64) - np.iinfo(tensor.dtype).min
        return constant(entries[positions].astype(dtype))
    table = constant_value(entries.astype(dtype))
    least = int(np.iinfo(tensor.dtype).min)

    def entry(stored: Scalar) -> Scalar:
        position = convert(stored, INT32)
        return look_up_scalar(table, dtype, position - least if least else position)

    return elementwise((plain(tensor),), dtype, entry)
