"""fdt-fold-views: slices read the tensor itself, not a reshape that only adds extents of 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.attributes import integers, integers_of, items, items_of, number_of
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import (
    defined_functions,
    is_unit_reshape,
    producer,
    shape_of,
)
from fdt_mlir.passes import Pass


@dataclass(frozen=True)
class FoldViewsPass(Pass):
    """Let slices of a reshaped tensor be slices of the tensor, where only extents of 1 differ.

    Requires: tensor operations of static shape.
    Ensures: no `tensor.extract_slice` of fixed position reads a `tensor.expand_shape` that only
        adds dimensions of extent 1, unless its result has more dimensions than the tensor. A slice
        of such a slice is then a slice of one tensor, and its producer can be tiled.
    Fails when: never.
    """

    name: ClassVar[str] = "fdt-fold-views"

    def run(self, module: ir.Module) -> None:
        for function in defined_functions(module):
            for block in function.regions[0].blocks:
                for operation in list(block.operations):
                    if operation.operation.name == "tensor.extract_slice":
                        _fold(operation.operation)


def _fold(slice_op: ir.Operation) -> None:
    expand = producer(slice_op.operands[0])
    if expand is None or expand.name != "tensor.expand_shape" or not is_unit_reshape(expand):
        return
    source = expand.operands[0]
    is_fixed = len(slice_op.operands) == 1
    if not is_fixed or len(shape_of(slice_op.results[0])) > len(shape_of(source)):
        return
    groups = [
        [int(number_of(dim)) for dim in items_of(group)] for group in items(expand, "reassociation")
    ]
    extents = shape_of(expand.results[0])
    # The one dimension of each group that the tensor has; any of them where all have extent 1.
    kept = [next((dim for dim in group if extents[dim] != 1), group[0]) for group in groups]
    attributes = {
        name: ir.DenseI64ArrayAttr.get([integers(slice_op, name)[dim] for dim in kept])
        for name in ("static_offsets", "static_sizes", "static_strides")
    }
    segments = integers_of(slice_op.attributes["operandSegmentSizes"])
    with ir.InsertionPoint(slice_op), slice_op.location:
        folded = ir.Operation.create(
            "tensor.extract_slice",
            [slice_op.results[0].type],
            [source],
            attributes={**attributes, "operandSegmentSizes": ir.DenseI32ArrayAttr.get(segments)},
        )
    slice_op.results[0].replace_all_uses_with(folded.results[0])
    slice_op.erase()
    if next(iter(expand.results[0].uses), None) is None:
        expand.erase()
