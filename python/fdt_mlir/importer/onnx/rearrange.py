"""Move or rename the elements of tensors and compute nothing; stored integers stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fdt_mlir.importer.onnx.elements import common_order
from fdt_mlir.importer.onnx.emit import Index, Loops, cut, empty, paste
from fdt_mlir.importer.onnx.encoded import real
from fdt_mlir.importer.onnx.gather import gather_elements
from fdt_mlir.importer.onnx.quantisation import Quantisation
from fdt_mlir.importer.onnx.tensor import Tensor, computed, constant
from fdt_mlir.importer.onnx.views import in_order


def movable(tensor: Tensor) -> Tensor:
    """A tensor whose elements may go anywhere: floats where scales differ from place to place."""
    quantisation = tensor.quantisation
    is_uneven = quantisation is not None and not quantisation.is_per_tensor
    return real(tensor) if is_uneven else tensor


def transposed(tensor: Tensor, permutation: Sequence[int]) -> Tensor:
    """Rename dimensions: result dimension i is dimension permutation[i]. Nothing is moved."""
    shape = tuple(tensor.shape[dim] for dim in permutation)
    quantisation = _transposed_quantisation(tensor, permutation)
    if tensor.data is not None:
        return constant(np.transpose(tensor.data, permutation), quantisation)
    order = tuple(tuple(permutation).index(dim) for dim in tensor.order)
    return replace(tensor, shape=shape, order=order, quantisation=quantisation, flattened=None)


def _transposed_quantisation(tensor: Tensor, permutation: Sequence[int]) -> Quantisation | None:
    quantisation = tensor.quantisation
    if quantisation is None or quantisation.is_per_tensor:
        return quantisation
    scale, zero_point = (
        np.transpose(array.reshape((1,) * (tensor.rank - array.ndim) + array.shape), permutation)
        if array.size > 1
        else array
        for array in (quantisation.scale, quantisation.zero_point)
    )
    return Quantisation(scale, zero_point)


def concatenated(tensors: Sequence[Tensor], axis: int) -> Tensor:
    """Tensors one behind the other along an axis; integers stay where all stand for the same."""
    tensors = [movable(tensor) for tensor in tensors]
    if len(tensors) == 1:
        return tensors[0]
    quantisation = _shared(tensors)
    if any(tensor.is_encoded for tensor in tensors) and quantisation is None:
        tensors = [real(tensor) for tensor in tensors]
    order = common_order(tensors, tensors[0].rank)
    shape = list(tensors[0].shape)
    shape[axis] = sum(tensor.shape[axis] for tensor in tensors)
    whole = empty([shape[dim] for dim in order], tensors[0].dtype)
    first = [0] * len(shape)
    for tensor in tensors:
        whole = paste(in_order(tensor, order), whole, first)
        first[axis] += tensor.shape[axis]
    result = computed(whole, shape, tensors[0].dtype, order)
    return replace(result, quantisation=quantisation)


def _shared(tensors: Sequence[Tensor]) -> Quantisation | None:
    """What the integers of all tensors stand for, where that is the same."""
    first = tensors[0].quantisation
    if first is None or any(tensor.table is not None for tensor in tensors):
        return None
    others = [tensor.quantisation for tensor in tensors]
    same = all(other is not None and first.equals(other) for other in others)
    return first if same and len({tensor.dtype for tensor in tensors}) == 1 else None


def narrowed(tensor: Tensor, axis: int, first: int, count: int) -> Tensor:
    """A run of elements along an axis."""
    return _along(tensor, axis, range(first, first + count))


def _along(tensor: Tensor, axis: int, places: range) -> Tensor:
    """Elements at ascending regular places along an axis."""
    if tensor.data is not None:
        return constant(tensor.data.take(places, axis), tensor.quantisation)
    first, shape, step = [0] * tensor.rank, list(tensor.shape), [1] * tensor.rank
    first[axis], shape[axis], step[axis] = places.start, len(places), places.step
    return cut(tensor, first, shape, step)


def picked(tensor: Tensor, places: Sequence[range]) -> Tensor:
    """Elements at regular places; where they descend along a dimension, gathered one by one."""
    for axis, place in enumerate(places):
        if place.step < 0:
            tensor = gathered(tensor, constant(np.array(place, np.int64)), axis)
        elif len(place) != tensor.shape[axis]:
            tensor = _along(tensor, axis, place)
    return tensor


def gathered(tensor: Tensor, indices: Tensor, axis: int) -> Tensor:
    """Elements at indices along an axis; the dimensions of the indices take its place."""
    shape = (*tensor.shape[:axis], *indices.shape, *tensor.shape[axis + 1 :])
    loops = Loops(tuple(range(len(shape))))
    place: tuple[Index, ...] = loops.result[axis : axis + indices.rank]
    narrow = (
        replace(indices, data=indices.data.astype(np.int32), dtype=np.dtype(np.int32))
        if (indices.data is not None)
        else indices
    )
    source = in_order(tensor)
    return gather_elements(source, narrow, axis, shape, loops, place)
