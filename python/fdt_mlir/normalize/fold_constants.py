"""fdt-fold-constants: give constants their final order at compile time."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.attributes import integers, tensor_data
from fdt_mlir.bindings import ir, walk
from fdt_mlir.normalize.structured import element_type, is_constant, producer, structured
from fdt_mlir.passes import Pass


@dataclass(frozen=True)
class FoldConstantsPass(Pass):
    """Replace transposes and slices of constants, and maps to one number, by constants.

    Requires: linalg on tensors.
    Ensures: no `linalg.transpose` or static slice of an `arith.constant` is left; weights of
        convolutions that come from TOSA (OHWI) are HWIO. No elementwise map reads what it does not
        need: activations that clamp everything to one number are that number.
    Fails when: a transposed constant is of a type that cannot be read, such as i4, or its data is
        not part of the IR (dense_resource).
    """

    name: ClassVar[str] = "fdt-fold-constants"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            if op.name == "linalg.transpose" and is_constant(op.operands[0]):
                data = np.transpose(_data(op), integers(op, "permutation"))
                _replace_by_constant(op, data)
            elif op.name == "tensor.extract_slice" and _is_slice_of_constant(op):
                names = ("static_offsets", "static_sizes", "static_strides")
                parts = zip(*(integers(op, name) for name in names), strict=True)
                index = tuple(slice(at, at + step * size, step) for at, size, step in parts)
                _replace_by_constant(op, _data(op)[index])
            else:
                number = _only_number(op)
                if number is not None:
                    _replace_by_number(op, number)


def _only_number(op: ir.Operation) -> ir.Attribute | None:
    """The number that a map of tensors gives whatever they hold; None where there is none."""
    found = structured(op)
    if found is None or not found.inputs or found.is_reduction:
        return None
    *_, terminator = op.regions[0].blocks[0].operations
    result = producer(terminator.operation.operands[0])
    if result is None or result.name != "arith.constant":
        return None
    return result.attributes["value"]


def _replace_by_number(op: ir.Operation, number: ir.Attribute) -> None:
    result_type = op.results[0].type
    with ir.InsertionPoint(op), op.location:
        splat = ir.DenseElementsAttr.get_splat(result_type, number)
        constant = ir.Operation.create("arith.constant", [result_type], attributes={"value": splat})
    op.results[0].replace_all_uses_with(constant.results[0])
    op.erase()


def _is_slice_of_constant(op: ir.Operation) -> bool:
    """Whether a slice is known: sizes and places are numbers, and no dimension is dropped."""
    source, result = op.operands[0].type, op.results[0].type
    assert isinstance(source, ir.RankedTensorType)
    assert isinstance(result, ir.RankedTensorType)
    is_static = len(op.operands) == 1 and source.rank == result.rank
    constant = producer(op.operands[0])
    return is_static and constant is not None and constant.name == "arith.constant"


def _data(op: ir.Operation) -> NDArray[Any]:
    constant = producer(op.operands[0])
    assert constant is not None
    return tensor_data(constant, "value")


def _replace_by_constant(op: ir.Operation, data: NDArray[Any]) -> None:
    array = np.ascontiguousarray(data)
    with ir.InsertionPoint(op), op.location:
        folded = ir.Operation.create(
            "arith.constant",
            results=[op.results[0].type],
            attributes={"value": ir.DenseElementsAttr.get(array, type=element_type(op.results[0]))},
        )
    op.results[0].replace_all_uses_with(folded.results[0])
    op.erase()
