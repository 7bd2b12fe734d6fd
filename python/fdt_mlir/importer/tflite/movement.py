"""Movement that the converter leaves out, by places that the model computes among it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute, stored_value
from fdt_mlir.importer.onnx.gather import element_at, loop_index
from fdt_mlir.importer.onnx.rearrange import gathered, picked
from fdt_mlir.importer.onnx.scalars import (
    BOOL,
    FLOAT,
    INT32,
    Scalar,
    clip,
    convert,
    literal,
    select,
)
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.views import reshape
from fdt_mlir.importer.tflite.call import Call

# Ids of the masks in StridedSliceOptions: a bit for each entry of begin, end and strides.
_BEGIN, _END, _ELLIPSIS, _NEW_AXIS, _SHRINK = range(5)


def strided_slice(call: Call) -> Sequence[Tensor]:
    """STRIDED_SLICE with any strides; its vectors are constants.

    Raises CompileError for an ellipsis, a new axis, or an empty result.
    """
    source = call.tensor(0)
    begins, ends, strides = (
        [int(number) for number in call.constant(n, what)]
        for n, what in ((1, "its begin"), (2, "its end"), (3, "its strides"))
    )
    if call.option(_ELLIPSIS) or call.option(_NEW_AXIS):
        raise call.error("an ellipsis or a new axis is not supported", "reshape before or after it")
    places: list[range] = []
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        extent = range(source.shape[axis])
        if call.option(_SHRINK) >> axis & 1:
            first = extent[begin]
            places.append(range(first, first + 1))
            continue
        first = None if call.option(_BEGIN) >> axis & 1 else begin
        last = None if call.option(_END) >> axis & 1 else end
        places.append(extent[first:last:stride])
    places += [range(extent) for extent in source.shape[len(places) :]]
    if not all(places):
        raise call.error("its result is empty", "correct begin, end and strides")
    return [reshape(picked(source, places), call.result().shape)]


def broadcast_args(call: Call) -> Sequence[Tensor]:
    """BROADCAST_ARGS: the shape to which two shapes broadcast, both of which are known."""
    shapes = [tuple(int(n) for n in call.constant(place, "a shape")) for place in range(2)]
    return [constant(np.array(np.broadcast_shapes(*shapes), call.result_dtype))]


def dynamic_update_slice(call: Call) -> Sequence[Tensor]:
    """DYNAMIC_UPDATE_SLICE: one tensor within another, from a place that may be computed.

    After LiteRT, the place is moved to where the whole of the update fits.
    """
    operand, update, start = (call.tensor(n) for n in range(3))
    written = stored_value(update)
    loops = Loops(tuple(range(operand.rank)))
    axes = [dim for dim in range(operand.rank) if update.shape[dim] < operand.shape[dim]]

    def element(old: Scalar, *starts: Scalar) -> Scalar:
        places: dict[int, Scalar] = {}
        is_written = literal(True, BOOL)
        for axis, first in zip(axes, starts, strict=True):
            extent = update.shape[axis]
            begin = clip(convert(first, INT32), 0, operand.shape[axis] - extent)
            place = loop_index(axis) - begin
            is_written = is_written & place.compare(">=", 0) & place.compare("<", extent)
            places[axis] = clip(place, 0, extent - 1)
        new = element_at(written, update.dtype, update.rank, places)
        return select(is_written, new, old)

    reads = [Read(operand, loops.result), *(Read(start, (axis,)) for axis in axes)]
    return [compute(operand.shape, operand.dtype, loops, reads, element)]


def embedding_lookup(call: Call) -> Sequence[Tensor]:
    """EMBEDDING_LOOKUP: rows of a table; bytes become floats where the result has these."""
    places, rows = call.tensor(0), call.tensor(1)
    taken = gathered(rows, places, 0)
    if rows.dtype == call.result_dtype:
        return [taken]
    quantization = call.declared(1).quantization
    assert quantization is not None, "bytes without a scale become floats"
    scales = np.array(quantization.scales, np.float32)
    if len(scales) == 1:
        scale = constant(scales.reshape([1] * rows.rank))
    else:
        scale = gathered(constant(scales.reshape(-1, *[1] * (rows.rank - 1))), places, 0)
    return [elementwise((taken, scale), FLOAT, lambda row, unit: convert(row, FLOAT) * unit)]


def goes_backwards(call: Call) -> bool:
    """Whether some stride is negative."""
    return any(int(number) < 0 for number in call.constant(3, "its strides"))
