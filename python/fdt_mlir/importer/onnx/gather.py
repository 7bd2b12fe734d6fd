"""Elements at places that a table or the model says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.emit import Index, Loops, Read, compute, stored_value
from fdt_mlir.importer.onnx.encoded import plain
from fdt_mlir.importer.onnx.scalars import INT32, Scalar, convert, select
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, element_type


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
    value = stored_value(plain(source))
    added = len(shape) - source.rank

    def element(index: Scalar) -> Scalar:
        position = convert(index, INT32)
        if not indices.is_constant:
            wrapped = position + source.shape[axis]
            position = select(position.compare("<", 0), wrapped, position)
        return element_at(value, source.dtype, source.rank, {axis: position}, added)

    result = compute(shape, source.dtype, loops, [Read(indices, tuple(place))], element)
    return replace(result, quantisation=source.quantisation, table=source.table)


def element_at(
    value: ir.Value, dtype: Dtype, rank: int, at: Mapping[int, Scalar], added: int = 0
) -> Scalar:
    """An element of a tensor at given places along some axes, at the result's own along others.

    added: by how many dimensions the result has more, behind the axis.
    """
    indices: list[ir.Value] = []
    behind = 0
    for dim in range(rank):
        if dim in at:
            cast = ir.Operation.create("arith.index_cast", [ir.IndexType.get()], [at[dim].value])
            indices.append(cast.results[0])
            behind = added
        else:
            indices.append(_loop(dim + behind))
    taken = ir.Operation.create("tensor.extract", [element_type(dtype)], [value, *indices])
    return Scalar(taken.results[0], dtype)


def _loop(number: int) -> ir.Value:
    dim = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), number)
    index = ir.Operation.create("linalg.index", [ir.IndexType.get()], attributes={"dim": dim})
    return index.results[0]


def loop_index(number: int) -> Scalar:
    """The index of a loop around the element under computation, as an int32."""
    cast = ir.Operation.create("arith.index_cast", [element_type(INT32)], [_loop(number)])
    return Scalar(cast.results[0], INT32)
