"""A small typed graph of TFLite operators: built in float, quantised and written elsewhere.

Activations are NHWC with batch 1. An operator's options carry the field names of its table in the
TFLite schema, so that writer and evaluator read the same dictionary.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import tflite

Padding = Literal["SAME", "VALID"]
Activation = Literal["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]
Shape = tuple[int, ...]
Pair = int | tuple[int, int]

PADDINGS: Mapping[str, int] = {"SAME": tflite.Padding.SAME, "VALID": tflite.Padding.VALID}
ACTIVATIONS: Mapping[str, int] = {
    name: getattr(tflite.ActivationFunctionType, name)
    for name in ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
}
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@dataclass(frozen=True)
class Quantization:
    """real = scale * (stored - zero_point); several scales mean one per index of `axis`."""

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph, a constant where it has data. Compared by identity."""

    name: str
    shape: Shape
    dtype: str = "float32"
    data: np.ndarray | None = None
    quantization: Quantization | None = None
    is_variable: bool = False


ABSENT = Tensor("", ())
"""Stands for an optional operand, or for the result, that an operator goes without."""


@dataclass(frozen=True, eq=False)
class Op:
    """One operator; `kind` is its name in the schema, or that of a custom operator.

    output: ABSENT for an operator without results. more_outputs: results after the first.
    custom_options: bytes that a custom operator reads.
    intermediates: how what is computed on the way is quantised.
    spread: standard deviation that calibration gives to the result before the activation
    (weighted operators only). same_scale: whether a concatenation's inputs share one scale.
    """

    kind: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    options: Mapping[str, Any] = field(default_factory=dict)
    spread: float = 1.0
    same_scale: bool = True
    more_outputs: tuple[Tensor, ...] = ()
    custom_options: bytes = b""
    intermediates: tuple[Tensor, ...] = ()

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return tuple(t for t in (self.output, *self.more_outputs) if t is not ABSENT)


def pair(value: Pair) -> tuple[int, int]:
    """Read a height and width given as one number or as two."""
    return (value, value) if isinstance(value, int) else value


