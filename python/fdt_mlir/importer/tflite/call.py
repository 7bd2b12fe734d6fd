"""An operator of a TFLite model on its way to linalg: operands are known, results are computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from fdt_mlir.bindings import ir
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.importer.flatbuffer import Bytes, Table
from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, computed, constant
from fdt_mlir.importer.tflite_model import ABSENT, Operator, TfliteModel
from fdt_mlir.importer.tflite_model import Tensor as Declared

_MODEL_BUFFERS, _BUFFER_DATA = 4, 0
DTYPES: Mapping[str, Dtype] = {
    "BOOL": np.dtype(np.bool_),
    "FLOAT32": np.dtype(np.float32),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
}
# Constants may be of types that nothing is computed in.
_STORED: Mapping[str, Dtype] = {**DTYPES, "UINT8": np.dtype(np.uint8)}
# Numbers of fused activation functions in the schema.
_NONE, _RELU, _RELU_N1_TO_1, _RELU6 = 0, 1, 2, 3
_BOUNDS = {_RELU: (0.0, math.inf), _RELU_N1_TO_1: (-1.0, 1.0), _RELU6: (0.0, 6.0)}


@dataclass(frozen=True)
class Weights:
    """The file, and what its buffers hold."""

    data: bytes

    def array(self, tensor: Declared) -> Array:
        """The numbers of a constant."""
        dtype = _STORED[tensor.element]
        return np.frombuffer(self.stored(tensor), dtype).reshape(tensor.shape)

    def stored(self, tensor: Declared) -> bytes:
        """The bytes of a constant."""
        if tensor.data:
            return tensor.data
        buffers = Table.root(self.data).tables(_MODEL_BUFFERS)
        return buffers[tensor.buffer].numbers(_BUFFER_DATA, "u1").tobytes()


@dataclass(frozen=True)
class Call:
    """An operator with what its operands are; those that are computed have a value."""

    model: TfliteModel
    operator: Operator
    weights: Weights
    values: Mapping[int, ir.Value]

    def has(self, index: int) -> bool:
        """Whether an optional operand is there."""
        return index < len(self.operator.inputs) and self.operator.inputs[index] != ABSENT

    def declared(self, index: int) -> Declared:
        """An operand as the model declares it."""
        return self.model.tensors[self.operator.inputs[index]]

    def result(self, index: int = 0) -> Declared:
        """A result as the model declares it."""
        return self.model.tensors[self.operator.outputs[index]]

    def tensor(self, index: int = 0) -> Tensor:
        """An operand."""
        declared = self.declared(index)
        if declared.is_constant:
            return constant(self.weights.array(declared))
        value = self.values[self.operator.inputs[index]]
        return computed(value, declared.shape, DTYPES[declared.element])

    def constant(self, index: int, what: str) -> Array:
        """The numbers of an operand that must be known. Raises CompileError where it is not."""
        declared = self.declared(index)
        if declared.is_constant:
            return self.weights.array(declared)
        raise self.error(
            f"{what} is computed at run time", "export the model with it as a constant"
        )

    def real_constant(self, index: int, what: str) -> Array:
        """The same as real numbers. Raises CompileError where it is not known."""
        stored, known = self.constant(index, what), self.declared(index).quantization
        if known is None:
            return stored
        return (stored.astype(np.float64) - known.zero_points[0]) * known.scales[0]

    def scale(self, index: int = 0) -> float:
        """The scale of an operand that is quantised as a whole."""
        return _scale(self.declared(index))

    def zero_point(self, index: int = 0) -> int:
        return _zero_point(self.declared(index))

    @property
    def result_scale(self) -> float:
        return _scale(self.result())

    @property
    def result_zero_point(self) -> int:
        return _zero_point(self.result())

    @property
    def result_dtype(self) -> Dtype:
        return DTYPES[self.result().element]

    def option(self, field_id: int, layout: str = "<i", default: int = 0) -> int:
        """A number of the operator's options, by its id in the schema."""
        table = self._options
        return default if table is None else table.scalar(field_id, layout, default)

    def real_option(self, field_id: int, default: float = 0.0) -> float:
        """A float of the operator's options."""
        bits = self.option(field_id, "<i", int(np.float32(default).view(np.int32)))
        return float(np.int32(bits).view(np.float32))

    @property
    def _options(self) -> Table | None:
        position = self.operator.options.position
        return None if position is None else Table(Bytes(self.weights.data), position)

    def real_bounds(self, field_id: int) -> tuple[float, float]:
        """Least and greatest real result of the fused activation that an option names."""
        return self._bounds_of(self.option(field_id, "<b"))

    def bounds(self, field_id: int | None = None) -> tuple[int, int]:
        """Least and greatest stored result: of its type, or of the fused activation.

        After TFLite's CalculateActivationRangeQuantized.
        """
        limits = np.iinfo(self.result_dtype)
        if field_id is None:
            return int(limits.min), int(limits.max)
        low, high = self.real_bounds(field_id)
        scale, zero_point = np.float32(self.result_scale), self.result_zero_point
        least = limits.min if low == -math.inf else zero_point + rounded(float(low / scale))
        most = limits.max if high == math.inf else zero_point + rounded(float(high / scale))
        return max(int(least), int(limits.min)), min(int(most), int(limits.max))

    def _bounds_of(self, activation: int) -> tuple[float, float]:
        if activation == _NONE:
            return -math.inf, math.inf
        if activation not in _BOUNDS:
            hint = "use RELU, RELU6, or an activation that is an operator of its own"
            raise self.error(f"its fused activation {activation} is not supported", hint)
        return _BOUNDS[activation]

    def error(self, message: str, hint: str) -> CompileError:
        """A diagnostic about the operator."""
        where = self.model.location(self.operator)
        return compile_error(f"{self.operator.title}: {message}", where, hint)


Result = TypeVar("Result")
_MISFITS = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError, ir.MLIRError)
Translation = Callable[[Call], Sequence[Tensor]]
"""Computes the results of an operator where code is inserted, then the new contents of variables.

Raises CompileError."""


def guarded(call: Call, function: Callable[[Call], Result]) -> Result:
    """Apply a function of an operator whose operands nobody has checked.

    Raises CompileError where shapes, types or options are not those of a valid model: translations
    rely on what TFLite itself demands.
    """
    try:
        return function(call)
    except _MISFITS as error:
        message = f"its operands or options do not fit each other ({error!r})"
        raise call.error(message, "download or export the model again") from error


def rounded(value: float) -> int:
    """Half away from zero, as TFLite rounds."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def _scale(tensor: Declared) -> float:
    assert tensor.quantization is not None, f"'{tensor.name}' is not quantised"
    return tensor.quantization.scales[0]


def _zero_point(tensor: Declared) -> int:
    assert tensor.quantization is not None, f"'{tensor.name}' is not quantised"
    return tensor.quantization.zero_points[0]
