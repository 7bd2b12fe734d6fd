"""Resize: each element is a weighted sum of few others, which are known at compile time.

ONNX's reference implementation resizes a unit matrix along each axis; the rows of the result are
the weights. So every mode, coordinate transformation and rounding means what the standard says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from onnx import helper

from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute, stored_value
from fdt_mlir.importer.onnx.encoded import plain, real
from fdt_mlir.importer.onnx.evaluate import evaluate
from fdt_mlir.importer.onnx.gather import element_at
from fdt_mlir.importer.onnx.quantisation import Array, Quantisation
from fdt_mlir.importer.onnx.rearrange import gathered, movable
from fdt_mlir.importer.onnx.scalars import FLOAT, INT32, Scalar, convert
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.views import in_order

_WEIGHT_BITS = 10  # of a weight along one axis, where the tensor is quantised
# Of these the reference needs no more than the sizes.
_POLICIES = ("not_larger", "not_smaller")


@dataclass(frozen=True, eq=False)
class Taps:
    """For each place along the result's axis: which elements count, and with which weights."""

    axis: int
    places: Array
    weights: Array


def resize(call: Call) -> Tensor:
    """Resize along any axes."""
    tensor = movable(call.tensor())
    scales = call.optional(2, "the scales")
    sizes = call.optional(3, "the sizes")
    roi = call.optional(1, "the region")
    axes = call.ints("axes", range(tensor.rank))
    axes = tuple(call.counted(axis, tensor.rank) for axis in axes)
    taps: list[Taps] = []
    for number, axis in enumerate(axes):
        region = None if roi is None or not roi.size else roi[[number, number + len(axes)]]
        if sizes is not None and sizes.size:
            extent, scale = _extent_and_scale(call, tensor, axes, sizes, number)
        else:
            assert scales is not None
            extent, scale = int(np.floor(tensor.shape[axis] * scales[number])), scales[number]
        if extent == tensor.shape[axis] and float(scale) == 1.0 and region is None:
            continue
        taps.append(_taps(call, axis, tensor.shape[axis], extent, float(scale), region, sizes))
    if all(tap.places.shape[1] == 1 and (tap.weights == 1).all() for tap in taps):
        for tap in taps:
            tensor = gathered(tensor, constant(tap.places[:, 0].astype(np.int64)), tap.axis)
        return tensor
    return _weighted(tensor, taps)


def _extent_and_scale(
    call: Call, tensor: Tensor, axes: tuple[int, ...], sizes: Array, number: int
) -> tuple[int, float]:
    """The extent of the result and the scale that the sizes mean, after the policy of ratios."""
    extents = [tensor.shape[axis] for axis in axes]
    ratios = [int(size) / extent for size, extent in zip(sizes, extents, strict=True)]
    policy = call.text("keep_aspect_ratio_policy", "stretch")
    if policy not in _POLICIES:
        return int(sizes[number]), ratios[number]
    ratio = min(ratios) if policy == "not_larger" else max(ratios)
    return int(np.floor(ratio * extents[number] + 0.5)), ratio


def _taps(
    call: Call,
    axis: int,
    before: int,
    after: int,
    scale: float,
    region: Array | None,
    sizes: Array | None,
) -> Taps:
    """Resize the rows of a unit matrix, and of zeros, to see what is added to them."""
    by_size = sizes is not None and sizes.size > 0
    kept = ("axes", "keep_aspect_ratio_policy")
    attributes = {name: value for name, value in call.attributes.items() if name not in kept}
    node = helper.make_node("Resize", ["x", "roi", "scales", "sizes"], ["y"], **attributes)
    roi = None if region is None else np.array([0, region[0], 1, region[1]], region.dtype)
    inputs = [
        roi,
        None if by_size else np.array([1, scale], np.float32),
        np.array([before, after], np.int64) if by_size else None,
    ]
    opsets = {"": call.opset}
    (matrix,) = evaluate(node, [np.eye(before, dtype=np.float32), *inputs], opsets)
    (nothing,) = evaluate(node, [np.zeros((before, before), np.float32), *inputs], opsets)
    if nothing.any():
        raise call.error(
            "values beyond the input that are not zero are not supported",
            "set extrapolation_value to 0",
        )
    rows = matrix.T
    count = max(int((rows != 0).sum(axis=1).max()), 1)
    places = np.zeros((rows.shape[0], count), np.int32)
    weights = np.zeros((rows.shape[0], count), np.float32)
    for number, row in enumerate(rows):
        (used,) = np.nonzero(row)
        places[number, : len(used)], weights[number, : len(used)] = used, row[used]
    return Taps(axis, places, weights)


def _weighted(tensor: Tensor, taps: list[Taps]) -> Tensor:
    """Sum what counts, over all axes at once: nothing in between is stored."""
    given = tensor.quantisation
    is_integer = given is not None and tensor.table is None and tensor.dtype.itemsize == 1
    source = in_order(plain(tensor) if is_integer else real(tensor))
    shape = list(source.shape)
    for tap in taps:
        shape[tap.axis] = tap.places.shape[0]
    loops = Loops(tuple(range(source.rank)), tuple(tap.places.shape[1] for tap in taps))
    # onnxruntime interpolates integers in floats, and drops the fraction.
    dtype = INT32 if is_integer else source.dtype if source.dtype.kind == "f" else FLOAT
    reads: list[Read] = []
    for tap, inner in zip(taps, loops.reduced, strict=True):
        weights = np.rint(np.ldexp(tap.weights, _WEIGHT_BITS)) if is_integer else tap.weights
        index = (loops.result[tap.axis], inner)
        reads += [
            Read(constant(tap.places), index),
            Read(constant(weights.astype(dtype)), index),
        ]
    value = stored_value(source)
    zero = given.zero if given is not None and is_integer else 0

    def add(*elements: Scalar) -> Scalar:
        *pairs, total = elements
        at = {tap.axis: pairs[2 * number] for number, tap in enumerate(taps)}
        element = convert(element_at(value, source.dtype, source.rank, at), dtype)
        element = element - zero if zero else element
        for weight in pairs[1::2]:
            element = element * weight
        return total + element

    result = compute(shape, dtype, loops, reads, add, 0)
    if given is None or not is_integer:
        if source.dtype == dtype:
            return result
        return elementwise((result,), source.dtype, lambda total: convert(total, source.dtype))
    unit = float(np.ldexp(1.0, _WEIGHT_BITS * len(taps)))
    return replace(result, quantisation=Quantisation.of(given.scale / unit))


RESIZE: Mapping[str, Translation] = MappingProxyType({"Resize": resize})
