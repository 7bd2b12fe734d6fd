"""Multiplications by real numbers in integers, as TFLite's kernels round them.

A multiplier is mantissa * 2**-shift; both may be arrays, one number for each channel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.scalars import INT32, INT64, Scalar, convert, literal
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.real_multiplier import fixed_point

_LEAST_REDUCED = 0x7FFF0000
_DOUBLE_BITS = 53
_PART_BITS = 31
_GREATEST_SHIFT = 62


@dataclass(frozen=True)
class Multiplier:
    """TFLite's quantised multiplier: a mantissa of 31 bits, and by how much it is shifted right.

    shift counts from the mantissa's lowest bit: 31 stands for a multiplier from a half to one.
    """

    mantissa: int
    shift: int

    @staticmethod
    def of(real: float) -> Multiplier:
        """After TFLite's QuantizeMultiplier: what is too small is 0."""
        if real == 0:
            return Multiplier(0, 31)
        mantissa, shift = fixed_point(real)
        return Multiplier(0, 31) if shift > 62 else Multiplier(mantissa, shift)

    def times(self, value: Scalar) -> Scalar:
        """An int32 times the multiplier, in int32: rounded twice where it is less than a half."""
        left, right = max(31 - self.shift, 0), max(self.shift - 31, 0)
        wide = convert(value, INT64)
        shifted = wide << left if left else wide
        high = (shifted * self.mantissa + (1 << 30)) >> 31
        return convert(divided_by_power(high, right), INT32)


def divided_by_power(value: Scalar, power: int) -> Scalar:
    """value / 2**power, rounded half away from zero."""
    if power == 0:
        return value
    bits = 8 * value.dtype.itemsize
    sign = value >> (bits - 1)  # -1 for negative numbers
    return (value + (1 << (power - 1)) + sign) >> power


@dataclass(frozen=True)
class WideMultipliers:
    """Multipliers of int64 sums, with mantissas of 15 bits; tensors of one number per channel.

    After TFLite's MultiplyByQuantizedMultiplier for int64: rounded once, halves up.
    """

    mantissa: Tensor
    shift: Tensor

    @staticmethod
    def of(reals: Array) -> WideMultipliers:
        pairs = [Multiplier.of(float(real)) for real in np.atleast_1d(reals)]
        mantissas = [reduced_mantissa(pair.mantissa) for pair in pairs]
        shifts = [pair.shift - 16 for pair in pairs]
        return WideMultipliers(
            constant(np.array(mantissas, np.int32)), constant(np.array(shifts, np.int8))
        )


def reduced_mantissa(mantissa: int) -> int:
    """The upper 15 bits of a mantissa, rounded."""
    return (mantissa + (1 << 15)) >> 16 if mantissa < _LEAST_REDUCED else 0x7FFF


def times_wide(total: Scalar, mantissa: Scalar, shift: Scalar) -> Scalar:
    """An int64 sum times a multiplier of WideMultipliers, in int32."""
    places = convert(shift, INT64)
    half = literal(1, INT64) << (places - 1)
    product = convert(total, INT64) * convert(mantissa, INT64)
    return convert((product + half) >> places, INT32)


@dataclass(frozen=True)
class ExactMultipliers:
    """Multipliers of sums as exact as doubles, one for each channel, rounded once.

    mantissa = high * 2**part_bits + low; each part times a sum fits 63 bits. For sums of up to 35
    bits the mantissa has all 53 bits of a double. may_tie: whether a sum times a multiplier can lie
    exactly between two integers, which are then rounded away from zero.
    """

    high: Tensor
    low: Tensor
    shift: Tensor
    part_bits: int
    may_tie: bool

    @staticmethod
    def of(reals: Array, reach: int) -> ExactMultipliers:
        """Multipliers of sums that are at most `reach` in magnitude."""
        part_bits = min(_PART_BITS, 62 - reach.bit_length())
        bits = min(_DOUBLE_BITS, 2 * part_bits)
        highs: list[int] = []
        lows: list[int] = []
        shifts: list[int] = []
        may_tie = False
        for real in np.atleast_1d(reals):
            fraction, exponent = math.frexp(float(real))
            mantissa, shift = round(math.ldexp(fraction, bits)), bits - exponent
            if shift - part_bits > _GREATEST_SHIFT:
                mantissa, shift = 0, part_bits + 1
            trailing = (mantissa & -mantissa).bit_length() - 1
            may_tie |= mantissa != 0 and shift - 1 - trailing < reach.bit_length()
            highs.append(mantissa >> part_bits)
            lows.append(mantissa & ((1 << part_bits) - 1))
            shifts.append(shift - part_bits)
        return ExactMultipliers(
            constant(np.array(highs, np.int32)),
            constant(np.array(lows, np.int32)),
            constant(np.array(shifts, np.int8)),
            part_bits,
            may_tie,
        )

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.high, self.low, self.shift

    def times(self, total: Scalar, high: Scalar, low: Scalar, shift: Scalar) -> Scalar:
        """A sum times its multiplier, in int32: floor(x + 1/2), or -floor(-x + 1/2) below zero."""
        wide = convert(total, INT64)
        below = wide * convert(low, INT64)
        product = wide * convert(high, INT64) + (below >> self.part_bits)
        places = convert(shift, INT64)
        half = literal(1, INT64) << (places - 1)
        if self.may_tie:
            # Only where nothing was cut off is a half a half.
            is_whole = (below & ((1 << self.part_bits) - 1)).compare("==", 0)
            is_tie = is_whole & wide.compare("<", 0)
            half = half - convert(is_tie, INT64)
        return convert((product + half) >> places, INT32)
