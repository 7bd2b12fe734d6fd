"""MatMul, Gemm and their integer relatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.contraction import (
    Factors,
    add_bias,
    bias_for,
    contract,
    factors_of,
    integer_factors,
    with_scale,
)
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Index, Loops, Read
from fdt_mlir.importer.onnx.encoded import real
from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.rearrange import transposed
from fdt_mlir.importer.onnx.tensor import Tensor
from fdt_mlir.importer.onnx.views import reshape


def matmul(call: Call) -> Tensor:
    """MatMul with broadcast batches: (..., M, K) times (..., K, N)."""
    left, right = call.tensor(0), call.tensor(1)
    factors = factors_of(left, right, channel_axes=(right.rank - 1,) if right.rank > 1 else ())
    return multiply(call, factors, None)


def matmul_integer(call: Call) -> Tensor:
    """MatMulInteger: the sums themselves."""
    zero = call.optional(2, "the zero point")
    right_zero = call.optional(3, "the zero point of B")
    if zero is not None and zero.size > 1:
        raise call.error("a zero point for each row is not supported", "use one for the tensor")
    factors = integer_factors(
        call.tensor(0),
        0 if zero is None else int(zero.item()),
        call.tensor(1),
        np.zeros((), np.int64) if right_zero is None else right_zero,
    )
    return multiply(call, factors, None)


def gemm(call: Call) -> Tensor:
    """Gemm: alpha * A * B + beta * C, A and B transposed on demand."""
    left, right = call.tensor(0), call.tensor(1)
    left = transposed(left, (1, 0)) if call.integer("transA") else left
    right = transposed(right, (1, 0)) if call.integer("transB") else right
    alpha, beta = call.number("alpha", 1.0), call.number("beta", 1.0)
    bias = call.tensor(2) if call.has(2) and beta != 0 else None
    if bias is not None and beta != 1:
        held = real(bias)
        bias = elementwise((held,), held.dtype, lambda value: value * beta)
    if alpha == 1:
        return multiply(call, factors_of(left, right, channel_axes=(1,)), bias)
    product = multiply(call, factors_of(left, right, channel_axes=(1,)), None)
    held = real(product)
    scaled = elementwise((held,), held.dtype, lambda value: value * alpha)
    return scaled if bias is None else add_bias(scaled, bias)


def multiply(call: Call, factors: Factors, bias: Tensor | None) -> Tensor:
    """The product of two tensors, onto a bias. Raises CompileError where shapes do not fit."""
    left, right = factors.left, factors.right
    is_vector = left.rank == 1, right.rank == 1
    left = reshape(left, (1, *left.shape)) if is_vector[0] else left
    right = reshape(right, (*right.shape, 1)) if is_vector[1] else right
    if left.shape[-1] != right.shape[-2]:
        raise call.error(
            f"shapes {left.shape} and {right.shape} do not fit", "correct the shapes of the model"
        )
    left, right = _unflattened(left, right)
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    shape = (*batch, left.shape[-2], right.shape[-1])
    rank = len(shape)
    loops = Loops(tuple(range(rank)), (left.shape[-1],))
    *_, row, column = loops.result
    (inner,) = loops.reduced
    if right.is_constant:
        right = right.with_order(tuple(range(right.rank)))
    reads = (
        Read(left, (*_batch(left, loops), row, inner)),
        Read(right, (*_batch(right, loops), inner, column)),
    )
    factors = replace(factors, left=left, right=right)
    scale = _column_scale(factors.scale)
    start = bias_for(factors, bias, scale)
    sums = contract(factors, shape, loops, *reads, start)
    result = with_scale(sums, factors, scale)
    result = result if bias is None or start is not None else add_bias(result, bias)
    if not any(is_vector):
        return result
    kept = [*batch, *([] if is_vector[0] else [shape[-2]]), *([] if is_vector[1] else [shape[-1]])]
    return reshape(result, kept)


def _column_scale(scale: Array | None) -> Array | None:
    """Scales of a constant, one for each column: they broadcast along the last dimension."""
    return scale if scale is None or scale.size == 1 else scale.reshape(-1)


def _batch(tensor: Tensor, loops: Loops) -> tuple[Index, ...]:
    outer = len(loops.order) - tensor.rank
    return tuple(
        loops.result[outer + dim] if tensor.shape[dim] != 1 else 0 for dim in range(tensor.rank - 2)
    )


def _unflattened(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Multiply a flattened tensor as it lies: constant rows of the other are put in its order.

    A network of channels first flattens (channels, rows, columns); here channels are last.
    """
    before = left.flattened
    if before is None or right.data is None or right.rank != 2:
        return left, right
    is_one_row = left.shape == (1, right.shape[0]) and before.shape[:1] == (1,)
    if not is_one_row or before.order[0] != 0:
        return left, right
    extents = before.shape[1:]
    order = [dim - 1 for dim in before.order[1:]]
    rows = right.data.reshape(*extents, right.shape[1])
    moved = np.transpose(rows, (*order, len(extents))).reshape(right.shape)
    as_stored = Tensor(
        tuple(before.shape[dim] for dim in before.order),
        before.dtype,
        value=before.value,
        order=tuple(range(before.rank)),
    )
    flat = reshape(as_stored, left.shape)
    return flat, replace(right, data=np.ascontiguousarray(moved))


MATMULS: Mapping[str, Translation] = MappingProxyType(
    {"Gemm": gemm, "MatMul": matmul, "MatMulInteger": matmul_integer}
)
