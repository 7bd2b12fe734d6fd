"""Softmax along an axis, of floats or of bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fdt_mlir.importer.onnx.call import Call
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import constant_value
from fdt_mlir.importer.onnx.encoded import plain, real
from fdt_mlir.importer.onnx.quantisation import Quantisation
from fdt_mlir.importer.onnx.reductions import greatest, softmax_of_floats, total
from fdt_mlir.importer.onnx.scalars import INT32, INT64, Scalar, clip, convert, look_up
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor

_SUM_BITS = 30  # of the sum of the exponentials, sign aside
_INVERSE_BITS = 16  # behind the point of 1 / scale of the result


def softmax(call: Call) -> Tensor:
    """Softmax; integers give integers where the result is quantised at once."""
    source = call.tensor()
    axis = call.axis(source.rank, -1)
    given = source.quantisation
    is_byte = source.dtype.itemsize == 1 and source.table is None
    if given is None or call.target is None or not given.is_per_tensor or not is_byte:
        return softmax_of_floats(real(source), axis)
    wanted, dtype = call.target
    result = _softmax_of_bytes(plain(source), axis, given, wanted, dtype)
    return replace(result, quantisation=wanted)


def _softmax_of_bytes(
    source: Tensor, axis: int, given: Quantisation, wanted: Quantisation, dtype: Dtype
) -> Tensor:
    """exp(scale * (x - max)) from a table; quotients rounded to the nearest, halves up."""
    bits = _SUM_BITS - int(np.ceil(np.log2(source.shape[axis])))
    falling = np.exp(-given.scale.item() * np.arange(256, dtype=np.float64))
    table = constant_value(np.rint(np.ldexp(falling, bits)).astype(np.int32))
    inverse = round(np.ldexp(1 / wanted.scale.item(), _INVERSE_BITS))
    limits = np.iinfo(dtype)

    def power(element: Scalar, top: Scalar) -> Scalar:
        return look_up(table, INT32, convert(top, INT32) - convert(element, INT32))

    def share(part: Scalar, whole: Scalar) -> Scalar:
        divisor = convert(whole, INT64) << _INVERSE_BITS
        quotient = (convert(part, INT64) * inverse + (divisor >> 1)) / divisor
        moved = convert(quotient, INT32) + wanted.zero
        return convert(clip(moved, int(limits.min), int(limits.max)), dtype)

    powers = elementwise((source, greatest(source, (axis,))), INT32, power)
    return elementwise((powers, total(powers, (axis,))), dtype, share)
