"""Sums of products, of floats or of integers that stand for floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute
from fdt_mlir.importer.onnx.encoded import plain, real
from fdt_mlir.importer.onnx.quantisation import Array, Quantisation
from fdt_mlir.importer.onnx.scalars import INT32, Scalar, convert
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, constant


@dataclass(frozen=True, eq=False)
class Factors:
    """Two tensors to be multiplied and summed: sum((left - zero) * (right - zero)).

    scale: what one of the sum stands for, of the shape of `right`'s scale; None for floats.
    """

    left: Tensor
    right: Tensor
    left_zero: int = 0
    right_zero: int = 0
    scale: Array | None = None

    @property
    def dtype(self) -> Dtype:
        """The type of the sums."""
        return self.left.dtype if self.left.dtype.kind == "f" else INT32

    def add_product(self, left: Scalar, right: Scalar, total: Scalar) -> Scalar:
        """The body of the contraction."""
        if self.dtype.kind != "f":
            left, right = convert(left, INT32), convert(right, INT32)
            left = left - self.left_zero if self.left_zero else left
            right = right - self.right_zero if self.right_zero else right
        return total + left * right


def factors_of(left: Tensor, right: Tensor, channel_axes: Sequence[int]) -> Factors:
    """Choose integers where both tensors stand for floats that allow it, floats otherwise.

    channel_axes: the dimensions of `right` that are dimensions of the result; along them its
    scale may change.
    """
    if left.is_encoded or right.is_encoded:
        integers = _integer_factors(left, right, channel_axes)
        return integers if integers is not None else Factors(real(left), real(right))
    return Factors(left, right)


def integer_factors(left: Tensor, left_zero: int, right: Tensor, right_zero: Array) -> Factors:
    """Factors of integers that stand for themselves, as of ConvInteger."""
    moved, zero = _without_zero_point(right, right_zero)
    return Factors(left, moved, left_zero, zero)


def _integer_factors(left: Tensor, right: Tensor, channel_axes: Sequence[int]) -> Factors | None:
    first, second = left.quantisation, right.quantisation
    if first is None or second is None or left.table is not None or right.table is not None:
        return None
    if left.dtype.itemsize != 1 or right.dtype.itemsize != 1 or not first.is_per_tensor:
        return None
    varying = {
        dim + right.rank - array.ndim
        for array in (second.scale, second.zero_point)
        for dim, extent in enumerate(array.shape)
        if extent != 1
    }
    if not varying <= set(channel_axes) or (second.zero_point.size > 1 and not right.is_constant):
        return None
    moved, zero = _without_zero_point(plain(right), second.zero_point)
    return Factors(plain(left), moved, first.zero, zero, first.scale * second.scale)


def _without_zero_point(tensor: Tensor, zero_point: Array) -> tuple[Tensor, int]:
    """Take the zero point off weights, where they then fit their bytes or where it varies."""
    if tensor.data is None:
        return tensor, int(zero_point.item())
    moved = tensor.data.astype(np.int64) - zero_point.astype(np.int64)
    if moved.min(initial=0) >= -128 and moved.max(initial=0) <= 127:
        return replace(tensor, data=moved.astype(np.int8), dtype=np.dtype(np.int8)), 0
    if len(set(zero_point.flat)) == 1:
        return tensor, int(zero_point.flat[0])
    return replace(tensor, data=moved.astype(np.int16), dtype=np.dtype(np.int16)), 0


def contract(
    factors: Factors,
    shape: Sequence[int],
    loops: Loops,
    left: Read,
    right: Read,
    bias: Tensor | None,
) -> Tensor:
    """Sum products over the reductions of `loops`, onto a bias that broadcasts to the result.

    The result of integers still stands for floats if the factors do, with a scale of `factors`.
    """
    start: Tensor | float = 0.0 if bias is None else bias
    return compute(shape, factors.dtype, loops, [left, right], factors.add_product, start)


def bias_for(factors: Factors, bias: Tensor | None, scale: Array | None) -> Tensor | None:
    """The bias in units of the sums; None where there is none or it can only be added later.

    scale: that of the sums, of a shape that broadcasts to the result as `bias` does.
    """
    if bias is None:
        return None
    if factors.scale is None:
        return real(bias)
    if bias.data is None or scale is None:
        return None
    quantisation = bias.quantisation
    if quantisation is None:
        numbers = bias.data.astype(np.float64)
    else:
        # In doubles: the scale is the product of two, and the integers are to come back.
        numbers = (bias.data.astype(np.int64) - quantisation.zero_point) * quantisation.scale
    stored = np.rint(numbers / scale)
    limits = np.iinfo(np.int32)
    return constant(np.clip(stored, limits.min, limits.max).astype(np.int32))


def with_scale(sums: Tensor, factors: Factors, scale: Array | None) -> Tensor:
    """Say what the sums stand for."""
    if factors.scale is None or scale is None:
        return sums
    return replace(sums, quantisation=Quantisation.of(scale))


def add_bias(sums: Tensor, bias: Tensor) -> Tensor:
    """Add a bias in floats."""
    held = real(sums)
    return elementwise((held, real(bias)), held.dtype, lambda a, b: a + b)
