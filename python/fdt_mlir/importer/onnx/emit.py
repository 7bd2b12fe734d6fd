"""Linalg and tensor operations on the tensors of a model, where code is inserted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.scalars import Scalar, literal, wrapped
from fdt_mlir.importer.onnx.tensor import (
    Dtype,
    Tensor,
    computed,
    element_type,
    tensor_type,
)
from fdt_mlir.normalize.generic import add_body, create_generic, iterator_type

Index = ir.AffineExpr | int
Body = Callable[..., Scalar]


@dataclass(frozen=True)
class Read:
    """An element that each iteration reads: its index, in the model's order of dimensions."""

    tensor: Tensor
    index: tuple[Index, ...]


@dataclass(frozen=True)
class Loops:
    """The loops of a computation: those of the result, as it is stored, then the reductions.

    order: of the result's dimensions; reductions: trip counts.
    """

    order: tuple[int, ...]
    reductions: tuple[int, ...] = ()

    @property
    def result(self) -> tuple[ir.AffineExpr, ...]:
        """The index of the result, in the model's order of dimensions."""
        return tuple(ir.AffineExpr.get_dim(self.order.index(dim)) for dim in range(len(self.order)))

    @property
    def reduced(self) -> tuple[ir.AffineExpr, ...]:
        """The loops of the reduction."""
        first = len(self.order)
        return tuple(ir.AffineExpr.get_dim(first + n) for n in range(len(self.reductions)))


def compute(
    shape: Sequence[int],
    dtype: Dtype,
    loops: Loops,
    reads: Sequence[Read],
    body: Body,
    start: Tensor | float | None = None,
) -> Tensor:
    """Compute a tensor element by element, or as a reduction from `start`.

    `body` takes a Scalar for each read and, in a reduction, the accumulator last.
    """
    stored = [shape[dim] for dim in loops.order]
    init = _start(stored, dtype, loops, start)
    count = len(loops.order) + len(loops.reductions)
    operands: list[ir.Value] = []
    maps: list[ir.AffineMap] = []
    for read in reads:
        if _is_number(read.tensor):
            continue
        operands.append(stored_value(read.tensor))
        maps.append(_map(count, [read.index[dim] for dim in read.tensor.order]))
    # Nothing else bounds a reduction over a window: no element of this tensor is ever read.
    if loops.reductions and not _bounds(reads, loops):
        operands.append(empty(loops.reductions, dtype))
        maps.append(_map(count, loops.reduced))
    kinds = ["parallel"] * len(loops.order) + ["reduction"] * len(loops.reductions)
    created = _generic(operands, init, [*maps, _identity(count, len(loops.order))], kinds)
    block = created.regions[0].blocks[0]
    with ir.InsertionPoint(block):
        elements = iter(block.arguments)
        arguments = [
            literal(read.tensor.data.item(), read.tensor.dtype)
            if read.tensor.data is not None and _is_number(read.tensor)
            else Scalar(next(elements), read.tensor.dtype)
            for read in reads
        ]
        if loops.reductions:
            arguments.append(Scalar(block.arguments[len(block.arguments) - 1], dtype))
        result = body(*arguments)
        assert result.dtype == dtype, f"a body computes {result.dtype} instead of {dtype}"
        ir.Operation.create("linalg.yield", operands=[result.value])
    return computed(created.results[0], shape, dtype, loops.order)


def stored_value(tensor: Tensor) -> ir.Value:
    """The MLIR value of a tensor: a constant becomes one, in the order asked of it."""
    if tensor.value is not None:
        return tensor.value
    assert tensor.data is not None
    return constant_value(np.transpose(tensor.data, tensor.order))


def constant_value(data: Array) -> ir.Value:
    """A constant tensor."""
    held = np.ascontiguousarray(data).reshape(data.shape)
    mlir_type = tensor_type(held.shape, held.dtype)
    if held.dtype.kind == "u":
        held = held.view(f"i{held.dtype.itemsize}")
    if held.size and (held == held.flat[0]).all():
        scalar = wrapped(int(held.flat[0]), held.dtype) if held.dtype.kind in "iub" else None
        element = element_type(held.dtype)
        single = (
            ir.FloatAttr.get(element, float(held.flat[0]))
            if scalar is None
            else ir.IntegerAttr.get(element, scalar)
        )
        attribute: ir.Attribute = ir.DenseElementsAttr.get_splat(mlir_type, single)
    elif held.dtype.kind == "b":
        packed = np.packbits(held.reshape(-1), bitorder="little")
        attribute = ir.DenseElementsAttr.get(
            packed, type=element_type(held.dtype), shape=list(held.shape)
        )
    else:
        attribute = ir.DenseElementsAttr.get(held, type=element_type(held.dtype))
    created = ir.Operation.create(
        "arith.constant", [attribute.type], attributes={"value": attribute}
    )
    return created.results[0]


def empty(shape: Sequence[int], dtype: Dtype) -> ir.Value:
    """A tensor of no particular content."""
    return ir.Operation.create("tensor.empty", [tensor_type(shape, dtype)]).results[0]


