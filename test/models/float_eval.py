"""Evaluates a float graph in numpy, in float64, on a batch of samples at once.

It chooses ranges and weights; it is not a reference for results. The samples run along axis 0,
where the graph itself has batch 1.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from models.graph import ACTIVATIONS, Op, window_count

Array = np.ndarray
SAME = 0  # tflite.Padding.SAME


def evaluate(op: Op, inputs: Sequence[Array]) -> Array:
    """Return the result of `op`, its fused activation included."""
    return activate(op, linear(op, inputs))


def linear(op: Op, inputs: Sequence[Array]) -> Array:
    """Return the result of `op` before its fused activation."""
    return EVALUATORS[op.kind](op, inputs)


def activate(op: Op, values: Array) -> Array:
    """Apply the fused activation of `op`."""
    low, high = activation_limits(op)
    return np.clip(values, low, high)


def activation_limits(op: Op) -> tuple[float, float]:
    """Return the real interval to which the fused activation of `op` clamps."""
    code = op.options.get("FusedActivationFunction", ACTIVATIONS["NONE"])
    limits = {"RELU": (0.0, np.inf), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}
    named = {ACTIVATIONS[name]: interval for name, interval in limits.items()}
    return named.get(code, (-np.inf, np.inf))


def _windows(x: Array, op: Op, kernel: tuple[int, int], fill: float) -> Iterator[tuple[int, Array]]:
    """Yield (kernel position, the input elements under it for every result position)."""
    options = op.options
    padding = "SAME" if options["Padding"] == SAME else "VALID"
    strides = options["StrideH"], options["StrideW"]
    dilations = options.get("DilationHFactor", 1), options.get("DilationWFactor", 1)
    counts, pads = [], [(0, 0)]
    for size, extent, stride, dilation in zip(
        x.shape[1:3], kernel, strides, dilations, strict=True
    ):
        count, before = window_count(size, extent, stride, padding, dilation)
        reach = (count - 1) * stride + (extent - 1) * dilation + 1
        counts.append(count)
        pads.append((before, max(reach - size - before, 0)))
    padded = np.pad(x, [*pads, (0, 0)], constant_values=fill)
    for position in range(kernel[0] * kernel[1]):
        row, column = (k * d for k, d in zip(divmod(position, kernel[1]), dilations, strict=True))
        rows = slice(row, row + (counts[0] - 1) * strides[0] + 1, strides[0])
        columns = slice(column, column + (counts[1] - 1) * strides[1] + 1, strides[1])
        yield position, padded[:, rows, columns]


def _conv2d(op: Op, inputs: Sequence[Array]) -> Array:
    x, weights, *bias = inputs
    kernel = weights.shape[1:3]
    taps = weights.reshape(weights.shape[0], -1, weights.shape[3])
    return sum((part @ taps[:, i].T for i, part in _windows(x, op, kernel, 0.0)), sum(bias))


def _depthwise_conv2d(op: Op, inputs: Sequence[Array]) -> Array:
    x, weights, *bias = inputs
    taps = weights.reshape(-1, weights.shape[3])
    spread_out = np.repeat(x, op.options["DepthMultiplier"], axis=3)
    parts = _windows(spread_out, op, weights.shape[1:3], 0.0)
    return sum((part * taps[i] for i, part in parts), sum(bias))


def _fully_connected(op: Op, inputs: Sequence[Array]) -> Array:
    x, weights, *bias = inputs
    return x.reshape(len(x), -1) @ weights.T + sum(bias)


def _average_pool(op: Op, inputs: Sequence[Array]) -> Array:
    (x,) = inputs
    kernel = op.options["FilterHeight"], op.options["FilterWidth"]
    total = sum(part for _, part in _windows(x, op, kernel, 0.0))
    count = sum(part for _, part in _windows(np.ones_like(x[:1]), op, kernel, 0.0))
    return total / count


def _max_pool(op: Op, inputs: Sequence[Array]) -> Array:
    (x,) = inputs
    kernel = op.options["FilterHeight"], op.options["FilterWidth"]
    return np.max([part for _, part in _windows(x, op, kernel, -np.inf)], axis=0)


def _mean(op: Op, inputs: Sequence[Array]) -> Array:
    x, axes = inputs
    return x.mean(axis=tuple(int(a) for a in axes), keepdims=op.options["KeepDims"])


def _softmax(op: Op, inputs: Sequence[Array]) -> Array:
    (x,) = inputs
    powers = np.exp(op.options["Beta"] * (x - x.max(axis=-1, keepdims=True)))
    return powers / powers.sum(axis=-1, keepdims=True)


def _concatenation(op: Op, inputs: Sequence[Array]) -> Array:
    return np.concatenate(inputs, axis=op.options["Axis"])


def _reshape(op: Op, inputs: Sequence[Array]) -> Array:
    x, shape = inputs
    return x.reshape(len(x), *(int(n) for n in shape[1:]))


def _slice(op: Op, inputs: Sequence[Array]) -> Array:
    x, begin, size = inputs
    extents = zip(begin[1:], size[1:], strict=True)
    return x[(slice(None), *(slice(int(b), int(b + n)) for b, n in extents))]


def _pad(op: Op, inputs: Sequence[Array]) -> Array:
    x, amounts = inputs
    return np.pad(x, amounts.astype(int))


def _cast(op: Op, inputs: Sequence[Array]) -> Array:
    (x,) = inputs
    return np.trunc(x)


def _gather(op: Op, inputs: Sequence[Array]) -> Array:
    table, indices = inputs
    return table[indices.astype(int)]


def _transpose(op: Op, inputs: Sequence[Array]) -> Array:
    x, order = inputs
    return x.transpose(order.astype(int))


def _same(op: Op, inputs: Sequence[Array]) -> Array:
    return inputs[0]


EVALUATORS: Mapping[str, Callable[[Op, Sequence[Array]], Any]] = {
    "ADD": lambda op, xs: xs[0] + xs[1],
    "AVERAGE_POOL_2D": _average_pool,
    "CAST": _cast,
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv2d,
    "DEQUANTIZE": _same,
    "FULLY_CONNECTED": _fully_connected,
    "GATHER": _gather,
    "LOGISTIC": lambda op, xs: 1 / (1 + np.exp(-xs[0])),
    "MAX_POOL_2D": _max_pool,
    "MEAN": _mean,
    "MUL": lambda op, xs: xs[0] * xs[1],
    "PAD": _pad,
    "QUANTIZE": _same,
    "RELU": lambda op, xs: np.maximum(xs[0], 0),
    "RELU6": lambda op, xs: np.clip(xs[0], 0, 6),
    "RESHAPE": _reshape,
    "SLICE": _slice,
    "SOFTMAX": _softmax,
    "SUB": lambda op, xs: xs[0] - xs[1],
    "TANH": lambda op, xs: np.tanh(xs[0]),
    "TRANSPOSE": _transpose,
}
