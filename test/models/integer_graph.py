"""Builds int8 graphs operator by operator, without calibration: for tests of structure.

What moves, reads and writes is the question here, so scales are whatever makes results spread.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.graph import (
    ACTIVATIONS,
    PADDINGS,
    Activation,
    Graph,
    Op,
    Padding,
    Quantization,
    Shape,
    Tensor,
    window_count,
)

SCALE = 0.05
ZERO_POINT = 3
WEIGHT_SCALE = 0.02


class IntegerGraph:
    """A graph of int8 tensors that all have one scale, unless an operator says otherwise.

    Every method adds an operator and returns its result.
    """

    def __init__(self, seed: int = 0):
        self.graph = Graph("model", seed)
        self._random = np.random.RandomState(seed)
        self._count = 0

    def input(self, shape: Shape, dtype: str = "int8") -> Tensor:
        """Add an input; its name tells its place among the inputs."""
        name = f"input_{len(self.graph.inputs) + 1}"
        tensor = Tensor(name, shape, dtype, None, _quantization(dtype))
        self.graph.inputs.append(tensor)
        self.graph.input_ranges[name] = (-1.0, 1.0)
        return tensor

    def integers(self, values: Any) -> Tensor:
        """Add an int32 constant, such as the operand of a slice."""
        return self._constant(np.array(values, np.int32), None)

    def stored(self, shape: Shape) -> Tensor:
        """Add an int8 constant of the common scale."""
        values = self._random.randint(-128, 128, shape)
        return self._constant(values.astype(np.int8), _quantization("int8"))

    def op(
        self,
        kind: str,
        inputs: Sequence[Tensor],
        shape: Shape,
        dtype: str = "int8",
        quantization: Quantization | None = None,
        **options: Any,
    ) -> Tensor:
        """Add an operator; `options` are named as in the schema."""
        scale = quantization or _quantization(dtype)
        result = Tensor(self._name(kind.lower()), tuple(shape), dtype, None, scale)
        self.graph.ops.append(Op(kind, tuple(inputs), result, options))
        return result

    def conv(
        self,
        x: Tensor,
        channels: int,
        kernel: tuple[int, int],
        strides: tuple[int, int] = (1, 1),
        padding: Padding = "SAME",
        dilation: tuple[int, int] = (1, 1),
        depth_multiplier: int = 0,
    ) -> Tensor:
        """Add a convolution, or a depthwise one where a depth multiplier is given."""
        depth = x.shape[3]
        shape = (channels, *kernel, depth) if not depth_multiplier else (1, *kernel, channels)
        weights = self._constant(
            self._random.randint(-127, 128, shape).astype(np.int8),
            Quantization((WEIGHT_SCALE,), (0,)),
        )
        bias = self._constant(
            self._random.randint(-2000, 2000, channels).astype(np.int32),
            Quantization((float(np.float32(SCALE) * np.float32(WEIGHT_SCALE)),), (0,)),
        )
        options = _window_options(padding, strides) | {
            "DilationHFactor": dilation[0],
            "DilationWFactor": dilation[1],
        }
        if depth_multiplier:
            options["DepthMultiplier"] = depth_multiplier
        size = _window_shape(x.shape, kernel, strides, padding, dilation)
        kind = "DEPTHWISE_CONV_2D" if depth_multiplier else "CONV_2D"
        return self.op(kind, (x, weights, bias), (x.shape[0], *size, channels), **options)

    def pool(
        self,
        kind: str,
        x: Tensor,
        kernel: tuple[int, int],
        strides: tuple[int, int],
        padding: Padding,
        activation: Activation = "NONE",
    ) -> Tensor:
        """Add MAX_POOL_2D or AVERAGE_POOL_2D."""
        options = _window_options(padding, strides)
        options["FusedActivationFunction"] = ACTIVATIONS[activation]
        options |= {"FilterHeight": kernel[0], "FilterWidth": kernel[1]}
        size = _window_shape(x.shape, kernel, strides, padding, (1, 1))
        return self.op(kind, (x,), (x.shape[0], *size, x.shape[3]), **options)

    def relu(self, x: Tensor) -> Tensor:
        return self.op("RELU", (x,), x.shape)

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        shape = np.broadcast_shapes(a.shape, b.shape)
        return self.op("ADD", (a, b), shape, FusedActivationFunction=ACTIVATIONS["NONE"])

    def concat(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        options = {"Axis": axis, "FusedActivationFunction": ACTIVATIONS["NONE"]}
        return self.op("CONCATENATION", parts, tuple(shape), **options)

    def pad(
        self, x: Tensor, amounts: Sequence[tuple[int, int]], value: int | None = None
    ) -> Tensor:
        """Pad with real zero, or with the stored number `value`."""
        shape = tuple(n + a + b for n, (a, b) in zip(x.shape, amounts, strict=True))
        if value is None:
            return self.op("PAD", (x, self.integers(amounts)), shape)
        padding = self._constant(np.array(value, np.int8), _quantization("int8"))
        return self.op("PADV2", (x, self.integers(amounts), padding), shape)

    def slice(self, x: Tensor, begin: Shape, size: Shape) -> Tensor:
        return self.op("SLICE", (x, self.integers(begin), self.integers(size)), size)

    def strided_slice(self, x: Tensor, begin: Shape, end: Shape, steps: Shape) -> Tensor:
        shape = tuple(len(range(b, e, s)) for b, e, s in zip(begin, end, steps, strict=True))
        operands = (x, self.integers(begin), self.integers(end), self.integers(steps))
        return self.op("STRIDED_SLICE", operands, shape)

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        return self.op("RESHAPE", (x, self.integers(shape)), shape, NewShape=shape)

    def transpose(self, x: Tensor, order: Sequence[int]) -> Tensor:
        shape = tuple(x.shape[axis] for axis in order)
        return self.op("TRANSPOSE", (x, self.integers(order)), shape)

    def outputs(self, *tensors: Tensor) -> Graph:
        """Finish the graph."""
        self.graph.output(*tensors)
        return self.graph

    def _constant(self, data: np.ndarray, quantization: Quantization | None) -> Tensor:
        return Tensor(self._name("constant"), data.shape, str(data.dtype), data, quantization)

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"model/{stem}_{self._count}"


def _quantization(dtype: str) -> Quantization | None:
    return Quantization((SCALE,), (ZERO_POINT,)) if dtype == "int8" else None


def _window_options(padding: Padding, strides: tuple[int, int]) -> dict[str, Any]:
    return {
        "Padding": PADDINGS[padding],
        "StrideH": strides[0],
        "StrideW": strides[1],
        "FusedActivationFunction": ACTIVATIONS["NONE"],
    }


def _window_shape(
    shape: Shape,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    padding: Padding,
    dilation: tuple[int, int],
) -> tuple[int, ...]:
    axes = zip(shape[1:3], kernel, strides, dilation, strict=True)
    return tuple(window_count(n, k, s, padding, d)[0] for n, k, s, d in axes)
