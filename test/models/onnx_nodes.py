"""ONNX's own node tests, as far as they are about what this project compiles.

Selected are tests of a single node of an operator of OPERATORS whose tensors have types that a
microcontroller computes with, at the operator set of the test or the nearest from 13 to 21. Inputs
that say what is computed rather than hold data (shapes, axes, scales of quantisation, ...) become
constants, as in every exported model.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, checker, numpy_helper

OPERATORS: tuple[str, ...] = (
    *("Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv", "ConvInteger"),
    *("ConvTranspose", "Cos", "DequantizeLinear", "Div", "Dropout", "Flatten", "GRU", "Gather"),
    *("Gelu", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish"),
    *("Identity", "InstanceNormalization", "LSTM", "LayerNormalization", "LeakyRelu", "MatMul"),
    *("MatMulInteger", "MaxPool", "Mod", "Mul", "PRelu", "Pad", "QLinearConv", "QLinearMatMul"),
    *("QuantizeLinear", "ReduceMax", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Resize"),
    *("Sigmoid", "Sin", "Slice", "Softmax", "Split", "Squeeze", "Sub", "Tanh", "Transpose"),
    "Unsqueeze",
)
LEAST_OPSET, GREATEST_OPSET = 13, 21
_TYPES = frozenset(
    [
        *(TensorProto.FLOAT, TensorProto.BOOL),
        *(TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64),
        *(TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64),
    ]
)
# Which inputs become constants.
_PARAMETERS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "ConvInteger": (1, 2, 3),
        "ConvTranspose": (1,),
        "DequantizeLinear": (1, 2),
        "Dropout": (1, 2),
        "GRU": (4,),
        "LSTM": (4,),
        "MatMulInteger": (2, 3),
        "Pad": (1, 2, 3),
        "QLinearConv": (1, 2, 4, 5, 6, 7),
        "QLinearMatMul": (1, 2, 4, 5, 6, 7),
        "QuantizeLinear": (1, 2),
        "ReduceMax": (1,),
        "ReduceMean": (1,),
        "ReduceSum": (1,),
        "Reshape": (1,),
        "Resize": (1, 2, 3),
        "Slice": (1, 2, 3, 4),
        "Split": (1,),
        "Squeeze": (1,),
        "Unsqueeze": (1,),
    }
)


@dataclass(frozen=True)
class NodeTest:
    """A model of one node, its inputs, and its outputs within rtol and atol."""

    name: str
    model: onnx.ModelProto
    inputs: Sequence[np.ndarray]
    outputs: Sequence[np.ndarray]
    rtol: float
    atol: float


def node_tests(operator: str) -> list[NodeTest]:
    """The selected tests of an operator."""
    tests = [_node_test(case) for case in _cases() if _is_about(case.model, operator)]
    return [test for test in tests if test is not None]


@cache
def _cases() -> Sequence[Any]:
    """All of ONNX's node tests, which takes seconds; a second call of ONNX's own gives none."""
    with warnings.catch_warnings():
        # Making the tests overflows here and there on purpose.
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return collect_testcases(None)


def _is_about(model: onnx.ModelProto, operator: str) -> bool:
    graph = model.graph
    if [node.op_type for node in graph.node] != [operator] or graph.node[0].domain:
        return False
    ports = (*graph.input, *graph.output)
    return all(port.type.tensor_type.elem_type in _TYPES for port in ports)


def _node_test(case: Any) -> NodeTest | None:
    """Move a test to an operator set; None where the operator has no such form there."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for entry in model.opset_import:
        if entry.domain == "":
            entry.version = min(max(entry.version, LEAST_OPSET), GREATEST_OPSET)
    try:
        checker.check_model(model, full_check=True)
    except (checker.ValidationError, onnx.shape_inference.InferenceError):
        return None
    inputs, outputs = case.data_sets[0]
    known = dict(zip((port.name for port in model.graph.input), map(_array, inputs), strict=True))
    node = model.graph.node[0]
    for index in _PARAMETERS.get(node.op_type, ()):
        name = node.input[index] if index < len(node.input) else ""
        if name in known:
            model.graph.initializer.append(numpy_helper.from_array(known.pop(name), name))
    fed = [port for port in model.graph.input if port.name in known]
    del model.graph.input[:]
    model.graph.input.extend(fed)
    arrays = [_array(output) for output in outputs]
    return NodeTest(case.name, model, list(known.values()), arrays, case.rtol, case.atol)


def _array(value: Any) -> np.ndarray:
    is_proto = isinstance(value, TensorProto)
    return numpy_helper.to_array(value) if is_proto else np.asarray(value)
