"""Functions of one quantised tensor from tables: whole ones for bytes, interpolated for 16 bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import constant_value
from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.scalars import (
    INT16,
    INT32,
    Scalar,
    absolute,
    clip,
    convert,
    literal,
    look_up,
    select,
)
from fdt_mlir.importer.onnx.tensor import Tensor
from fdt_mlir.importer.real_multiplier import single
from fdt_mlir.importer.tflite.call import Call, rounded

_STEPS = 512  # of an interpolated table of 16-bit numbers
_SIGMOID_STEPS = 256
_SIGMOID_PER_UNIT = 24  # entries of the table of sigmoids for an argument of 1
_SATURATED = 255

Function = Callable[[float], float]


def byte_table(call: Call, function: Function) -> Tensor:
    """The result of a function of int8, computed for each of its 256 values in single precision.

    After LiteRT's PopulateLookupTable.
    """
    scale, zero_point = single(call.scale()), call.zero_point()
    inverse = single(1 / single(call.result_scale))
    limits = call.bounds()
    entries: list[int] = []
    for stored in range(-128, 128):
        real = single(function(single(scale * (stored - zero_point))))
        result = rounded(single(real * inverse)) + call.result_zero_point
        entries.append(min(max(result, limits[0]), limits[1]))
    table = constant_value(np.array(entries, np.int8))
    dtype = call.result_dtype

    def entry(element: Scalar) -> Scalar:
        return look_up(table, dtype, convert(element, INT32) + 128)

    return elementwise((call.tensor(0),), dtype, entry)


def elu(call: Call) -> Sequence[Tensor]:
    """ELU of int8."""
    return [byte_table(call, lambda x: single(single(math.exp(x)) - 1) if x < 0 else x)]


def interpolated(call: Call, function: Function) -> Tensor:
    """The result of a function of int16, interpolated between 513 entries.

    After LiteRT's LUTLookup for int16: the upper 9 bits choose an entry, the lower 7 a place
    between it and the next.
    """
    entries = interpolation_table(
        function, call.scale(), call.zero_point(), call.result_scale, call.result_zero_point
    )
    table = constant_value(entries)
    dtype = call.result_dtype

    def between(element: Scalar) -> Scalar:
        return convert(interpolated_entry(table, convert(element, INT32)), dtype)

    return elementwise((call.tensor(0),), dtype, between)


def interpolated_entry(table: ir.Value, value: Scalar) -> Scalar:
    """What a table of 513 entries of int16 gives for a number of 16 bits, in int32."""
    place = (value >> 7) + _STEPS // 2
    base = convert(look_up(table, INT16, place), INT32)
    above = convert(look_up(table, INT16, place + 1), INT32)
    return base + (((above - base) * (value & 0x7F) + 64) >> 7)


def interpolation_table(
    function: Function, scale: float, zero_point: int, result_scale: float, result_zero_point: int
) -> Array:
    """513 entries of int16 that share the error of interpolation between their ends and middles.

    After LiteRT's LUTPopulateInt16, in single precision.
    """
    low, high = single(scale * (-32768 - zero_point)), single(scale * (32767 - zero_point))
    least = single(result_scale * (-32768 - result_zero_point))
    most = single(result_scale * (32767 - result_zero_point))
    step = single(single(high - low) / _STEPS)
    inverse = single(65536 / single(most - least))

    def at(place: float) -> float:
        return single(single(function(place)) * inverse)

    entries: list[int] = []
    for number in range(_STEPS):
        place = single(low + single(number * step))
        following = single(low + single((number + 1) * step))
        here = rounded(at(place))
        middle = rounded(at(single(place + single(step / 2))))
        between = rounded(single(single(at(following) + here) / 2))
        entries.append(here - rounded((between - middle) / 2))
    entries.append(rounded(at(high)))
    return np.clip(entries, -32768, 32767).astype(np.int16)


def exp(call: Call) -> Sequence[Tensor]:
    """EXP of int16."""
    return [interpolated(call, math.exp)]


def log(call: Call) -> Sequence[Tensor]:
    """LOG of int16; what has no logarithm gives the least result."""
    least = single(single(call.result_scale) * -32768)
    return [interpolated(call, lambda x: math.log(x) if x > 0 else least)]


def rsqrt(call: Call) -> Sequence[Tensor]:
    """RSQRT of int16; what has no inverse root gives the greatest result."""
    most = single(single(call.result_scale) * 32767)
    return [interpolated(call, lambda x: single(1 / single(math.sqrt(x))) if x > 0 else most)]


def logistic(call: Call) -> Sequence[Tensor]:
    """LOGISTIC of int16: after LiteRT's reference_integer_ops::Logistic."""

    def of(argument: Scalar) -> Scalar:
        value = _sigmoid(argument, bits=9, saturated=0x7FFF << 10)
        mirrored = value * -1 + ((1 << 25) + (1 << 9) - 1)
        return select(argument.compare(">=", 0), value + (1 << 9), mirrored) >> 10

    return [_of_argument(call, of)]


def tanh(call: Call) -> Sequence[Tensor]:
    """TANH of int16, as twice the sigmoid of twice the argument, less one."""

    def of(argument: Scalar) -> Scalar:
        value = _sigmoid(argument, bits=8, saturated=0xFFFF << 8) - (1 << 23)
        nudge = 1 << 7
        return select(argument.compare(">=", 0), value + nudge, value * -1 + (nudge - 1)) >> 8

    return [_of_argument(call, of)]


def _of_argument(call: Call, function: Callable[[Scalar], Scalar]) -> Tensor:
    """A function of the input in units of 1 / (3 * 4096), in which 512 is a step of the table."""
    multiplier, shift = single(call.scale()) * 4096.0 * 3.0, 0
    while multiplier <= 32767.0 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    nudge = 1 << (shift - 1) if shift else 0
    dtype = call.result_dtype

    def store(element: Scalar) -> Scalar:
        argument = (convert(element, INT32) * int(multiplier) + nudge) >> shift
        return convert(clip(function(argument), -32768, 32767), dtype)

    return elementwise((call.tensor(0),), dtype, store)


def _sigmoid(argument: Scalar, bits: int, saturated: int) -> Scalar:
    """2**(16 + bits) times the sigmoid of a magnitude, of which `bits` lie between two entries."""
    table = constant_value(sigmoid_table())
    magnitude = absolute(argument)
    place = magnitude >> bits
    inside = clip(place, 0, _SATURATED - 1)
    base = look_up(table, INT32, inside)
    slope = look_up(table, INT32, inside + 1) - base
    value = (base << bits) + (magnitude & ((1 << bits) - 1)) * slope
    return select(place.compare(">=", _SATURATED), literal(saturated, INT32), value)


def sigmoid_table() -> Array:
    """2**16 times the sigmoid of 0 to 10.6 in steps of 1/24, as LiteRT tabulates it.

    Entries are raised by half the error in the middle of a step, which is largest there; the last
    is the greatest number of 16 bits.
    """

    def at(place: float) -> float:
        return 65536 / (1 + math.exp(-place / _SIGMOID_PER_UNIT))

    entries = [
        rounded(at(n) + (at(n + 0.5) - (at(n) + at(n + 1)) / 2) / 2) for n in range(_SIGMOID_STEPS)
    ]
    return np.array([*entries[:-1], 0xFFFF], np.int32)
