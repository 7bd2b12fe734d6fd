"""The operands of a kernel call: whose memory, where in it, what shape.

Before bufferization the operands are tensors, whose memory will be contiguous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from fdt_mlir.attributes import integer_of, integers, items, items_of, string, tensor_data
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import destination_of, inputs_of
from fdt_mlir.normalize.structured import kept_dims, producer, shape_of
from fdt_mlir.passes import op_error

TENSOR_VIEWS = (
    "tensor.collapse_shape",
    "tensor.expand_shape",
    "tensor.extract_slice",
    "tensor.cast",
)
# Operations that show the same memory under another type.
_RESHAPES = ("memref.collapse_shape", "memref.expand_shape", "memref.cast")


@dataclass(frozen=True)
class View:
    """A part of a buffer or constant: `base` is the whole of it, the rest counts elements.

    `offset` is the constant part of the position of the first element, `dynamic` its
    (SSA value, factor) parts.
    """

    base: ir.Value
    element_type: ir.Type
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    dynamic: tuple[tuple[ir.Value, int], ...] = ()


def views_of(call: ir.Operation) -> list[View]:
    """The views of all operands of a kernel call, the destination last."""
    return [view_of(value) for value in (*inputs_of(call), destination_of(call))]


def view_of(value: ir.Value) -> View:
    """Follow subviews and reshapes back to the buffer.

    Raises CompileError for a view whose strides are not static.
    """
    memref = _memref(value)
    strides, _ = memref.get_strides_and_offset()
    base, offset, dynamic = _origin(value)
    if any(stride < 0 for stride in strides):
        # A block argument has no operation of its own: the function is where it comes from.
        owner = value.owner.owner if isinstance(value.owner, ir.Block) else value.owner
        raise op_error(owner.operation, f"a view of dynamic strides cannot be compiled: {memref}")
    return View(
        base, memref.element_type, tuple(memref.shape), tuple(strides), offset, tuple(dynamic)
    )


def tensor_view_of(value: ir.Value) -> View:
    """The view that a tensor will be: follow slices and reshapes back to the whole of it."""
    op = producer(value)
    shape = shape_of(value)
    if op is None or op.name not in TENSOR_VIEWS:
        return View(value, value.type.element_type, shape, _contiguous(shape))
    source = tensor_view_of(op.operands[0])
    if op.name == "tensor.cast":
        return source
    if op.name == "tensor.extract_slice":
        return _sliced(op, source, shape)
    return replace(source, shape=shape, strides=_reshaped(op, source, shape))


def _sliced(op: ir.Operation, source: View, shape: tuple[int, ...]) -> View:
    names = ("static_offsets", "static_sizes", "static_strides")
    offsets, sizes, steps = (integers(op, name) for name in names)
    assert ir.ShapedType.get_dynamic_stride_or_offset() not in offsets, "tiles are no whole tensors"
    start = sum(offset * stride for offset, stride in zip(offsets, source.strides, strict=True))
    strides = [stride * step for stride, step in zip(source.strides, steps, strict=True)]
    kept = kept_dims(sizes, shape)
    return View(
        source.base,
        source.element_type,
        shape,
        tuple(strides[dim] for dim in kept),
        source.offset + start,
    )


def _reshaped(op: ir.Operation, source: View, shape: Sequence[int]) -> tuple[int, ...]:
    """The strides after a reshape, which joins or splits groups of dimensions."""
    if not source.shape:
        return _contiguous(shape)  # a scalar has no dimension to split
    groups = [[integer_of(dim) for dim in items_of(group)] for group in items(op, "reassociation")]
    collapses = op.name == "tensor.collapse_shape"
    strides: list[int] = []
    for number, group in enumerate(groups):
        if collapses:
            wide = [dim for dim in group if source.shape[dim] > 1]
            strides.append(source.strides[wide[-1] if wide else group[-1]])
        else:
            inner = _contiguous([shape[dim] for dim in group])
            strides += [source.strides[number] * stride for stride in inner]
    return tuple(strides)


def _contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    strides = [1] * len(shape)
    for dim in reversed(range(len(shape) - 1)):
        strides[dim] = strides[dim + 1] * shape[dim + 1]
    return tuple(strides)


def _memref(value: ir.Value) -> ir.MemRefType:
    assert isinstance(value.type, ir.MemRefType), f"{value.type} is no memory"
    return value.type


def _origin(value: ir.Value) -> tuple[ir.Value, int, list[tuple[ir.Value, int]]]:
    op = producer(value)
    if op is not None and op.name in _RESHAPES:
        return _origin(op.operands[0])
    if op is None or op.name != "memref.subview":
        return value, 0, []
    base, offset, dynamic = _origin(op.operands[0])
    strides, _ = _memref(op.operands[0]).get_strides_and_offset()
    positions = iter(op.operands[1:])
    for static, stride in zip(integers(op, "static_offsets"), strides, strict=True):
        if static == ir.ShapedType.get_dynamic_stride_or_offset():
            dynamic.append((next(positions), stride))
        else:
            offset += static * stride
    return base, offset, dynamic


def constant_of(module: ir.Module, view: View) -> NDArray[Any] | None:
    """The whole data of the constant global that a view shows; None for buffers.

    Raises CompileError for data that cannot be read.
    """
    op = producer(view.base)
    if op is None or op.name != "memref.get_global":
        return None
    table = ir.SymbolTable(module.operation)
    return tensor_data(table[string(op, "name")].operation, "initial_value")
