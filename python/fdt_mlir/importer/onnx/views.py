"""Tensors under other shapes and orders of dimensions: views, and moves where no view does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.emit import Loops, Read, compute, same, stored_value
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, constant, tensor_type


def in_order(tensor: Tensor, order: Sequence[int] | None = None) -> Tensor:
    """The tensor stored in an order of dimensions, by default the model's: moved if need be."""
    wanted = tuple(range(tensor.rank)) if order is None else tuple(order)
    if tensor.is_constant:
        return tensor.with_order(wanted)
    if _moves_nothing(tensor, wanted):
        return _relabelled(tensor, wanted)
    loops = Loops(wanted)
    moved = compute(tensor.shape, tensor.dtype, loops, [Read(tensor, loops.result)], same)
    return replace(moved, quantisation=tensor.quantisation, table=tensor.table)


def reshape(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """The same elements in the same order (the model's) under another shape."""
    if tuple(shape) == tensor.shape:
        return tensor
    assert math.prod(shape) == math.prod(tensor.shape)
    if tensor.data is not None:
        data = tensor.data.reshape(shape)
        return replace(tensor, shape=data.shape, data=data, order=tuple(range(data.ndim)))
    if [n for n in tensor.shape if n != 1] == [n for n in shape if n != 1]:
        return _with_units(tensor, shape)
    held = in_order(tensor)
    return replace(
        held,
        shape=tuple(shape),
        value=_view(stored_value(held), held.shape, shape, held.dtype),
        order=tuple(range(len(shape))),
        flattened=tensor if tensor.order != held.order else None,
    )


def split(tensor: Tensor, dim: int, extents: tuple[int, int]) -> Tensor:
    """Make two of one of the model's dimensions; nothing is moved."""
    shape = (*tensor.shape[:dim], *extents, *tensor.shape[dim + 1 :])
    if tensor.data is not None:
        return constant(tensor.data.reshape(shape))
    order: list[int] = []
    for stored in tensor.order:
        order += [stored + (stored > dim)] if stored != dim else [dim, dim + 1]
    before = [tensor.shape[n] for n in tensor.order]
    value = _view(stored_value(tensor), before, [shape[n] for n in order], tensor.dtype)
    return replace(tensor, shape=shape, value=value, order=tuple(order), flattened=None)


def merge(tensor: Tensor, dim: int) -> Tensor:
    """Make one of two of the model's dimensions, which are stored next to each other."""
    shape = (
        *tensor.shape[:dim],
        tensor.shape[dim] * tensor.shape[dim + 1],
        *tensor.shape[dim + 2 :],
    )
    place = tensor.order.index(dim)
    assert tensor.order[place + 1] == dim + 1, "dimensions that are stored apart"
    order = [n - (n > dim) for n in tensor.order if n != dim + 1]
    before = [tensor.shape[n] for n in tensor.order]
    value = _view(stored_value(tensor), before, [shape[n] for n in order], tensor.dtype)
    return replace(tensor, shape=shape, value=value, order=tuple(order), flattened=None)


def _with_units(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """Add and remove dimensions of extent 1, whatever the order in which the rest is stored."""
    kept = [dim for dim, extent in enumerate(tensor.shape) if extent != 1]
    new = [dim for dim, extent in enumerate(shape) if extent != 1]
    renamed = dict(zip(kept, new, strict=True))
    order = [dim for dim, extent in enumerate(shape) if extent == 1]
    order += [renamed[dim] for dim in tensor.order if dim in renamed]
    before = [tensor.shape[dim] for dim in tensor.order]
    after = [shape[dim] for dim in order]
    value = _view(stored_value(tensor), before, after, tensor.dtype)
    return replace(tensor, shape=tuple(shape), value=value, order=tuple(order), flattened=None)


def _moves_nothing(tensor: Tensor, order: Sequence[int]) -> bool:
    """Whether two orders differ in where dimensions of extent 1 stand only."""
    told = [dim for dim in tensor.order if tensor.shape[dim] != 1]
    return told == [dim for dim in order if tensor.shape[dim] != 1]


def _relabelled(tensor: Tensor, order: tuple[int, ...]) -> Tensor:
    if tensor.order == order:
        return tensor
    before = [tensor.shape[dim] for dim in tensor.order]
    after = [tensor.shape[dim] for dim in order]
    value = _view(stored_value(tensor), before, after, tensor.dtype)
    return replace(tensor, value=value, order=order)


def _view(value: ir.Value, before: Sequence[int], after: Sequence[int], dtype: Dtype) -> ir.Value:
    """The same memory under another shape: dimensions are merged, then split."""
    if list(before) == list(after):
        return value
    groups = _groups(before, after)
    merged = [math.prod(after[dim] for dim in split) for _, split in groups]
    if any(len(group) != 1 for group, _ in groups) or len(before) != len(merged):
        value = ir.Operation.create(
            "tensor.collapse_shape",
            results=[tensor_type(merged, dtype)],
            operands=[value],
            attributes={"reassociation": _reassociation([group for group, _ in groups])},
        ).results[0]
    if merged == list(after):
        return value
    return ir.Operation.create(
        "tensor.expand_shape",
        results=[tensor_type(after, dtype)],
        operands=[value],
        attributes={
            "reassociation": _reassociation([split for _, split in groups]),
            "static_output_shape": ir.DenseI64ArrayAttr.get(list(after)),
        },
    ).results[0]


def _groups(before: Sequence[int], after: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Runs of dimensions that hold the same elements before and after, as short as can be."""
    groups: list[tuple[list[int], list[int]]] = []
    if not before or not after:
        return groups
    first, second = 0, 0
    while first < len(before):
        begin = first, second
        size, other = before[first], after[second]
        first, second = first + 1, second + 1
        while size != other:
            if size < other:
                size, first = size * before[first], first + 1
            else:
                other, second = other * after[second], second + 1
        first, second = _behind_units(before, first), _behind_units(after, second)
        groups.append((list(range(begin[0], first)), list(range(begin[1], second))))
        if first == len(before):
            groups[-1][1].extend(range(second, len(after)))
        elif second == len(after):
            groups[-1][0].extend(range(first, len(before)))
            first = len(before)
    return groups


def _behind_units(shape: Sequence[int], dim: int) -> int:
    while dim < len(shape) and shape[dim] == 1:
        dim += 1
    return dim


def _reassociation(groups: Sequence[Sequence[int]]) -> ir.ArrayAttr:
    return ir.ArrayAttr.get([ir.ArrayAttr.get([i64(dim) for dim in group]) for group in groups])
