"""Movement that the converter leaves out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fdt_mlir.importer.onnx.rearrange import picked
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


def goes_backwards(call: Call) -> bool:
    """Whether some stride is negative."""
    return any(int(number) < 0 for number in call.constant(3, "its strides"))
