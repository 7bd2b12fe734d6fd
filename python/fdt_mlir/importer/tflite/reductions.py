"""Reductions whose TOSA form is missing or rounds differently."""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import stored_value
from fdt_mlir.importer.onnx.scalars import INT32, Scalar, literal
from fdt_mlir.importer.onnx.tensor import Tensor, computed, tensor_type
from fdt_mlir.importer.tflite.call import Call


def arg_min(call: Call) -> Sequence[Tensor]:
    """ARG_MIN of integers: the place of the greatest complement, the first of equals."""
    source = call.tensor(0)
    axis = int(call.constant(1, "its axis").item()) % source.rank

    def complement(element: Scalar) -> Scalar:
        return literal(-1, element.dtype) - element

    turned = elementwise((source,), source.dtype, complement)
    shape = call.result().shape
    place = ir.Operation.create(
        "tosa.argmax",
        results=[tensor_type(shape, INT32)],
        operands=[stored_value(turned)],
        attributes={"axis": ir.IntegerAttr.get(ir.IntegerType.get_signless(32), axis)},
    )
    return [computed(place.results[0], shape, INT32)]
