"""Operators that move or rename elements and compute nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.call import Call, Result, Translation
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import cut, pad, same
from fdt_mlir.importer.onnx.encoded import plain, real
from fdt_mlir.importer.onnx.rearrange import (
    concatenated,
    gathered,
    movable,
    narrowed,
    picked,
    transposed,
)
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.views import reshape


def _transpose(call: Call) -> Tensor:
    tensor = call.tensor()
    return transposed(tensor, call.ints("perm", tuple(reversed(range(tensor.rank)))))


def _reshape(call: Call) -> Tensor:
    tensor = movable(call.tensor())
    wanted = [int(extent) for extent in call.constant(1, "the shape")]
    if not call.integer("allowzero"):
        wanted = [tensor.shape[dim] if extent == 0 else extent for dim, extent in enumerate(wanted)]
    if -1 in wanted:
        known = -math.prod(wanted)
        wanted[wanted.index(-1)] = math.prod(tensor.shape) // max(known, 1)
    if math.prod(wanted) != math.prod(tensor.shape):
        raise call.error(
            f"{math.prod(tensor.shape)} elements cannot take the shape {tuple(wanted)}",
            "a fixed batch size in the shape is the usual cause: export with -1 in its place",
        )
    return reshape(tensor, wanted)


def _flatten(call: Call) -> Tensor:
    tensor = movable(call.tensor())
    axis = call.integer("axis", 1)
    axis = axis + tensor.rank if axis < 0 else axis
    return reshape(tensor, (math.prod(tensor.shape[:axis]), math.prod(tensor.shape[axis:])))


def _squeeze(call: Call) -> Tensor:
    tensor = movable(call.tensor())
    axes = call.axes(1, tensor.rank)
    if axes is None:
        axes = tuple(dim for dim, extent in enumerate(tensor.shape) if extent == 1)
    return reshape(tensor, [n for dim, n in enumerate(tensor.shape) if dim not in axes])


def _unsqueeze(call: Call) -> Tensor:
    tensor = movable(call.tensor())
    count = np.size(call.attributes.get("axes", call.optional(1, "axes")))
    axes = call.axes(1, tensor.rank + count)
    assert axes is not None
    extents = iter(tensor.shape)
    return reshape(
        tensor, [1 if dim in axes else next(extents) for dim in range(tensor.rank + count)]
    )


def _identity(call: Call) -> Tensor:
    return call.tensor()


def _dropout(call: Call) -> Result:
    """Dropout of a trained model keeps everything."""
    ratio = call.optional(1, "the ratio")
    training = call.optional(2, "training_mode")
    drops = ratio is None or ratio.any()
    if training is not None and training.any() and drops:
        raise call.error("training is not supported", "export the model for inference")
    tensor = call.tensor()
    return tensor, constant(np.ones(tensor.shape, np.bool_))


def _concat(call: Call) -> Tensor:
    tensors = [call.tensor(index) for index in range(len(call.inputs))]
    return concatenated(tensors, call.axis(tensors[0].rank))


def _split(call: Call) -> Result:
    tensor = movable(call.tensor())
    axis = call.axis(tensor.rank)
    extent, count = tensor.shape[axis], len(call.output_names)
    sizes = call.optional(1, "the sizes of the parts")
    if sizes is None and "split" in call.attributes:
        sizes = np.array(call.ints("split", ()))
    if sizes is None:
        each = -(-extent // count)
        sizes = np.array([min(each, extent - number * each) for number in range(count)])
    parts: list[Tensor] = []
    first = 0
    for size in sizes:
        parts.append(narrowed(tensor, axis, first, int(size)))
        first += int(size)
    return tuple(parts)


def _slice(call: Call) -> Tensor:
    tensor = movable(call.tensor())
    starts, ends = call.constant(1, "starts"), call.constant(2, "ends")
    steps = call.optional(4, "steps")
    names = call.named_axes(3, tensor.rank, len(starts))
    first, step, shape = [0] * tensor.rank, [1] * tensor.rank, list(tensor.shape)
    for number, axis in enumerate(names):
        stride = 1 if steps is None else int(steps[number])
        places = range(tensor.shape[axis])[int(starts[number]) : int(ends[number]) : stride]
        if not places:
            raise call.error("the result is empty", "correct starts, ends and steps")
        first[axis], step[axis], shape[axis] = places[0], stride, len(places)
    if min(step) > 0:
        return cut(tensor, first, shape, step)
    return picked(
        tensor, [range(a, a + n * s, s) for a, n, s in zip(first, shape, step, strict=True)]
    )


def _gather(call: Call) -> Tensor:
    tensor, indices = movable(call.tensor(0)), call.tensor(1)
    axis = call.axis(tensor.rank)
    if indices.data is not None:
        extent = tensor.shape[axis]
        places = indices.data.astype(np.int64)
        if places.size and not (-extent <= places.min() and places.max() < extent):
            raise call.error(
                f"an index from {places.min()} to {places.max()} in an axis of {extent} elements",
                "correct the indices",
            )
        places = places % extent
        if places.size == 1:
            taken, shape = narrowed(tensor, axis, int(places.item()), 1), tensor.shape
            return reshape(taken, (*shape[:axis], *places.shape, *shape[axis + 1 :]))
        indices = constant(places)
    return gathered(tensor, indices, axis)


def _pad(call: Call) -> Tensor:
    tensor = movable(call.tensor())
    amounts = call.constant(1, "the amounts")
    names = call.named_axes(3, tensor.rank, tensor.rank)
    low, high = [0] * tensor.rank, [0] * tensor.rank
    for number, axis in enumerate(names):
        low[axis], high[axis] = int(amounts[number]), int(amounts[number + len(names)])
    mode = call.text("mode", "constant")
    if mode != "constant":
        return _mirrored(call, tensor, low, high, mode)
    value = call.optional(2, "the value")
    number = 0.0 if value is None or value.size == 0 else value.item()
    if tensor.quantisation is not None:
        number = int(tensor.quantisation.stored(np.array(number), tensor.dtype))
    elif tensor.table is not None:
        tensor = real(tensor)
    # Negative amounts crop.
    extents = zip(tensor.shape, low, high, strict=True)
    kept = [range(max(-before, 0), n + min(after, 0)) for n, before, after in extents]
    tensor = picked(tensor, kept)
    return pad(tensor, [max(n, 0) for n in low], [max(n, 0) for n in high], number)


def _mirrored(call: Call, tensor: Tensor, low: list[int], high: list[int], mode: str) -> Tensor:
    if mode not in ("reflect", "edge", "wrap") or min(*low, *high) < 0:
        raise call.error(f"mode '{mode}' is not supported here", "use mode 'constant'")
    for axis, (before, after) in enumerate(zip(low, high, strict=True)):
        if before or after:
            extent = tensor.shape[axis]
            places = [_source(place, extent, mode) for place in range(-before, extent + after)]
            tensor = gathered(tensor, constant(np.array(places, np.int64)), axis)
    return tensor


def _source(place: int, extent: int, mode: str) -> int:
    """Which element a place beyond the ends repeats."""
    if mode == "edge" or extent == 1:
        return min(max(place, 0), extent - 1)
    if mode == "wrap":
        return place % extent
    period = 2 * (extent - 1)
    place = place % period
    return min(place, period - place)


def _expand(call: Call) -> Tensor:
    tensor = movable(call.tensor())
    wanted = [int(extent) for extent in call.constant(1, "the shape")]
    shape = np.broadcast_shapes(tensor.shape, wanted)
    source = reshape(tensor, (1,) * (len(shape) - tensor.rank) + tensor.shape)
    result = elementwise((plain(source),), source.dtype, same, shape)
    return replace(result, quantisation=tensor.quantisation, table=tensor.table)


def _tile(call: Call) -> Tensor:
    tensor = movable(call.tensor())
    for axis, count in enumerate(call.constant(1, "the repeats")):
        if count != 1:
            places = np.tile(np.arange(tensor.shape[axis]), int(count))
            tensor = gathered(tensor, constant(places), axis)
    return tensor


def _space(call: Call, to_depth: bool) -> Tensor:
    tensor = movable(call.tensor())
    batch, channels, height, width = tensor.shape
    size = call.integer("blocksize")
    if to_depth:
        apart = reshape(tensor, (batch, channels, height // size, size, width // size, size))
        moved = transposed(apart, (0, 3, 5, 1, 2, 4))
        return reshape(moved, (batch, channels * size * size, height // size, width // size))
    depth = channels // (size * size)
    if call.text("mode", "DCR") == "DCR":
        apart = reshape(tensor, (batch, size, size, depth, height, width))
        moved = transposed(apart, (0, 3, 4, 1, 5, 2))
    else:
        apart = reshape(tensor, (batch, depth, size, size, height, width))
        moved = transposed(apart, (0, 1, 4, 2, 5, 3))
    return reshape(moved, (batch, depth, height * size, width * size))


MOVEMENT: Mapping[str, Translation] = MappingProxyType(
    {
        "Concat": _concat,
        "DepthToSpace": lambda call: _space(call, to_depth=False),
        "Dropout": _dropout,
        "Expand": _expand,
        "Flatten": _flatten,
        "Gather": _gather,
        "Identity": _identity,
        "Pad": _pad,
        "Reshape": _reshape,
        "Slice": _slice,
        "SpaceToDepth": lambda call: _space(call, to_depth=True),
        "Split": _split,
        "Squeeze": _squeeze,
        "Tile": _tile,
        "Transpose": _transpose,
        "Unsqueeze": _unsqueeze,
    }
)
