"""Elements at places that a table or the model says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.emit import Index, Loops, Read, compute, stored_value
from fdt_mlir.importer.onnx.encoded import plain
from fdt_mlir.importer.onnx.scalars import INT32, Scalar, convert, select
from fdt_mlir.importer.onnx.tensor import Tensor, element_type


def gather_elements(
    source: Tensor,
    indices: Tensor,
    axis: int,
    shape: Sequence[int],
    loops: Loops,
    place: Sequence[Index],
) -> Tensor:
    """Read `source` at an index along `axis` and at the result's own along the others.

    `source` lies in the model's order; `place` is the index of `indices`. Negative indices count
    from the end.
    """
    held = plain(source)
    value = stored_value(held)
    behind = len(shape) - (source.rank - axis - 1)

    def element(index: Scalar) -> Scalar:
        position = convert(index, INT32)
        if not indices.is_constant:
            wrapped = position + source.shape[axis]
            position = select(position.compare("<", 0), wrapped, position)
        at = ir.Operation.create("arith.index_cast", [ir.IndexType.get()], [position.value])
        outer = [_loop(dim) for dim in range(axis)]
        inner = [_loop(behind + dim) for dim in range(source.rank - axis - 1)]
        taken = ir.Operation.create(
            "tensor.extract",
            [element_type(source.dtype)],
            [value, *outer, at.results[0], *inner],
        )
        return Scalar(taken.results[0], source.dtype)

    result = compute(shape, source.dtype, loops, [Read(indices, tuple(place))], element)
    return replace(result, quantisation=source.quantisation, table=source.table)


def _loop(number: int) -> ir.Value:
    dim = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), number)
    index = ir.Operation.create("linalg.index", [ir.IndexType.get()], attributes={"dim": dim})
    return index.results[0]
