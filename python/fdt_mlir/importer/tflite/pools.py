"""Pools that TOSA lacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute
from fdt_mlir.importer.onnx.scalars import FLOAT, Scalar, clip, function
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.windows import Window

# Ids of fields in Pool2DOptions.
_PADDING, _STRIDE_W, _STRIDE_H, _FILTER_W, _FILTER_H, _ACTIVATION = range(6)


def l2_pool(call: Call) -> Sequence[Tensor]:
    """L2_POOL_2D: the root of the mean of squares over what of a window lies in the image."""
    image, shape = call.tensor(0), call.result().shape
    window = Window.of(
        (image.shape[1], image.shape[2]),
        (shape[1], shape[2]),
        (call.option(_FILTER_H), call.option(_FILTER_W)),
        (call.option(_STRIDE_H), call.option(_STRIDE_W)),
        (1, 1),
        call.option(_PADDING, "<b"),
    )
    loops = Loops((0, 1, 2, 3), window.kernel)
    n, y, x, channel = loops.result
    rows, columns = loops.reduced
    place = (n, *window.index((y, x), (rows, columns)), channel)
    reads = [Read(window.padded(image, 0), place)]
    squares = compute(shape, FLOAT, loops, reads, _add_square, 0)
    counts = np.outer(window.inside(0), window.inside(1)).astype(np.float32)
    low, high = call.real_bounds(_ACTIVATION)

    def root(total: Scalar, count: Scalar) -> Scalar:
        return clip(function("sqrt", total / count), low, high)

    return [elementwise((squares, constant(counts[..., None])), FLOAT, root)]


def _add_square(element: Scalar, total: Scalar) -> Scalar:
    return total + element * element
