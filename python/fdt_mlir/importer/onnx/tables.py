"""Functions of one byte: whatever operators compute it, a table of 256 entries holds it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from onnx import helper

from fdt_mlir.importer.onnx.call import Call
from fdt_mlir.importer.onnx.encoded import every_byte
from fdt_mlir.importer.onnx.evaluate import evaluate
from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.tensor import Tensor

# Operators that compute each element by itself.
TABULATED = frozenset(
    [
        *("Abs", "Add", "Ceil", "Celu", "Clip", "Cos", "Div", "Elu", "Erf", "Exp", "Floor"),
        *("Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Max", "Min", "Mish", "Mul"),
        *("Neg", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sin"),
        *("Softplus", "Softsign", "Sqrt", "Sub", "Tanh", "ThresholdedRelu"),
    ]
)


def tabulated(call: Call) -> Tensor | None:
    """The result as a table, where all that varies is one tensor of bytes that stand for floats.

    None where there is no such tensor, or another one.
    """
    if call.op not in TABULATED:
        return None
    bytes_read = _only_bytes(call)
    if bytes_read is None:
        return None
    inputs = [_entries(tensor) if tensor is not None else None for tensor in call.inputs]
    names = [f"x{number}" for number in range(len(inputs))]
    node = helper.make_node(call.op, names, ["y"], **call.attributes)
    (result,) = evaluate(node, inputs, {"": call.opset})
    entries = result.reshape(-1).astype(np.float32)
    return replace(bytes_read, quantisation=None, table=entries)


def _only_bytes(call: Call) -> Tensor | None:
    found: Tensor | None = None
    for tensor in call.inputs:
        if tensor is None:
            continue
        if tensor.data is not None:
            if tensor.data.size != 1:
                return None
            continue
        if not _is_bytes(tensor) or (found is not None and not _is_same(found, tensor)):
            return None
        found = tensor
    return found


def _is_bytes(tensor: Tensor) -> bool:
    quantisation = tensor.quantisation
    if tensor.dtype.kind not in "iu" or tensor.dtype.itemsize != 1:
        return False
    return tensor.table is not None or (quantisation is not None and quantisation.is_per_tensor)


def _is_same(one: Tensor, other: Tensor) -> bool:
    return one.value == other.value and one.shape == other.shape and one.order == other.order


def _entries(tensor: Tensor) -> Array:
    """What each byte stands for; of a constant, its one number."""
    if tensor.table is not None:
        return tensor.table
    quantisation = tensor.quantisation
    if tensor.data is not None:
        return tensor.data if quantisation is None else quantisation.real(tensor.data)
    assert quantisation is not None
    return quantisation.real(every_byte(tensor.dtype))
