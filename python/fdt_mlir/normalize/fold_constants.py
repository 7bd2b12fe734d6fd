"""fdt-fold-constants: give constants their final order at compile time."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fdt_mlir.attributes import integers, tensor_data
from fdt_mlir.bindings import ir, walk
from fdt_mlir.normalize.structured import element_type, is_constant, producer
from fdt_mlir.passes import Pass


@dataclass(frozen=True)
class FoldConstantsPass(Pass):
    """Replace transposes of constants by transposed constants.

    Requires: linalg on tensors.
    Ensures: no `linalg.transpose` of an `arith.constant` is left; weights of convolutions that
        come from TOSA (OHWI) are HWIO.
    Fails when: a transposed constant is of a type that cannot be read, such as i4, or its data is
        not part of the IR (dense_resource).
    """

    name: ClassVar[str] = "fdt-fold-constants"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            if op.name == "linalg.transpose" and is_constant(op.operands[0]):
                _fold_transpose(op)


def _fold_transpose(op: ir.Operation) -> None:
    constant = producer(op.operands[0])
    assert constant is not None
    permutation = integers(op, "permutation")
    data = tensor_data(constant, "value")
    array = np.ascontiguousarray(np.transpose(data, permutation))
    result_type = op.results[0].type
    with ir.InsertionPoint(op), op.location:
        folded = ir.Operation.create(
            "arith.constant",
            results=[result_type],
            attributes={"value": ir.DenseElementsAttr.get(array, type=element_type(op.results[0]))},
        )
    op.results[0].replace_all_uses_with(folded.results[0])
    op.erase()
