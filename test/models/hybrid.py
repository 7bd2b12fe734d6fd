"""Evaluates a .tflite file in float64 with all its constants dequantised.

This is what a hybrid model means (integer weights, float activations): LiteRT's own kernels
quantise the activations while they run, which is an approximation of it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from models import float_eval
from models.graph import Op, Tensor

_NUMBERS = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT8: np.int8,
}
_CONV = ("Padding", "StrideH", "StrideW", "DilationHFactor", "DilationWFactor")
_POOL = ("Padding", "StrideH", "StrideW", "FilterHeight", "FilterWidth")
_ACTIVATION = "FusedActivationFunction"
_OPTIONS = {
    "AVERAGE_POOL_2D": (tflite.Pool2DOptions, (*_POOL, _ACTIVATION)),
    "CONV_2D": (tflite.Conv2DOptions, (*_CONV, _ACTIVATION)),
    "DEPTHWISE_CONV_2D": (
        tflite.DepthwiseConv2DOptions,
        (*_CONV, "DepthMultiplier", _ACTIVATION),
    ),
    "FULLY_CONNECTED": (tflite.FullyConnectedOptions, (_ACTIVATION,)),
    "RESHAPE": (tflite.ReshapeOptions, ()),
    "SOFTMAX": (tflite.SoftmaxOptions, ("Beta",)),
}


def evaluate(path: Path, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the outputs for one sample. Raises KeyError for operators that are not listed here."""
    model = tflite.Model.GetRootAs(path.read_bytes())
    graph = model.Subgraphs(0)
    values = {i: _constant(model, graph.Tensors(i)) for i in range(graph.TensorsLength())}
    for index, value in zip(graph.InputsAsNumpy(), inputs, strict=True):
        values[int(index)] = value.astype(np.float64)
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        operands = [values[int(i)] for i in operator.InputsAsNumpy() if i >= 0]
        values[int(operator.Outputs(0))] = float_eval.evaluate(_op(model, operator), operands)
    return [values[int(i)] for i in graph.OutputsAsNumpy()]


def _constant(model: tflite.Model, tensor: tflite.Tensor) -> Any:
    """The real values of a constant tensor; None for a tensor that is computed."""
    data = model.Buffers(tensor.Buffer()).DataAsNumpy()
    if isinstance(data, int) or not len(data):
        return None
    stored = data.tobytes()
    values = np.frombuffer(stored, _NUMBERS[tensor.Type()]).reshape(tensor.ShapeAsNumpy())
    quantization = tensor.Quantization()
    if quantization is None or not quantization.ScaleLength():
        return values.astype(np.float64)
    shape = np.ones(values.ndim, int)
    shape[quantization.QuantizedDimension()] = -1
    scales = quantization.ScaleAsNumpy().astype(np.float64).reshape(shape)
    zero_points = quantization.ZeroPointAsNumpy().astype(np.float64).reshape(shape)
    return (values - zero_points) * scales


def _op(model: tflite.Model, operator: tflite.Operator) -> Op:
    code = model.OperatorCodes(operator.OpcodeIndex())
    kind = tflite.BUILTIN_OPCODE2NAME[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
    options_class, names = _OPTIONS[kind]
    options = options_class()
    if names:
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
    unused = Tensor("", (), "float32")
    return Op(kind, (), unused, {name: getattr(options, name)() for name in names})
