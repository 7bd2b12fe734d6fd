"""A step of UNIDIRECTIONAL_SEQUENCE_LSTM of int8, with a cell of int16.

After LiteRT's LstmStepInteger8x8_16: gates are sums in Q3.12, their functions are gemmlowp's on
words of 16 bits, and each sum and product is rounded and saturated by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from fdt_mlir.importer.gemmlowp import Words, divided
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute
from fdt_mlir.importer.onnx.scalars import INT16, INT32, Scalar, clip, convert
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.real_multiplier import single
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.fixed_point import Multiplier
from fdt_mlir.importer.tflite.lstm_operands import (
    BIASES,
    CELL_STATE,
    INPUT_WEIGHTS,
    OUTPUT_STATE,
    RECURRENT_WEIGHTS,
)
from fdt_mlir.importer.tflite_model import Quantization

_WORDS = Words(16)
_GATE_BITS = 3  # integer bits of the sums of gates
_GATE_SCALE = 2.0**-12
_PRODUCT_BITS = 15  # behind the point of a number of Q0
_MOST_CELL_BITS = 6  # integer bits of the cell for which the reference has a tanh
_HIDDEN = 4  # place of the output among the intermediates

Function = Callable[[Scalar], Scalar]


def check_integers(call: Call) -> None:
    """Raise CompileError where types or scales are not those that TFLite's converter makes."""
    states = call.declared(OUTPUT_STATE).element, call.declared(CELL_STATE).element
    what = None
    if call.result().element != "INT8" or states != ("INT8", "INT16"):
        what = f"a result of {call.result().element} with states of {' and '.join(states)} is"
    elif len(call.operator.intermediates) <= _HIDDEN or _hidden(call) is None:
        what = "a quantised layer without the scales of its intermediate results is"
    elif not 0 <= _cell_bits(call) <= _MOST_CELL_BITS:
        what = f"a cell of scale {call.scale(CELL_STATE):g}, no power of two near 2**-12, is"
    if what is not None:
        raise call.error(f"{what} not supported", "quantise to int8 with TFLite's converter")


def integer_step(call: Call, now: Tensor, output: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """The new output and the new cell."""
    functions: tuple[Function, ...] = (_sigmoid, _sigmoid, _tanh, _sigmoid)
    opened, kept, fresh, shown = (
        _gate(call, gate, now, output, of) for gate, of in enumerate(functions)
    )
    cell_bits = _cell_bits(call)
    # What the input opens is a product of two numbers of Q0; the cell has so many bits less.
    fresh_shift = _PRODUCT_BITS + cell_bits

    def new_cell(kept: Scalar, cell: Scalar, opened: Scalar, fresh: Scalar) -> Scalar:
        old = divided(_word(kept) * _word(cell), _PRODUCT_BITS)
        new = divided(_word(opened) * _word(fresh), fresh_shift)
        return _saturated(old + new)

    hidden = _hidden(call)
    assert hidden is not None
    scale = single(hidden.scales[0])
    multiplier = Multiplier.of(single(2.0**-_PRODUCT_BITS / scale * 2.0**-_PRODUCT_BITS))
    dtype = call.result_dtype

    def new_output(shown: Scalar, cell: Scalar) -> Scalar:
        product = _word(shown) * _WORDS.tanh(_word(cell), cell_bits)
        return convert(
            clip(multiplier.times(product) + hidden.zero_points[0], *call.bounds()), dtype
        )

    updated = elementwise((kept, cell, opened, fresh), INT16, new_cell)
    return elementwise((shown, updated), dtype, new_output), updated


def _gate(call: Call, gate: int, now: Tensor, output: Tensor, of: Function) -> Tensor:
    """A function of the weighted input plus the weighted output, each rescaled by itself."""
    fed = _weighted(call, now, 0, INPUT_WEIGHTS[gate], BIASES[gate])
    recurred = _weighted(call, output, OUTPUT_STATE, RECURRENT_WEIGHTS[gate], None)
    given, weights = call.scale(0), call.scale(INPUT_WEIGHTS[gate])
    input_multiplier = _multiplier(weights, given)
    output_multiplier = _multiplier(call.scale(RECURRENT_WEIGHTS[gate]), call.scale(OUTPUT_STATE))
    partial = elementwise((fed,), INT16, lambda total: _saturated(input_multiplier.times(total)))

    def store(total: Scalar, part: Scalar) -> Scalar:
        sums = convert(_saturated(output_multiplier.times(total) + _word(part)), INT32)
        return convert(of(sums), INT16)

    return elementwise((recurred, partial), INT16, store)


def _multiplier(weights_scale: float, scale: float) -> Multiplier:
    return Multiplier.of(single(single(weights_scale * scale) / _GATE_SCALE))


def _weighted(
    call: Call, vector: Tensor, scaled_like: int, weights: int, bias: int | None
) -> Tensor:
    """Sums of int32; what the zero point adds is part of the bias."""
    matrix = call.constant(weights, "its weights")
    start = -call.zero_point(scaled_like) * matrix.astype(np.int64).sum(axis=1)
    if bias is not None and call.has(bias):
        start = start + call.constant(bias, "its bias")
    loops = Loops((0, 1), (matrix.shape[1],))
    row, unit = loops.result
    reads = [
        Read(vector, (row, *loops.reduced)),
        Read(constant(matrix).with_order((1, 0)), (unit, *loops.reduced)),
    ]

    def multiply_add(element: Scalar, weight: Scalar, total: Scalar) -> Scalar:
        return total + _word(element) * _word(weight)

    shape = (vector.shape[0], matrix.shape[0])
    return compute(shape, INT32, loops, reads, multiply_add, constant(start.astype(np.int32)))


def _hidden(call: Call) -> Quantization | None:
    """How the output is quantised before it is projected, which it is not."""
    return call.operator.intermediates[_HIDDEN]


def _cell_bits(call: Call) -> int:
    """Integer bits of the cell; -1 where its scale is no power of two."""
    fraction, exponent = math.frexp(call.scale(CELL_STATE))
    return _PRODUCT_BITS + exponent - 1 if fraction == 0.5 else -1


def _sigmoid(value: Scalar) -> Scalar:
    return _WORDS.logistic(value, _GATE_BITS)


def _tanh(value: Scalar) -> Scalar:
    return _WORDS.tanh(value, _GATE_BITS)


def _word(value: Scalar) -> Scalar:
    return convert(value, INT32)


def _saturated(value: Scalar) -> Scalar:
    return convert(clip(value, -32768, 32767), INT16)
