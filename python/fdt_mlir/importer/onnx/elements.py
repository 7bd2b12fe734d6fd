"""Computations element by element, with ONNX's broadcasting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

import numpy as np

from fdt_mlir.importer.onnx.emit import Body, Index, Loops, Read, compute
from fdt_mlir.importer.onnx.scalars import Scalar
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor


@overload
def elementwise(
    tensors: tuple[Tensor],
    dtype: Dtype,
    body: Callable[[Scalar], Scalar],
    shape: Sequence[int] | None = ...,
) -> Tensor: ...


@overload
def elementwise(
    tensors: tuple[Tensor, Tensor], dtype: Dtype, body: Callable[[Scalar, Scalar], Scalar]
) -> Tensor: ...


@overload
def elementwise(
    tensors: tuple[Tensor, Tensor, Tensor],
    dtype: Dtype,
    body: Callable[[Scalar, Scalar, Scalar], Scalar],
) -> Tensor: ...


@overload
def elementwise(tensors: Sequence[Tensor], dtype: Dtype, body: Body) -> Tensor: ...


def elementwise(
    tensors: Sequence[Tensor],
    dtype: Dtype,
    body: Body,
    shape: Sequence[int] | None = None,
) -> Tensor:
    """Compute each element of a result from those of tensors that broadcast to it.

    The result is stored like the largest computed tensor of its rank.
    """
    if shape is None:
        shape = np.broadcast_shapes(*(tensor.shape for tensor in tensors))
    loops = Loops(common_order(tensors, len(shape)))
    # What is read once for each element lies in the same order.
    rank = len(shape)
    held = [
        tensor.with_order(loops.order) if tensor.is_constant and tensor.rank == rank else tensor
        for tensor in tensors
    ]
    reads = [Read(tensor, broadcast_index(tensor, loops)) for tensor in held]
    return compute(shape, dtype, loops, reads, body)


def broadcast_index(tensor: Tensor, loops: Loops) -> tuple[Index, ...]:
    """How a tensor is read that broadcasts to the result."""
    first = len(loops.order) - tensor.rank
    return tuple(
        loops.result[first + dim] if extent != 1 else 0 for dim, extent in enumerate(tensor.shape)
    )


def common_order(tensors: Sequence[Tensor], rank: int) -> tuple[int, ...]:
    """The order of dimensions in which most of the elements are stored already."""
    computed = [tensor for tensor in tensors if not tensor.is_constant and tensor.rank == rank]
    if not computed:
        return tuple(range(rank))
    return max(computed, key=lambda tensor: np.prod(tensor.shape)).order
