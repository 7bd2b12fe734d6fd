"""Pooling over windows and over all of the spatial dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute
from fdt_mlir.importer.onnx.encoded import plain, real
from fdt_mlir.importer.onnx.quantisation import Array, Quantisation
from fdt_mlir.importer.onnx.scalars import INT32, Scalar, convert, maximum
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.windows import Windows, windows_of


def max_pool(call: Call) -> Tensor:
    """MaxPool without the places of the maxima."""
    if len(call.output_names) > 1 and call.output_names[1]:
        raise call.error("the indices of the maxima are not supported", "drop the second output")
    source = call.tensor()
    if source.table is not None:
        source = real(source)
    windows = _windows(call, source)
    # Integers that stand for floats are ordered as these are.
    pooled = _pool(plain(source), windows, least_of(source), maximum)
    return replace(pooled, quantisation=source.quantisation)


def average_pool(call: Call) -> Tensor:
    """AveragePool; of quantised tensors the sum, of which one stands for a fraction."""
    source = call.tensor()
    windows = _windows(call, source)
    counts = np.ones((), np.int64)
    for along in windows.counts(bool(call.integer("count_include_pad"))):
        counts = counts[..., np.newaxis] * np.array(along, np.int64)
    return _averaged(source, windows, counts)


def global_average_pool(call: Call) -> Tensor:
    """GlobalAveragePool."""
    source = call.tensor()
    windows = _everything(source)
    return _averaged(source, windows, np.array(math.prod(windows.kernel), np.int64))


def global_max_pool(call: Call) -> Tensor:
    """GlobalMaxPool."""
    source = call.tensor()
    if source.table is not None:
        source = real(source)
    pooled = _pool(plain(source), _everything(source), least_of(source), maximum)
    return replace(pooled, quantisation=source.quantisation)


def least_of(tensor: Tensor) -> float:
    """The least number of a tensor's type."""
    return -math.inf if tensor.dtype.kind == "f" else int(np.iinfo(tensor.dtype).min)


def _windows(call: Call, source: Tensor) -> Windows:
    kernel = call.ints("kernel_shape", ())
    return windows_of(call, source.shape[2:], kernel)


def _everything(source: Tensor) -> Windows:
    extents = source.shape[2:]
    ones, zeros = (1,) * len(extents), (0,) * len(extents)
    return Windows(extents, ones, ones, zeros, zeros, extents, ones)


def _averaged(source: Tensor, windows: Windows, counts: Array) -> Tensor:
    counts = counts.reshape(-1)[:1].reshape(()) if (counts == counts.flat[0]).all() else counts
    given = source.quantisation
    is_integer = given is not None and source.table is None and given.is_per_tensor
    if given is None or not is_integer or source.dtype.itemsize != 1:
        held = real(source)
        total = _pool(held, windows, 0.0, _added)
        share = constant((1 / counts).astype(np.float32))
        return elementwise((total, share), total.dtype, lambda a, b: a * b)
    zero = given.zero

    def add(element: Scalar, total: Scalar) -> Scalar:
        return total + (convert(element, INT32) - zero)

    sums = _pool(plain(source), windows, zero, add, accumulates=True)
    return replace(sums, quantisation=Quantisation.of(given.scale / counts))


def _added(element: Scalar, total: Scalar) -> Scalar:
    return total + element


def _pool(
    source: Tensor,
    windows: Windows,
    padding: float,
    body: Callable[[Scalar, Scalar], Scalar],
    accumulates: bool = False,
) -> Tensor:
    """Combine the elements of each window; integers are added up in 32 bits."""
    padded = windows.padded(source, padding)
    dtype = INT32 if accumulates else source.dtype
    loops = Loops(source.order, windows.kernel)
    batch, channel, *position = loops.result
    index = (batch, channel, *windows.index(tuple(position), loops.reduced))
    shape = (*source.shape[:2], *windows.result)
    start: float = 0 if accumulates else padding
    return compute(shape, dtype, loops, [Read(padded, index)], body, start)


POOLING: Mapping[str, Translation] = MappingProxyType(
    {
        "AveragePool": average_pool,
        "GlobalAveragePool": global_average_pool,
        "GlobalMaxPool": global_max_pool,
        "MaxPool": max_pool,
    }
)
