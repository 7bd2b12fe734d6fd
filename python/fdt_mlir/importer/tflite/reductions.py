"""Reductions whose TOSA form is missing or rounds differently."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute, stored_value
from fdt_mlir.importer.onnx.gather import loop_index
from fdt_mlir.importer.onnx.reductions import total
from fdt_mlir.importer.onnx.scalars import INT32, Scalar, clip, convert, literal, select
from fdt_mlir.importer.onnx.tensor import Tensor, computed, tensor_type
from fdt_mlir.importer.onnx.views import in_order, reshape
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.fixed_point import Multiplier

_EXCLUSIVE, _REVERSE = 0, 1  # ids of fields in CumsumOptions


def arg_min(call: Call) -> Sequence[Tensor]:
    """ARG_MIN of integers: the place of the greatest complement, the first of equals."""
    source = call.tensor(0)
    axis = int(call.constant(1, "its axis").item()) % source.rank

    def complement(element: Scalar) -> Scalar:
        return literal(-1, element.dtype) - element

    return [place_of_greatest(elementwise((source,), source.dtype, complement), axis)]


def place_of_greatest(tensor: Tensor, axis: int) -> Tensor:
    """The int32 index of the greatest element along an axis, the first of equals."""
    shape = (*tensor.shape[:axis], *tensor.shape[axis + 1 :])
    place = ir.Operation.create(
        "tosa.argmax",
        results=[tensor_type(shape, INT32)],
        operands=[stored_value(in_order(tensor))],
        attributes={"axis": ir.IntegerAttr.get(ir.IntegerType.get_signless(32), axis)},
    )
    return computed(place.results[0], shape, INT32)


def quantised_sum(call: Call) -> Sequence[Tensor]:
    """SUM of int8 and int16: an int32 sum times the ratio of the scales, rounded twice."""
    source = call.tensor(0)
    axes = sorted({int(axis) % source.rank for axis in call.constant(1, "its axes").reshape(-1)})
    count = math.prod(source.shape[axis] for axis in axes)
    shift = count * call.zero_point()
    multiplier = Multiplier.of(call.scale() / call.result_scale)
    dtype = call.result_dtype

    def store(sums: Scalar) -> Scalar:
        scaled = multiplier.times(sums - shift)
        return convert(clip(scaled + call.result_zero_point, *call.bounds()), dtype)

    wide = elementwise((source,), INT32, lambda element: convert(element, INT32))
    stored = elementwise((total(wide, axes),), dtype, store)
    return [reshape(stored, call.result().shape)]


def cumulative_sum(call: Call) -> Sequence[Tensor]:
    """CUMSUM: each element is a sum over those before it, itself included or not."""
    source = call.tensor(0)
    axis = int(call.constant(1, "its axis").item()) % source.rank
    is_exclusive, is_reverse = (bool(call.option(n, "<b")) for n in (_EXCLUSIVE, _REVERSE))
    predicate = (">" if is_reverse else "<") + ("" if is_exclusive else "=")
    loops = Loops(tuple(range(source.rank)), (source.shape[axis],))
    index = list(loops.result)
    index[axis] = loops.reduced[0]

    def add(element: Scalar, so_far: Scalar) -> Scalar:
        counts = loop_index(source.rank).compare(predicate, loop_index(axis))
        return so_far + select(counts, element, 0)

    reads = [Read(source, tuple(index))]
    return [compute(source.shape, source.dtype, loops, reads, add, 0)]
