"""UNIDIRECTIONAL_SEQUENCE_LSTM: one step after the other, state in two variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute
from fdt_mlir.importer.onnx.movement import concatenated, narrowed
from fdt_mlir.importer.onnx.scalars import FLOAT, Scalar, function, literal, negate
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.views import reshape
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.lstm_integer import check_integers, integer_step
from fdt_mlir.importer.tflite.lstm_operands import (
    BIASES,
    CELL_STATE,
    INPUT_WEIGHTS,
    NORMALISATION,
    OUTPUT_STATE,
    PEEPHOLES,
    PROJECTION,
    RECURRENT_WEIGHTS,
)

_ACTIVATION, _CELL_CLIP, _PROJECTION_CLIP, _TIME_MAJOR = 0, 1, 2, 3
_TANH = 4  # of tflite.ActivationFunctionType

Function = Callable[[Scalar], Scalar]


def lstm(call: Call) -> Sequence[Tensor]:
    """Gives the outputs of all steps, the last output, and the last cell."""
    _check(call)
    is_float = call.result().element == "FLOAT32"
    if not is_float:
        check_integers(call)
    compute_step = _step if is_float else integer_step
    source = call.tensor(0)
    time, batch = (0, 1) if call.option(_TIME_MAJOR, "<b") else (1, 0)
    output, cell = call.tensor(OUTPUT_STATE), call.tensor(CELL_STATE)
    outputs: list[Tensor] = []
    for step in range(source.shape[time]):
        now = reshape(narrowed(source, time, step, 1), (source.shape[batch], source.shape[2]))
        output, cell = compute_step(call, now, output, cell)
        shape = [1, 1, output.shape[1]]
        shape[batch] = output.shape[0]
        outputs.append(reshape(output, shape))
    whole = outputs[0] if len(outputs) == 1 else concatenated(outputs, time)
    return [whole, output, cell]


def _check(call: Call) -> None:
    """Raise CompileError for the forms of the layer that are not translated."""
    what = None
    if any(call.has(n) for n in (*PEEPHOLES, *PROJECTION, *NORMALISATION)):
        what = "peepholes, projection and layer normalisation are"
    elif not call.has(INPUT_WEIGHTS[0]):
        what = "coupled input and forget gates are"
    elif call.real_option(_CELL_CLIP) or call.real_option(_PROJECTION_CLIP):
        what = "clipping the cell is"
    elif call.option(_ACTIVATION, "<b") != _TANH:
        what = "an activation other than TANH is"
    if what is not None:
        raise call.error(f"{what} not supported", "export the layer as Keras' LSTM, or unrolled")


def _step(call: Call, now: Tensor, output: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    functions = (_sigmoid, _sigmoid, _tanh, _sigmoid)
    opened, kept, fresh, shown = (
        _gate(call, gate, now, output, of) for gate, of in enumerate(functions)
    )
    new_cell = elementwise((kept, cell, opened, fresh), FLOAT, _new_cell)
    return elementwise((shown, new_cell), FLOAT, _new_output), new_cell


def _new_cell(kept: Scalar, cell: Scalar, opened: Scalar, fresh: Scalar) -> Scalar:
    return kept * cell + opened * fresh


def _new_output(shown: Scalar, cell: Scalar) -> Scalar:
    return shown * _tanh(cell)


def _multiply_add(element: Scalar, weight: Scalar, total: Scalar) -> Scalar:
    return total + element * weight


def _gate(call: Call, gate: int, now: Tensor, output: Tensor, of: Function) -> Tensor:
    """A function of weighted input and output, as one sum over both."""
    weights = [
        call.constant(INPUT_WEIGHTS[gate], "its weights"),
        call.constant(RECURRENT_WEIGHTS[gate], "its recurrent weights"),
    ]
    units = weights[0].shape[0]
    has_bias = call.has(BIASES[gate])
    bias = call.constant(BIASES[gate], "its bias") if has_bias else np.zeros(units, np.float32)
    total = constant(bias)
    for operand, matrix in zip((now, output), weights, strict=True):
        loops = Loops((0, 1), (matrix.shape[1],))
        row, unit = loops.result
        reads = [
            Read(operand, (row, *loops.reduced)),
            Read(constant(matrix).with_order((1, 0)), (unit, *loops.reduced)),
        ]
        shape = (operand.shape[0], units)
        total = compute(shape, FLOAT, loops, reads, _multiply_add, total)
    return elementwise((total,), FLOAT, of)


def _sigmoid(value: Scalar) -> Scalar:
    return literal(1.0, FLOAT) / (function("exp", negate(value)) + 1.0)


def _tanh(value: Scalar) -> Scalar:
    return function("tanh", value)
