"""SVDF: a fully connected layer whose results are weighted over the last inferences.

The state (batch, filters * memory) holds the last `memory` results of each filter. Each inference
drops the oldest, appends the new one, and sums over memory and the ranks of a unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute
from fdt_mlir.importer.onnx.movement import concatenated, narrowed
from fdt_mlir.importer.onnx.scalars import INT32, Scalar, clip, convert
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, constant
from fdt_mlir.importer.onnx.views import reshape
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.fixed_point import Multiplier

_RANK, _ACTIVATION = 0, 1
_FEATURES, _TIME, _BIAS, _STATE = 1, 2, 3, 4


def svdf(call: Call) -> Sequence[Tensor]:
    """SVDF of floats, or of int8 with a state of int8 or int16; gives the result and the new state.

    States of int8 are after TensorFlow Lite Micro's EvalInt8SvdfReference, LiteRT has none.
    """
    is_float = call.result().element == "FLOAT32"
    held = call.declared(_STATE).element
    if not is_float and (call.result().element != "INT8" or held not in ("INT8", "INT16")):
        message = f"a result of {call.result().element} with a state of {held} is not supported"
        raise call.error(message, "quantise the layer to int8 with a state of int16")
    state = call.tensor(_STATE)
    filters = call.declared(_FEATURES).shape[0]
    memory = call.declared(_TIME).shape[1]
    batch = state.shape[0]
    lasting = reshape(state, (batch, filters, memory))
    newest = reshape(_features(call, is_float), (batch, filters, 1))
    parts = [narrowed(lasting, 2, 1, memory - 1), newest] if memory > 1 else [newest]
    updated = concatenated(parts, 2)
    sums = _weighted(call, updated, np.dtype(np.float32) if is_float else INT32)
    result = _activated(call, sums) if is_float else _stored(call, sums)
    return [result, reshape(updated, state.shape)]


def _features(call: Call, is_float: bool) -> Tensor:
    """What each filter makes of the input, as the state holds it."""
    source, weights = call.tensor(0), call.constant(_FEATURES, "its weights")
    dtype = source.dtype if is_float else INT32
    zero_point = 0 if is_float else call.zero_point(0)
    loops = Loops((0, 1), (weights.shape[1],))
    row, unit = loops.result
    reads = [
        Read(source, (row, *loops.reduced)),
        Read(constant(weights).with_order((1, 0)), (unit, *loops.reduced)),
    ]

    def multiply_add(element: Scalar, weight: Scalar, total: Scalar) -> Scalar:
        moved = convert(element, dtype)
        return total + (moved - zero_point if zero_point else moved) * convert(weight, dtype)

    sums = compute((source.shape[0], weights.shape[0]), dtype, loops, reads, multiply_add, 0)
    if is_float:
        return sums
    scale = call.scale(0) * call.scale(_FEATURES) / call.scale(_STATE)
    multiplier = Multiplier.of(scale)
    held = call.tensor(_STATE).dtype

    limits = np.iinfo(held)

    def store(total: Scalar) -> Scalar:
        return convert(clip(multiplier.times(total), int(limits.min), int(limits.max)), held)

    return elementwise((sums,), held, store)


def _weighted(call: Call, state: Tensor, dtype: Dtype) -> Tensor:
    """Sums over ranks and memory, with the bias."""
    batch, filters, memory = state.shape
    rank = call.option(_RANK)
    units = filters // rank
    weights = call.constant(_TIME, "its weights").reshape(units, rank, memory)
    loops = Loops((0, 1), (rank, memory))
    row, unit = loops.result
    reads = [
        Read(reshape(state, (batch, units, rank, memory)), (row, unit, *loops.reduced)),
        Read(constant(weights), (unit, *loops.reduced)),
    ]
    start = constant(call.constant(_BIAS, "its bias")) if call.has(_BIAS) else 0

    def multiply_add(element: Scalar, weight: Scalar, total: Scalar) -> Scalar:
        return total + convert(element, dtype) * convert(weight, dtype)

    return compute((batch, units), dtype, loops, reads, multiply_add, start)


def _activated(call: Call, sums: Tensor) -> Tensor:
    low, high = call.real_bounds(_ACTIVATION)
    if (low, high) == (-math.inf, math.inf):
        return sums
    return elementwise((sums,), sums.dtype, lambda value: clip(value, low, high))


def _stored(call: Call, sums: Tensor) -> Tensor:
    """int8 results. TFLite's only activation here is RELU, which the zero point gives."""
    multiplier = Multiplier.of(call.scale(_STATE) * call.scale(_TIME) / call.result_scale)
    dtype = call.result_dtype

    def store(total: Scalar) -> Scalar:
        moved = multiplier.times(total) + call.result_zero_point
        return convert(clip(moved, *call.bounds()), dtype)

    return elementwise((sums,), dtype, store)
