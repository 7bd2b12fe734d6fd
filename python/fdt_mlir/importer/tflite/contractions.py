"""Convolutions and fully connected layers of 16-bit activations with 8-bit weights.

Products are summed in int32 where no sum can leave it, else in int64, as the reference always does;
the bias is int64. Zero points are 0: the format demands it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute, pad
from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.rearrange import concatenated, narrowed
from fdt_mlir.importer.onnx.scalars import INT32, INT64, Scalar, clip, convert
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, constant
from fdt_mlir.importer.onnx.views import merge, reshape, split
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.fixed_point import (
    ExactMultipliers,
    WideMultipliers,
    times_wide,
)
from fdt_mlir.importer.tflite.windows import Window

# Ids of fields in Conv2DOptions; DepthwiseConv2DOptions has one more before the activation.
_PADDING, _STRIDE_W, _STRIDE_H = 0, 1, 2
_CONV_ACTIVATION, _CONV_DILATION = 3, 4
_DEPTHWISE_ACTIVATION, _DEPTHWISE_DILATION = 4, 5
_DENSE_ACTIVATION = 0
_TRANSPOSE_ACTIVATION = 3
_GREATEST_PRODUCT = 128 * 32768
_INT32_END = 1 << 31


@dataclass(frozen=True)
class _Sums:
    """How products are summed: from `start`, one number per channel, in `dtype`.

    reach: no sum is greater in magnitude.
    """

    start: Array
    dtype: Dtype
    reach: int

    @staticmethod
    def of(call: Call, bias: int, count: int, products: int) -> _Sums:
        """Sums of so many products each, with the bias that is operand `bias`."""
        start = np.zeros(count, np.int64)
        if call.has(bias):
            start = call.constant(bias, "its bias").astype(np.int64)
        reach = products * _GREATEST_PRODUCT + int(np.abs(start).max(initial=0))
        dtype = INT32 if reach < _INT32_END else INT64
        return _Sums(start.astype(dtype), dtype, reach)

    def part(self, first: int, count: int) -> _Sums:
        return _Sums(self.start[first : first + count], self.dtype, self.reach)

    def body(self, element: Scalar, weight: Scalar, total: Scalar) -> Scalar:
        """A product fits int32, whatever the sum is held in."""
        product = convert(element, INT32) * convert(weight, INT32)
        return total + convert(product, self.dtype)


def conv(call: Call) -> Sequence[Tensor]:
    """CONV_2D; weights are (channels of the result, rows, columns, channels of a group)."""
    image, weights = call.tensor(0), call.constant(1, "its weights")
    count, height, width, depth = weights.shape
    window = _window(call, (height, width), _CONV_DILATION)
    sums = _Sums.of(call, 2, count, height * width * depth)
    rescale = _Rescale.of(call, (0, 1), _CONV_ACTIVATION)
    padded = window.padded(image, 0)
    groups = image.shape[3] // depth
    if image.shape[3] % depth or count % groups:
        raise ValueError(f"{image.shape[3]} channels, weights of shape {weights.shape}")
    each = count // groups
    parts: list[Tensor] = []
    for group in range(groups):
        part = narrowed(padded, 3, group * depth, depth) if groups > 1 else padded
        rows = slice(group * each, (group + 1) * each)
        convolved = _convolved(part, weights[rows], sums.part(group * each, each), window)
        parts.append(rescale.part(group * each, each).applied(convolved))
    return [concatenated(parts, 3) if groups > 1 else parts[0]]


def _convolved(padded: Tensor, weights: Array, sums: _Sums, window: Window) -> Tensor:
    count, height, width, depth = weights.shape
    loops = Loops((0, 1, 2, 3), (height, width, depth))
    n, y, x, channel = loops.result
    rows, columns, inner = loops.reduced
    reads = [
        Read(padded, (n, *window.index((y, x), (rows, columns)), inner)),
        Read(constant(weights).with_order((1, 2, 3, 0)), (channel, rows, columns, inner)),
    ]
    shape = (padded.shape[0], *window.result, count)
    return compute(shape, sums.dtype, loops, reads, sums.body, constant(sums.start))


def depthwise_conv(call: Call) -> Sequence[Tensor]:
    """DEPTHWISE_CONV_2D; weights are (1, rows, columns, channels * multiplier)."""
    image, weights = call.tensor(0), call.constant(1, "its weights")
    _, height, width, count = weights.shape
    window = _window(call, (height, width), _DEPTHWISE_DILATION)
    channels = image.shape[3]
    multiplier = count // channels
    sums = _Sums.of(call, 2, count, height * width)
    # The result as (batch, rows, columns, channels, multiplier): every index is a loop of its own.
    loops = Loops((0, 1, 2, 3, 4), (height, width))
    n, y, x, channel, copy = loops.result
    rows, columns = loops.reduced
    split = weights.reshape(height, width, channels, multiplier)
    reads = [
        Read(window.padded(image, 0), (n, *window.index((y, x), (rows, columns)), channel)),
        Read(constant(split), (rows, columns, channel, copy)),
    ]
    start = constant(sums.start.reshape(channels, multiplier))
    shape = (image.shape[0], *window.result, channels, multiplier)
    total = merge(compute(shape, sums.dtype, loops, reads, sums.body, start), 3)
    return [_Rescale.of(call, (0, 1), _DEPTHWISE_ACTIVATION).applied(total)]


def fully_connected(call: Call) -> Sequence[Tensor]:
    """FULLY_CONNECTED; weights are (units, depth)."""
    weights = call.constant(1, "its weights")
    units, depth = weights.shape
    source = call.tensor(0)
    rows = reshape(source, (math.prod(source.shape) // depth, depth))
    sums = _Sums.of(call, 2, units, depth)
    loops = Loops((0, 1), (depth,))
    row, unit = loops.result
    reads = [
        Read(rows, (row, *loops.reduced)),
        Read(constant(weights).with_order((1, 0)), (unit, *loops.reduced)),
    ]
    shape = (rows.shape[0], units)
    total = compute(shape, sums.dtype, loops, reads, sums.body, constant(sums.start))
    result = _Rescale.of(call, (0, 1), _DENSE_ACTIVATION).applied_exactly(total, sums.reach)
    return [reshape(result, call.result().shape)]


def transpose_conv(call: Call) -> Sequence[Tensor]:
    """TRANSPOSE_CONV: a convolution of the image with zeros between its elements.

    Operands are the shape of the result, weights (channels of the result, rows, columns, channels),
    the image, and maybe a bias.
    """
    weights, image = call.constant(1, "its weights"), call.tensor(2)
    count, height, width, depth = weights.shape
    strides = (call.option(_STRIDE_H), call.option(_STRIDE_W))
    shape = call.result().shape
    window = Window.of(
        (shape[1], shape[2]),
        (image.shape[1], image.shape[2]),
        (height, width),
        strides,
        (1, 1),
        call.option(_PADDING, "<b"),
    )
    spread = _spread(image, window, shape[1:3])
    sums = _Sums.of(call, 3, count, height * width * depth)
    turned = np.ascontiguousarray(weights[:, ::-1, ::-1, :])
    plain = Window((height, width), (1, 1), (1, 1), (0, 0), window.source, window.source)
    total = _convolved(spread, turned, sums, plain)
    return [_Rescale.of(call, (2, 1), _TRANSPOSE_ACTIVATION).applied(total)]


def _spread(image: Tensor, window: Window, result: Sequence[int]) -> Tensor:
    """The image with zeros between its elements and around it, for a window that moves by one."""
    for n in range(2):
        image = _with_zeros(image, 1 + n, window.strides[n])
    low = [window.kernel[n] - 1 - window.before[n] for n in range(2)]
    high = [result[n] + window.kernel[n] - 1 - low[n] - image.shape[1 + n] for n in range(2)]
    return pad(image, [0, *low, 0], [0, *high, 0], 0)


def _with_zeros(image: Tensor, dim: int, stride: int) -> Tensor:
    """Zeros behind each element along a dimension, as many as make `stride` of one."""
    if stride == 1:
        return image
    apart = split(image, dim, (image.shape[dim], 1))
    behind = [0] * apart.rank
    behind[dim + 1] = stride - 1
    return merge(pad(apart, [0] * apart.rank, behind, 0), dim)


@dataclass(frozen=True)
class _Rescale:
    """From sums to stored results: multipliers of channels, or one for all, and bounds."""

    reals: Array
    bounds: tuple[int, int]
    dtype: Dtype

    @staticmethod
    def of(call: Call, operands: tuple[int, int], activation: int) -> _Rescale:
        """After the operands that are multiplied, and the fused activation."""
        source, weights = operands
        known = call.declared(weights).quantization
        assert known is not None
        scales = np.array(known.scales, np.float64)
        reals = call.scale(source) * scales / call.result_scale
        return _Rescale(reals, call.bounds(activation), call.result_dtype)

    def part(self, first: int, count: int) -> _Rescale:
        reals = self.reals if self.reals.size == 1 else self.reals[first : first + count]
        return _Rescale(reals, self.bounds, self.dtype)

    def applied(self, sums: Tensor) -> Tensor:
        """Results of sums whose last dimension holds the channels."""
        multipliers = WideMultipliers.of(self.reals)

        def store(total: Scalar, mantissa: Scalar, shift: Scalar) -> Scalar:
            scaled = times_wide(total, mantissa, shift)
            return convert(clip(scaled, *self.bounds), self.dtype)

        return elementwise((sums, multipliers.mantissa, multipliers.shift), self.dtype, store)

    def applied_exactly(self, sums: Tensor, reach: int) -> Tensor:
        """The same for fully connected layers, whose reference multiplies by doubles."""
        multipliers = ExactMultipliers.of(self.reals, reach)

        def store(total: Scalar, high: Scalar, low: Scalar, shift: Scalar) -> Scalar:
            scaled = multipliers.times(total, high, low, shift)
            return convert(clip(scaled, *self.bounds), self.dtype)

        return elementwise((sums, *multipliers.tensors), self.dtype, store)


def _window(call: Call, kernel: tuple[int, int], dilation: int) -> Window:
    source, result = call.declared(0).shape, call.result().shape
    return Window.of(
        (source[1], source[2]),
        (result[1], result[2]),
        kernel,
        (call.option(_STRIDE_H), call.option(_STRIDE_W)),
        (call.option(dilation + 1, default=1), call.option(dilation, default=1)),
        call.option(_PADDING, "<b"),
    )
