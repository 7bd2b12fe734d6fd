"""Conv, ConvTranspose and their integer relatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.contraction import (
    Factors,
    add_bias,
    bias_for,
    contract,
    factors_of,
    integer_factors,
    with_scale,
)
from fdt_mlir.importer.onnx.emit import Loops, Read, cut, pad
from fdt_mlir.importer.onnx.quantisation import Array, Quantisation
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.views import merge, reshape, split
from fdt_mlir.importer.onnx.windows import Windows, windows_of


def conv(call: Call) -> Tensor:
    """Conv: weights (out channels, in channels of a group, window), channels last inside."""
    source, weights = call.tensor(0), call.tensor(1)
    bias = call.tensor(2) if call.has(2) else None
    factors = factors_of(source, weights, channel_axes=(0,))
    return convolve(call, factors, bias)


def conv_integer(call: Call) -> Tensor:
    """ConvInteger: the sums themselves."""
    zero = call.optional(2, "the zero point")
    weight_zero = call.optional(3, "the zero point of the weights")
    weights = call.tensor(1)
    per_channel = np.zeros((), np.int64) if weight_zero is None else weight_zero
    if per_channel.size > 1:
        per_channel = per_channel.reshape(-1, *(1,) * (weights.rank - 1))
    factors = integer_factors(
        call.tensor(0), 0 if zero is None else int(zero.item()), weights, per_channel
    )
    return convolve(call, factors, None)


def convolve(call: Call, factors: Factors, bias: Tensor | None) -> Tensor:
    """The convolution that the attributes of `call` describe.

    Raises CompileError where shapes and attributes do not fit.
    """
    source, weights = factors.left, factors.right
    if source.rank < 3 or weights.rank != source.rank:
        raise call.error(
            f"an input of {source.rank} and weights of {weights.rank} dimensions",
            "both need a batch, channels, and at least one spatial dimension",
        )
    group = call.integer("group", 1)
    channels, filters = source.shape[1], weights.shape[0]
    if channels != weights.shape[1] * group or filters % group:
        raise call.error(
            f"{channels} input channels in {group} groups and weights of shape {weights.shape}",
            "weights have shape (output channels, input channels / groups, window)",
        )
    kernel = call.ints("kernel_shape", weights.shape[2:])
    windows = windows_of(call, source.shape[2:], kernel)
    factors = replace(factors, left=windows.padded(source, factors.left_zero))
    # One number per output channel, or one.
    scale = factors.scale
    if scale is not None and scale.size > 1:
        scale = scale.reshape(-1, *(1,) * windows.rank)
    if bias is not None:
        bias = _reshaped_bias(bias, (filters, *(1,) * windows.rank))
    start = bias_for(factors, bias, scale)
    if group == 1:
        sums = _dense(factors, windows, start)
    elif weights.shape[1] == 1 and filters == group:
        sums = _depthwise(factors, windows, start)
    else:
        sums = _grouped(factors, windows, start, group)
    result = with_scale(sums, factors, scale)
    return result if bias is None or start is not None else add_bias(result, bias)


def _reshaped_bias(bias: Tensor, shape: tuple[int, ...]) -> Tensor:
    if bias.data is None:
        return reshape(bias, shape)
    quantisation = bias.quantisation
    if quantisation is not None and quantisation.scale.size > 1:
        scale, zero = quantisation.scale.reshape(shape), quantisation.zero_point
        zero = zero.reshape(shape) if zero.size > 1 else zero
        quantisation = replace(quantisation, scale=scale, zero_point=zero)
    return constant(bias.data.reshape(shape), quantisation)


def _channels_last(rank: int) -> tuple[int, ...]:
    return (0, *range(2, rank + 2), 1)


def _dense(factors: Factors, windows: Windows, start: Tensor | None) -> Tensor:
    source, weights = factors.left, _window_first(factors.right)
    loops = Loops(_channels_last(windows.rank), (*windows.kernel, weights.shape[1]))
    batch, filters, *position = loops.result
    *offset, channel = loops.reduced
    left = Read(source, (batch, channel, *windows.index(tuple(position), tuple(offset))))
    right = Read(weights, (filters, channel, *offset))
    shape = (source.shape[0], weights.shape[0], *windows.result)
    return contract(factors, shape, loops, left, right, start)


def _depthwise(factors: Factors, windows: Windows, start: Tensor | None) -> Tensor:
    source, weights = factors.left, _window_first(factors.right)
    loops = Loops(_channels_last(windows.rank), windows.kernel)
    batch, channel, *position = loops.result
    offset = loops.reduced
    left = Read(source, (batch, channel, *windows.index(tuple(position), offset)))
    right = Read(weights, (channel, 0, *offset))
    shape = (source.shape[0], weights.shape[0], *windows.result)
    return contract(factors, shape, loops, left, right, start)


def _grouped(factors: Factors, windows: Windows, start: Tensor | None, group: int) -> Tensor:
    """Channels of the result are counted in two loops: the group, and the channel within."""
    source, weights = factors.left, factors.right
    within = weights.shape[1]
    per_group = weights.shape[0] // group
    rank = windows.rank
    split_weights = _window_first(split(weights, 0, (group, per_group)), 2)
    order = (0, *range(3, rank + 3), 1, 2)
    loops = Loops(order, (*windows.kernel, within) if within > 1 else windows.kernel)
    batch, number, channel, *position = loops.result
    offset = loops.reduced[:rank]
    inside = loops.reduced[rank] if within > 1 else 0
    first = number * within + inside if within > 1 else number
    left = Read(source, (batch, first, *windows.index(tuple(position), offset)))
    right = Read(split_weights, (number, channel, inside, *offset))
    if start is not None and start.shape[0] > 1:
        start = split(start, 0, (group, per_group))
    shape = (source.shape[0], group, per_group, *windows.result)
    return merge(contract(factors, shape, loops, left, right, start), 1)


def _window_first(weights: Tensor, outer: int = 1) -> Tensor:
    """Store constant weights as (window, input channels, output channels)."""
    if not weights.is_constant:
        return weights
    window = range(outer + 1, weights.rank)
    return weights.with_order((*window, outer, *range(outer)))


def conv_transpose(call: Call) -> Tensor:
    """ConvTranspose: a convolution of the input with gaps, and of weights turned around.

    Weights have shape (in channels, out channels of a group, window).
    """
    source, weights = call.tensor(0), call.tensor(1)
    bias = call.tensor(2) if call.has(2) else None
    if weights.data is None:
        raise call.error("the weights are computed at run time", "make them constant")
    rank = source.rank - 2
    group = call.integer("group", 1)
    factors = factors_of(source, _turned(weights, group), channel_axes=(0,))
    kernel = factors.right.shape[2:]
    strides = call.ints("strides", (1,) * rank)
    dilations = call.ints("dilations", (1,) * rank)
    before, extents = _transposed_extents(call, source.shape[2:], kernel, strides, dilations)
    spread = _spread(factors.left, strides, factors.left_zero)
    # The window of the result's first element begins before the input, or crops it.
    low = [(k - 1) * d - b for k, d, b in zip(kernel, dilations, before, strict=True)]
    high = [
        extent + (k - 1) * d - at - n
        for extent, k, d, at, n in zip(
            extents, kernel, dilations, low, spread.shape[2:], strict=True
        )
    ]
    fitted = _cropped(spread, low, high)
    fitted = pad(
        fitted,
        [0, 0, *(max(n, 0) for n in low)],
        [0, 0, *(max(n, 0) for n in high)],
        factors.left_zero,
    )
    plain_call = replace(
        call, attributes={"dilations": dilations, "group": group, "kernel_shape": kernel}
    )
    return convolve(plain_call, replace(factors, left=fitted), bias)


def _turned(weights: Tensor, group: int) -> Tensor:
    """Weights of shape (out channels, in channels of a group, window turned around)."""
    data, quantisation = weights.data, weights.quantisation
    assert data is not None
    if quantisation is None or quantisation.is_per_tensor:
        return constant(_turned_around(data, group), quantisation)
    scale, zero_point = (
        _first_of_equal(_turned_around(np.broadcast_to(numbers, data.shape), group))
        for numbers in (quantisation.scale, quantisation.zero_point)
    )
    return constant(_turned_around(data, group), Quantisation(scale, zero_point))


def _turned_around(data: Array, group: int) -> Array:
    channels, per_group = data.shape[:2]
    apart = data.reshape(group, channels // group, *data.shape[1:])
    swapped = np.swapaxes(apart, 1, 2)
    turned = swapped.reshape(group * per_group, channels // group, *data.shape[2:])
    return np.ascontiguousarray(np.flip(turned, tuple(range(2, turned.ndim))))


def _first_of_equal(numbers: Array) -> Array:
    """Drop repetitions along each dimension along which all numbers are equal."""
    for axis in range(numbers.ndim):
        first = numbers.take([0], axis)
        numbers = first if (numbers == first).all() else numbers
    return numbers


def _transposed_extents(
    call: Call,
    source: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What is cut off before, and the extents of the result."""
    rank = len(source)
    more = call.ints("output_padding", (0,) * rank)
    full = tuple(
        stride * (n - 1) + (k - 1) * d + 1 + extra
        for n, k, d, stride, extra in zip(source, kernel, dilations, strides, more, strict=True)
    )
    auto = call.text("auto_pad", "NOTSET")
    wanted = call.ints("output_shape", ())[-rank:]
    if not wanted and auto in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(n * stride for n, stride in zip(source, strides, strict=True))
    if wanted:
        totals = [max(n - extent, 0) for n, extent in zip(full, wanted, strict=True)]
        before = tuple(t // 2 if auto != "SAME_LOWER" else t - t // 2 for t in totals)
        return before, wanted
    pads = call.ints("pads", (0,) * (2 * rank)) if auto == "NOTSET" else (0,) * (2 * rank)
    return pads[:rank], tuple(
        n - low - high for n, low, high in zip(full, pads[:rank], pads[rank:], strict=True)
    )


def _spread(source: Tensor, strides: tuple[int, ...], gap: float) -> Tensor:
    """Put stride - 1 gaps between neighbours along each spatial dimension."""
    for number, stride in enumerate(strides):
        dim = 2 + number
        extent = source.shape[dim]
        if stride == 1 or extent == 1:
            continue
        apart = split(source, dim, (extent, 1))
        low, high = [0] * apart.rank, [0] * apart.rank
        high[dim + 1] = stride - 1
        widened = merge(pad(apart, low, high, gap), dim)
        first = [0] * widened.rank
        shape = list(widened.shape)
        shape[dim] = (extent - 1) * stride + 1
        source = cut(widened, first, shape, [1] * widened.rank)
    return source


def _cropped(tensor: Tensor, low: list[int], high: list[int]) -> Tensor:
    """Cut off what negative padding means."""
    first = [0, 0, *(max(-n, 0) for n in low)]
    last = [0, 0, *(max(-n, 0) for n in high)]
    if not any((*first, *last)):
        return tensor
    shape = [n - a - b for n, a, b in zip(tensor.shape, first, last, strict=True)]
    return cut(tensor, first, shape, [1] * tensor.rank)


CONVOLUTIONS: Mapping[str, Translation] = MappingProxyType(
    {"Conv": conv, "ConvInteger": conv_integer, "ConvTranspose": conv_transpose}
)