def pad(tensor: Tensor, low: Sequence[int], high: Sequence[int], value: float) -> Tensor:
    """Add elements before and after each of the model's dimensions."""
    if not any((*low, *high)):
        return tensor
    shape = [a + n + b for a, n, b in zip(low, tensor.shape, high, strict=True)]
    created = ir.Operation.create(
        "tensor.pad",
        results=[tensor_type([shape[dim] for dim in tensor.order], tensor.dtype)],
        operands=[stored_value(tensor)],
        attributes={
            "static_low": ir.DenseI64ArrayAttr.get([low[dim] for dim in tensor.order]),
            "static_high": ir.DenseI64ArrayAttr.get([high[dim] for dim in tensor.order]),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0, 0]),
        },
        regions=1,
    )
    indices = [ir.IndexType.get()] * tensor.rank
    here = [ir.Location.unknown()] * tensor.rank
    block = ir.Block.create_at_start(created.regions[0], indices, here)
    with ir.InsertionPoint(block):
        padding = literal(value, tensor.dtype)
        ir.Operation.create("tensor.yield", operands=[padding.value])
    return replace(tensor, shape=tuple(shape), value=created.results[0], flattened=None)


def cut(tensor: Tensor, first: Sequence[int], shape: Sequence[int], step: Sequence[int]) -> Tensor:
    """A slice, in the model's order of dimensions; steps are positive."""
    created = ir.Operation.create(
        "tensor.extract_slice",
        results=[tensor_type([shape[dim] for dim in tensor.order], tensor.dtype)],
        operands=[stored_value(tensor)],
        attributes={
            "static_offsets": ir.DenseI64ArrayAttr.get([first[dim] for dim in tensor.order]),
            "static_sizes": ir.DenseI64ArrayAttr.get([shape[dim] for dim in tensor.order]),
            "static_strides": ir.DenseI64ArrayAttr.get([step[dim] for dim in tensor.order]),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 0, 0, 0]),
        },
    )
    return replace(tensor, shape=tuple(shape), value=created.results[0], flattened=None)


def paste(part: Tensor, whole: ir.Value, first: Sequence[int]) -> ir.Value:
    """Write a tensor into a larger one of the same order of dimensions."""
    created = ir.Operation.create(
        "tensor.insert_slice",
        results=[whole.type],
        operands=[stored_value(part), whole],
        attributes={
            "static_offsets": ir.DenseI64ArrayAttr.get([first[dim] for dim in part.order]),
            "static_sizes": ir.DenseI64ArrayAttr.get([part.shape[dim] for dim in part.order]),
            "static_strides": ir.DenseI64ArrayAttr.get([1] * part.rank),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([1, 1, 0, 0, 0]),
        },
    )
    return created.results[0]


def same(element: Scalar) -> Scalar:
    """The body that changes nothing."""
    return element


def _start(
    stored: Sequence[int], dtype: Dtype, loops: Loops, start: Tensor | float | None
) -> ir.Value:
    """What the destination holds before: nothing, a number, or a tensor repeated."""
    target = empty(stored, dtype)
    if start is None:
        return target
    kinds = ["parallel"] * len(stored)
    count = len(stored)
    if isinstance(start, Tensor):
        first = len(stored) - start.rank
        index = [
            loops.result[first + dim] if extent != 1 else ir.AffineExpr.get_constant(0)
            for dim, extent in enumerate(start.shape)
        ]
        source = _map(count, [index[dim] for dim in start.order])
        created = _generic([stored_value(start)], target, [source, _identity(count, count)], kinds)
        value = created.regions[0].blocks[0].arguments[0]
    else:
        value = literal(start, dtype).value
        created = _generic([], target, [_identity(count, count)], kinds)
    with ir.InsertionPoint(created.regions[0].blocks[0]):
        ir.Operation.create("linalg.yield", operands=[value])
    return created.results[0]


def _generic(
    operands: Sequence[ir.Value],
    init: ir.Value,
    maps: Sequence[ir.AffineMap],
    kinds: Sequence[str],
) -> ir.Operation:
    """A linalg.generic with an empty body block."""
    created = create_generic(operands, init, maps, [iterator_type(kind) for kind in kinds])
    add_body(created)
    return created


def _is_number(tensor: Tensor) -> bool:
    """Whether a tensor is a constant of one element: no loop indexes it."""
    return tensor.data is not None and tensor.data.size == 1


def _bounds(reads: Sequence[Read], loops: Loops) -> bool:
    """Whether each loop of the reduction indexes some dimension alone."""
    alone = {str(expr) for read in reads if not _is_number(read.tensor) for expr in read.index}
    return all(str(loop) in alone for loop in loops.reduced)


def _map(loops: int, results: Sequence[Index]) -> ir.AffineMap:
    exprs = [ir.AffineExpr.get_constant(e) if isinstance(e, int) else e for e in results]
    return ir.AffineMap.get(loops, 0, exprs)


def _identity(loops: int, results: int) -> ir.AffineMap:
    return _map(loops, [ir.AffineExpr.get_dim(n) for n in range(results)])
