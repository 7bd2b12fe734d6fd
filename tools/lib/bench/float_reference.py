"""Evaluates a .tflite file in float64, integer weights dequantised."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from models.float_eval import evaluate
from models.graph import Op, Tensor

_OPTIONS = {
    "AVERAGE_POOL_2D": tflite.Pool2DOptions,
    "CONV_2D": tflite.Conv2DOptions,
    "DEPTHWISE_CONV_2D": tflite.DepthwiseConv2DOptions,
    "FULLY_CONNECTED": tflite.FullyConnectedOptions,
    "MAX_POOL_2D": tflite.Pool2DOptions,
    "SOFTMAX": tflite.SoftmaxOptions,
}
_KINDS = {code: name for name, code in vars(tflite.BuiltinOperator).items() if name.isupper()}
_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT8: np.int8,
}


class FloatReference:
    """A model with float activations. Raises KeyError for an operator it does not know."""

    def __init__(self, path: Path):
        self._model = tflite.Model.GetRootAs(path.read_bytes())
        self._graph = self._model.Subgraphs(0)
        self._ops = [self._op(n) for n in range(self._graph.OperatorsLength())]

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return every output for one sample, rounded to float32."""
        values: dict[str, np.ndarray] = {}
        for index, value in zip(self._graph.InputsAsNumpy(), inputs, strict=True):
            values[self._name(int(index))] = value.astype(np.float64)
        for op in self._ops:
            operands = [t.data if t.data is not None else values[t.name] for t in op.inputs]
            values[op.output.name] = evaluate(op, operands)
        names = [self._name(int(index)) for index in self._graph.OutputsAsNumpy()]
        return [np.asarray(values[name], np.float32) for name in names]

    def _name(self, index: int) -> str:
        return f"{index}:{self._graph.Tensors(index).Name().decode()}"

    def _op(self, number: int) -> Op:
        op = self._graph.Operators(number)
        code = self._model.OperatorCodes(op.OpcodeIndex())
        kind = _KINDS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = tuple(self._tensor(int(index)) for index in op.InputsAsNumpy() if index >= 0)
        return Op(kind, inputs, self._tensor(int(op.Outputs(0))), _options(kind, op))

    def _tensor(self, index: int) -> Tensor:
        tensor = self._graph.Tensors(index)
        shape = tuple(int(n) for n in tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()
        stored = self._model.Buffers(tensor.Buffer())
        data = None
        if stored.DataLength():
            data = np.frombuffer(stored.DataAsNumpy().tobytes(), _DTYPES[tensor.Type()])
            data = _dequantised(data.reshape(shape), tensor.Quantization())
        return Tensor(self._name(index), shape, data=data)


def _dequantised(data: np.ndarray, quantization: Any) -> np.ndarray:
    if quantization is None or not quantization.ScaleLength():
        return data.astype(np.float64)
    along = [1] * data.ndim
    along[quantization.QuantizedDimension()] = quantization.ScaleLength()
    scale = quantization.ScaleAsNumpy().astype(np.float64)
    zero_point = quantization.ZeroPointAsNumpy()
    if scale.size == 1:
        return (data - float(zero_point[0])) * scale[0]
    return (data - zero_point.reshape(along)) * scale.reshape(along)


def _options(kind: str, op: Any) -> dict[str, Any]:
    """Read the fields of an operator's option table by their names in the schema."""
    table_class = _OPTIONS.get(kind)
    if table_class is None or op.BuiltinOptions() is None:
        return {}
    table = table_class()
    table.Init(op.BuiltinOptions().Bytes, op.BuiltinOptions().Pos)
    fields = [n for n in vars(table_class) if n[0].isupper() and not n.startswith("GetRoot")]
    skipped = {"Init"} | {n for n in fields if "BufferHasIdentifier" in n}
    return {name: getattr(table, name)() for name in fields if name not in skipped}
