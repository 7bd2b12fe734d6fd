"""Small ONNX models of the structures that exporters make, float and quantised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class GraphBuilder:
    """Collects nodes and weights; every method returns the name of the tensor it adds."""

    def __init__(self, seed: int = 1):
        self._generator = np.random.default_rng(seed)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def weights(self, *shape: int, scale: float = 0.5) -> str:
        """Random floats."""
        values = self._generator.normal(size=shape) * scale
        return self.constant(values.astype(np.float32))

    def constant(self, values: np.ndarray) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"{op.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def model(self, shape: Sequence[int], output: str) -> onnx.ModelProto:
        """The model from input `x` of `shape` to `output`."""
        source = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self._nodes, "test", [source], [result], self._weights)
        imports = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=8)
        return onnx.shape_inference.infer_shapes(model)


def _image_net() -> onnx.ModelProto:
    """A convolution, a depthwise block with a residual, a pool, a flatten of channels first."""
    g = GraphBuilder()
    x = g.add("Conv", "x", g.weights(8, 3, 3, 3), g.weights(8), pads=[1] * 4, strides=[2, 2])
    x = g.add("Relu", x)
    y = g.add("Conv", x, g.weights(8, 1, 3, 3), g.weights(8), pads=[1] * 4, group=8)
    y = g.add("Clip", y, g.constant(np.float32(0)), g.constant(np.float32(6)))
    y = g.add("Conv", y, g.weights(8, 8, 1, 1), g.weights(8))
    x = g.add("Add", x, y)
    x = g.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.add("Flatten", x)
    x = g.add("Gemm", x, g.weights(5, 8 * 3 * 4), g.weights(5), transB=1)
    return g.model([1, 3, 12, 16], x)


def _audio_net() -> onnx.ModelProto:
    """Convolutions along time, grouped and dilated, batch norms, a mean over time."""
    g = GraphBuilder(2)
    x = g.add("Conv", "x", g.weights(8, 6, 3), g.weights(8), pads=[2, 2], dilations=[2])
    scale = g.constant(np.linspace(0.5, 1.5, 8).astype(np.float32))
    variance = g.constant(np.linspace(0.8, 1.2, 8).astype(np.float32))
    x = g.add("BatchNormalization", x, scale, g.weights(8), g.weights(8), variance)
    x = g.add("LeakyRelu", x, alpha=0.1)
    x = g.add("Conv", x, g.weights(12, 2, 3), g.weights(12), group=4)
    x = g.add("HardSwish", x)
    x = g.add("ReduceMean", x, axes=[2], keepdims=0)
    x = g.add("Gemm", x, g.weights(12, 4), g.weights(4))
    return g.model([1, 6, 20], g.add("Softmax", x, axis=1))


def _encoder() -> onnx.ModelProto:
    """An encoder block: two heads of attention, layer norms, an MLP."""
    g = GraphBuilder(3)
    heads, tokens, width = 2, 6, 8

    def project(source: str) -> str:
        y = g.add("Add", g.add("MatMul", source, g.weights(width, width)), g.weights(width))
        split = g.constant(np.array([1, tokens, heads, width // heads], np.int64))
        return g.add("Reshape", y, split)

    norm = g.add("LayerNormalization", "x", g.weights(width), g.weights(width), axis=-1)
    q, v = (g.add("Transpose", project(norm), perm=[0, 2, 1, 3]) for _ in range(2))
    k = g.add("Transpose", project(norm), perm=[0, 2, 3, 1])
    scores = g.add("Div", g.add("MatMul", q, k), g.constant(np.float32(2)))
    mixed = g.add("MatMul", g.add("Softmax", scores, axis=-1), v)
    mixed = g.add("Transpose", mixed, perm=[0, 2, 1, 3])
    mixed = g.add("Reshape", mixed, g.constant(np.array([1, tokens, width], np.int64)))
    x = g.add("Add", "x", g.add("MatMul", mixed, g.weights(width, width)))
    norm = g.add("LayerNormalization", x, g.weights(width), g.weights(width), axis=-1)
    y = g.add("Add", g.add("MatMul", norm, g.weights(width, 16)), g.weights(16))
    erf = g.add("Erf", g.add("Div", y, g.constant(np.float32(np.sqrt(2)))))
    y = g.add(
        "Mul",
        y,
        g.add("Mul", g.add("Add", erf, g.constant(np.float32(1))), g.constant(np.float32(0.5))),
    )
    return g.model([1, tokens, width], g.add("Add", x, g.add("MatMul", y, g.weights(16, width))))


def _u_net() -> onnx.ModelProto:
    """Down, up again by a transposed convolution and by a resize, joined by concatenations."""
    g = GraphBuilder(4)
    top = g.add("Relu", g.add("Conv", "x", g.weights(4, 2, 3, 3), g.weights(4), pads=[1] * 4))
    x = g.add("AveragePool", top, kernel_shape=[2, 2], strides=[2, 2])
    x = g.add("Relu", g.add("Conv", x, g.weights(6, 4, 3, 3), g.weights(6), pads=[1] * 4))
    a = g.add("ConvTranspose", x, g.weights(6, 3, 2, 2), g.weights(3), strides=[2, 2])
    scales = g.constant(np.array([1, 1, 2, 2], np.float32))
    b = g.add("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")
    x = g.add("Concat", top, a, b, axis=1)
    x = g.add("Conv", x, g.weights(2, 13, 1, 1), g.weights(2))
    return g.model([1, 2, 8, 12], g.add("Sigmoid", x))


def _recurrent() -> onnx.ModelProto:
    """A GRU over a sequence of features, and a dense layer of its last state."""
    g = GraphBuilder(5)
    x = g.add("Transpose", "x", perm=[1, 0, 2])
    hidden = 6
    weights = (
        g.weights(1, 3 * hidden, 4),
        g.weights(1, 3 * hidden, hidden),
        g.weights(1, 6 * hidden),
    )
    x = g.add("GRU", x, *weights, hidden_size=hidden, linear_before_reset=1)
    last = g.add("Gather", x, g.constant(np.array(-1, np.int64)), axis=0)
    last = g.add("Squeeze", last, g.constant(np.array([0], np.int64)))
    return g.model([1, 7, 4], g.add("Gemm", last, g.weights(hidden, 3), g.weights(3)))


FLOAT_GRAPHS: Mapping[str, Callable[[], onnx.ModelProto]] = MappingProxyType(
    {
        "audio_net": _audio_net,
        "encoder": _encoder,
        "image_net": _image_net,
        "recurrent": _recurrent,
        "u_net": _u_net,
    }
)


def input_shape(model: onnx.ModelProto) -> tuple[int, ...]:
    """The shape of the model's only input."""
    return tuple(dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim)


def quantised(
    model: onnx.ModelProto, folder: Path, qdq: bool, unsigned: bool, per_channel: bool
) -> Path:
    """Quantise a float model with onnxruntime's tools, and give the file."""
    from onnxruntime import quantization

    source, result = folder / "float.onnx", folder / "quantised.onnx"
    onnx.save(model, source)
    generator = np.random.default_rng(11)
    shape = input_shape(model)
    samples = iter([{"x": generator.uniform(-1, 1, shape).astype(np.float32)} for _ in range(8)])

    class Samples(quantization.CalibrationDataReader):
        def get_next(self) -> Any:
            return next(samples, None)

    activations = quantization.QuantType.QUInt8 if unsigned else quantization.QuantType.QInt8
    quantization.quantize_static(
        source,
        result,
        Samples(),
        quant_format=quantization.QuantFormat.QDQ if qdq else quantization.QuantFormat.QOperator,
        activation_type=activations,
        weight_type=quantization.QuantType.QInt8,
        per_channel=per_channel,
    )
    return result