def window_count(
    size: int, kernel: int, stride: int, padding: Padding, dilation: int = 1
) -> tuple[int, int]:
    """Return (positions of a window along an axis, padding before the first element).

    TFLite's rule: SAME gives ceil(size / stride) and puts the odd element after; VALID pads none.
    """
    reach = (kernel - 1) * dilation + 1
    if padding == "VALID":
        return (size - reach) // stride + 1, 0
    count = -(-size // stride)
    return count, max((count - 1) * stride + reach - size, 0) // 2


class Graph:
    """Builds a float graph operator by operator; weights are drawn from the seed.

    Every method adds an operator and returns its result. Tensor names follow Keras exports.
    """

    def __init__(self, name: str, seed: int, dynamic_batch: bool = False):
        self.name = name
        self.dynamic_batch = dynamic_batch  # write shape signatures with batch -1, as Keras does
        self.inputs: list[Tensor] = []
        self.outputs: list[Tensor] = []
        self.ops: list[Op] = []
        self.callees: list[Graph] = []  # the file's other subgraphs, numbered from 1
        self.input_ranges: dict[str, tuple[float, float]] = {}
        # RandomState's streams are frozen for all versions of numpy; Generator's are not.
        self._random = np.random.RandomState(seed)
        self._names: set[str] = set()

    def tensors(self) -> Iterator[Tensor]:
        """Yield every tensor once, in order of first use."""
        every = [
            *self.inputs,
            *(t for op in self.ops for t in (*op.inputs, *op.outputs, *op.intermediates)),
        ]
        yield from (tensor for tensor in dict.fromkeys(every) if tensor is not ABSENT)

    def replaced(self, new: Mapping[Tensor, Tensor]) -> "Graph":
        """Return a copy in which the tensors of `new` are exchanged for their images."""
        copy = Graph(self.name, seed=0, dynamic_batch=self.dynamic_batch)
        copy.inputs = [new.get(t, t) for t in self.inputs]
        copy.outputs = [new.get(t, t) for t in self.outputs]
        copy.input_ranges = dict(self.input_ranges)
        for op in self.ops:
            inputs = tuple(new.get(t, t) for t in op.inputs)
            output = new.get(op.output, op.output)
            copy.ops.append(replace(op, inputs=inputs, output=output))
        return copy

    def input(
        self,
        name: str,
        shape: Shape,
        dtype: str = "float32",
        low: float = -1.0,
        high: float = 1.0,
    ) -> Tensor:
        """Add a model input whose real values lie in [low, high); calibration draws from there."""
        tensor = Tensor(name, shape, dtype)
        self.inputs.append(tensor)
        self.input_ranges[name] = (low, high)
        return tensor

    def output(self, *tensors: Tensor) -> None:
        """Mark tensors as model outputs, in this order."""
        self.outputs += tensors

    def constant(self, name: str, data: np.ndarray) -> Tensor:
        """Add a constant; float data may be quantised later."""
        return Tensor(name, data.shape, str(data.dtype), data)

    def conv2d(
        self,
        x: Tensor,
        channels: int,
        kernel: Pair,
        strides: Pair = 1,
        padding: Padding = "SAME",
        dilation: Pair = 1,
        activation: Activation = "NONE",
        spread: float = 1.0,
        name: str | None = None,
    ) -> Tensor:
        """Add a convolution with OHWI weights."""
        layer = self._layer(name or "conv2d")
        height, width, options = _window(x, kernel, strides, padding, dilation)
        options["FusedActivationFunction"] = ACTIVATIONS[activation]
        weights = self._weights(f"{layer}/Conv2D", (channels, *pair(kernel), x.shape[3]))
        inputs = (x, weights, self._bias(layer, channels))
        shape = (x.shape[0], height, width, channels)
        return self._add("CONV_2D", inputs, shape, _tail(layer, activation), options, spread)

    def depthwise_conv2d(
        self,
        x: Tensor,
        kernel: Pair,
        strides: Pair = 1,
        padding: Padding = "SAME",
        dilation: Pair = 1,
        multiplier: int = 1,
        activation: Activation = "NONE",
        spread: float = 1.0,
        name: str | None = None,
    ) -> Tensor:
        """Add a depthwise convolution: result channel c reads input channel c // multiplier."""
        layer = self._layer(name or "depthwise_conv2d")
        height, width, options = _window(x, kernel, strides, padding, dilation)
        options["DepthMultiplier"] = multiplier
        options["FusedActivationFunction"] = ACTIVATIONS[activation]
        channels = x.shape[3] * multiplier
        weights = self._weights(f"{layer}/depthwise", (1, *pair(kernel), channels))
        inputs = (x, weights, self._bias(layer, channels))
        shape = (x.shape[0], height, width, channels)
        tail = _tail(layer, activation)
        return self._add("DEPTHWISE_CONV_2D", inputs, shape, tail, options, spread)

    def fully_connected(
        self,
        x: Tensor,
        units: int,
        activation: Activation = "NONE",
        bias: bool = True,
        spread: float = 1.0,
        name: str | None = None,
    ) -> Tensor:
        """Add a dense layer; an input of higher rank is flattened behind the batch."""
        layer = self._layer(name or "dense")
        depth = int(np.prod(x.shape[1:]))
        weights = self._weights(f"{layer}/MatMul", (units, depth))
        inputs = (x, weights, *([self._bias(layer, units)] if bias else []))
        options = {"FusedActivationFunction": ACTIVATIONS[activation]}
        shape = (x.shape[0], units)
        tail = _tail(layer, activation)
        return self._add("FULLY_CONNECTED", inputs, shape, tail, options, spread)

    def average_pool(self, x: Tensor, kernel: Pair, **options: Any) -> Tensor:
        """Add an average pool; options are strides, padding, activation and name."""
        return self._pool("AVERAGE_POOL_2D", "average_pooling2d", "AvgPool", x, kernel, **options)

    def max_pool(self, x: Tensor, kernel: Pair, **options: Any) -> Tensor:
        """Add a max pool; options are strides, padding, activation and name."""
        return self._pool("MAX_POOL_2D", "max_pooling2d", "MaxPool", x, kernel, **options)

    def mean(self, x: Tensor, axes: Sequence[int], keep_dims: bool = False) -> Tensor:
        """Add the mean over `axes`."""
        layer = self._layer("global_average_pooling")
        kept = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        shape = [n for axis, n in enumerate(kept) if keep_dims or axis not in axes]
        indices = self._integers(f"{layer}/Mean/reduction_indices", axes)
        options = {"KeepDims": keep_dims}
        return self._add("MEAN", (x, indices), tuple(shape), f"{layer}/Mean", options)

    def add(self, a: Tensor, b: Tensor, activation: Activation = "NONE") -> Tensor:
        """Add the sum of two tensors that broadcast to one shape."""
        return self._binary("ADD", "add", a, b, activation)

    def sub(self, a: Tensor, b: Tensor, activation: Activation = "NONE") -> Tensor:
        """Add the difference of two tensors that broadcast to one shape."""
        return self._binary("SUB", "sub", a, b, activation)

    def mul(self, a: Tensor, b: Tensor, activation: Activation = "NONE") -> Tensor:
        """Add the product of two tensors that broadcast to one shape."""
        return self._binary("MUL", "mul", a, b, activation)

    def concat(self, inputs: Sequence[Tensor], axis: int, same_scale: bool = True) -> Tensor:
        """Add a concatenation; without same_scale quantised inputs keep scales of their own."""
        layer = self._layer("concatenate")
        shape = list(inputs[0].shape)
        shape[axis] = sum(t.shape[axis] for t in inputs)
        options = {"Axis": axis, "FusedActivationFunction": ACTIVATIONS["NONE"]}
        name = f"{layer}/concat"
        return self._add("CONCATENATION", tuple(inputs), tuple(shape), name, options, 1, same_scale)

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        """Add a reshape to a full static shape."""
        assert np.prod(shape) == np.prod(x.shape), (shape, x.shape)
        layer = self._layer("flatten" if len(shape) == 2 else "reshape")
        target = self._integers(f"{layer}/Const", shape)
        return self._add("RESHAPE", (x, target), shape, f"{layer}/Reshape", {"NewShape": shape})

    def softmax(self, x: Tensor, beta: float = 1.0) -> Tensor:
        """Add a softmax over the last axis."""
        return self._unary("SOFTMAX", "softmax", "Softmax", x, {"Beta": beta})

    def logistic(self, x: Tensor) -> Tensor:
        """Add a sigmoid."""
        return self._unary("LOGISTIC", "activation", "Sigmoid", x)

    def tanh(self, x: Tensor) -> Tensor:
        """Add a hyperbolic tangent."""
        return self._unary("TANH", "activation", "Tanh", x)

    def relu(self, x: Tensor) -> Tensor:
        """Add a rectifier as an operator of its own."""
        return self._unary("RELU", "re_lu", "Relu", x)

    def relu6(self, x: Tensor) -> Tensor:
        """Add a rectifier with limit 6 as an operator of its own."""
        return self._unary("RELU6", "re_lu", "Relu6", x)

    def quantize(self, x: Tensor) -> Tensor:
        """Add a (re)quantisation: the identity, except that scales may differ across it."""
        return self._unary("QUANTIZE", "quantize", "Quantize", x)

    def dequantize(self, x: Tensor) -> Tensor:
        """Add a dequantisation: everything after it stays float."""
        return self._unary("DEQUANTIZE", "dequantize", "Dequantize", x)

    def cast(self, x: Tensor, dtype: str) -> Tensor:
        """Add a conversion of the element type; floats are truncated towards zero."""
        codes = {"float32": tflite.TensorType.FLOAT32, "int32": tflite.TensorType.INT32}
        options = {"InDataType": codes[x.dtype], "OutDataType": codes[dtype]}
        layer = self._layer("cast")
        return self._add("CAST", (x,), x.shape, f"{layer}/Cast", options, dtype=dtype)

    def gather(self, table: Tensor, indices: Tensor) -> Tensor:
        """Add a look-up of rows of `table` (rank 2) by int32 indices."""
        layer = self._layer("embedding")
        shape = (*indices.shape, table.shape[1])
        options = {"Axis": 0, "BatchDims": 0}
        return self._add("GATHER", (table, indices), shape, f"{layer}/embedding_lookup", options)

    def pad(self, x: Tensor, before_after: Sequence[tuple[int, int]]) -> Tensor:
        """Add zero padding, one (before, after) per axis."""
        layer = self._layer("zero_padding2d")
        amounts = np.array(before_after, np.int32)
        shape = tuple(int(n) for n in np.array(x.shape) + amounts.sum(axis=1))
        paddings = self.constant(f"{layer}/Pad/paddings", amounts)
        return self._add("PAD", (x, paddings), shape, f"{layer}/Pad")

    def slice(self, x: Tensor, begin: Shape, size: Shape) -> Tensor:
        """Add the part of `x` of this size that starts at `begin`."""
        layer = self._layer("slice")
        first = self._integers(f"{layer}/begin", begin)
        extent = self._integers(f"{layer}/size", size)
        return self._add("SLICE", (x, first, extent), size, f"{layer}/Slice")

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        """Add a permutation of axes: axis i of the result is axis order[i] of `x`."""
        layer = self._layer("permute")
        permutation = self._integers(f"{layer}/transpose/perm", order)
        shape = tuple(x.shape[axis] for axis in order)
        return self._add("TRANSPOSE", (x, permutation), shape, f"{layer}/transpose")

    def random_constant(self, name: str, shape: Shape) -> Tensor:
        """Draw a float constant, uniform in [-1, 1)."""
        return self.constant(f"{self.name}/{name}", self._draw(shape))

    def _pool(
        self,
        kind: str,
        stem: str,
        suffix: str,
        x: Tensor,
        kernel: Pair,
        strides: Pair | None = None,
        padding: Padding = "VALID",
        activation: Activation = "NONE",
        name: str | None = None,
    ) -> Tensor:
        layer = self._layer(name or stem)
        height, width, window = _window(x, kernel, strides or kernel, padding, 1)
        options = {key: window[key] for key in ("Padding", "StrideH", "StrideW")}
        options |= dict(zip(("FilterHeight", "FilterWidth"), pair(kernel), strict=True))
        options["FusedActivationFunction"] = ACTIVATIONS[activation]
        shape = (x.shape[0], height, width, x.shape[3])
        return self._add(kind, (x,), shape, f"{layer}/{suffix}", options)

    def _binary(self, kind: str, stem: str, a: Tensor, b: Tensor, activation: str) -> Tensor:
        layer = self._layer(stem)
        shape = np.broadcast_shapes(a.shape, b.shape)
        options = {"FusedActivationFunction": ACTIVATIONS[activation]}
        return self._add(kind, (a, b), shape, f"{layer}/{stem}", options)

    def _unary(
        self, kind: str, stem: str, suffix: str, x: Tensor, options: Mapping[str, Any] | None = None
    ) -> Tensor:
        layer = self._layer(stem)
        return self._add(kind, (x,), x.shape, f"{layer}/{suffix}", options or {})

    def _add(
        self,
        kind: str,
        inputs: tuple[Tensor, ...],
        shape: Shape,
        name: str,
        options: Mapping[str, Any] | None = None,
        spread: float = 1.0,
        same_scale: bool = True,
        dtype: str = "float32",
    ) -> Tensor:
        result = Tensor(name, tuple(shape), dtype)
        self.ops.append(Op(kind, inputs, result, options or {}, spread, same_scale))
        return result

    def _layer(self, stem: str) -> str:
        count, layer = 0, f"{self.name}/{stem}"
        while layer in self._names:
            count += 1
            layer = f"{self.name}/{stem}_{count}"
        self._names.add(layer)
        return layer

    def _weights(self, name: str, shape: Shape) -> Tensor:
        return self.constant(name, self._draw(shape))

    def _bias(self, layer: str, channels: int) -> Tensor:
        """Draw the means that calibration gives to the channels, small beside a spread of 1."""
        return self.constant(f"{layer}/BiasAdd/ReadVariableOp", self._draw((channels,)) / 2)

    def _draw(self, shape: Shape) -> np.ndarray:
        return self._random.uniform(-1, 1, shape).astype(np.float32)

    def _integers(self, name: str, values: Sequence[int]) -> Tensor:
        return self.constant(name, np.array(values, np.int32))


def _window(
    x: Tensor, kernel: Pair, strides: Pair, padding: Padding, dilation: Pair
) -> tuple[int, int, dict[str, int]]:
    """Return (height, width) of a windowed result and the options that say so."""
    sizes = zip(x.shape[1:3], pair(kernel), pair(strides), pair(dilation), strict=True)
    height, width = (window_count(n, k, s, padding, d)[0] for n, k, s, d in sizes)
    assert min(height, width) > 0, f"window {kernel} does not fit {x.shape}"
    options = {"Padding": PADDINGS[padding]}
    options |= dict(zip(("StrideH", "StrideW"), pair(strides), strict=True))
    options |= dict(zip(("DilationHFactor", "DilationWFactor"), pair(dilation), strict=True))
    return height, width, options


def _tail(layer: str, activation: str) -> str:
    suffix = {"NONE": "BiasAdd", "RELU": "Relu", "RELU6": "Relu6"}.get(activation, activation)
    return f"{layer}/{suffix}"
