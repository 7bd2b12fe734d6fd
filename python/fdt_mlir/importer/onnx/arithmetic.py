"""Add, Sub and Mul, with integers where the tensors are quantised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.elementwise_ops import Binary, nary
from fdt_mlir.importer.onnx.encoded import plain
from fdt_mlir.importer.onnx.quantisation import Quantisation
from fdt_mlir.importer.onnx.scalars import INT32, Scalar, clip, convert
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, constant

_SUM_BITS = 30  # of the sum of two products, sign aside


def _add(call: Call) -> Tensor:
    return _sum(call, 1)


def _sub(call: Call) -> Tensor:
    return _sum(call, -1)


def _mul(call: Call) -> Tensor:
    left, right = call.tensor(0), call.tensor(1)
    pair = _quantised_pair(left, right)
    if pair is None or not _both_bytes(left, right):
        return _floats(call, _product)
    first, second = pair
    product = elementwise(
        (plain(left), plain(right)),
        INT32,
        lambda a, b: (convert(a, INT32) - first.zero) * (convert(b, INT32) - second.zero),
    )
    return replace(product, quantisation=Quantisation.of(first.scale * second.scale))


def _sum(call: Call, sign: int) -> Tensor:
    left, right = call.tensor(0), call.tensor(1)
    if sign > 0 and left.is_constant:
        left, right = right, left
    shifted = _with_constant(left, right, sign)
    if shifted is not None:
        return shifted
    pair = _quantised_pair(left, right)
    if pair is None or call.target is None or not _both_bytes(left, right):
        return _floats(call, _total if sign > 0 else _difference)
    wanted, dtype = call.target
    result = sum_of_bytes((left, right), (1, sign), wanted, dtype)
    return replace(result, quantisation=wanted)


def sum_of_bytes(
    tensors: tuple[Tensor, Tensor], signs: tuple[int, int], wanted: Quantisation, dtype: Dtype
) -> Tensor:
    """Add or subtract quantised tensors in one fixed-point sum, rounded once, halves up.

    Each factor, a scale over that of the result, is an integer of as many bits as let the sum of
    the products stay in 32.
    """
    pair = [tensor.quantisation for tensor in tensors]
    first, second = pair
    assert first is not None
    assert second is not None
    factors = [float(q.scale.item() / wanted.scale.item()) for q in (first, second)]
    shift = max(1, _SUM_BITS - int(np.ceil(np.log2(255 * sum(factors)))) - 1)
    left, right = (
        sign * round(np.ldexp(factor, shift)) for sign, factor in zip(signs, factors, strict=True)
    )
    # Zero points and the half become one number.
    offset = (1 << (shift - 1)) - left * first.zero - right * second.zero
    limits = np.iinfo(dtype)

    def add(a: Scalar, b: Scalar) -> Scalar:
        total = convert(a, INT32) * left + convert(b, INT32) * right + offset
        moved = (total >> shift) + wanted.zero
        return convert(clip(moved, int(limits.min), int(limits.max)), dtype)

    return elementwise([plain(tensors[0]), plain(tensors[1])], dtype, add)


def _with_constant(left: Tensor, right: Tensor, sign: int) -> Tensor | None:
    """Add a constant to 32-bit accumulators: in their scale it is an integer."""
    scale = left.quantisation
    if scale is None or left.dtype != INT32 or right.data is None:
        return None
    addend = right.data if right.quantisation is None else right.quantisation.real(right.data)
    stored = np.rint(sign * addend.astype(np.float64) / scale.scale)
    if np.abs(stored).max(initial=0) >= 1 << 31 or scale.zero_point.any():
        return None
    total = elementwise((plain(left), constant(stored.astype(np.int32))), INT32, lambda a, b: a + b)
    return replace(total, quantisation=scale)


def _quantised_pair(left: Tensor, right: Tensor) -> tuple[Quantisation, Quantisation] | None:
    first, second = left.quantisation, right.quantisation
    if first is None or second is None or left.table is not None or right.table is not None:
        return None
    return (first, second) if first.is_per_tensor and second.is_per_tensor else None


def _both_bytes(left: Tensor, right: Tensor) -> bool:
    return left.dtype.itemsize == 1 and right.dtype.itemsize == 1


def _floats(call: Call, body: Binary) -> Tensor:
    return nary(body)(call)


def _total(left: Scalar, right: Scalar) -> Scalar:
    return left + right


def _difference(left: Scalar, right: Scalar) -> Scalar:
    return left - right


def _product(left: Scalar, right: Scalar) -> Scalar:
    return left * right


ARITHMETIC: Mapping[str, Translation] = MappingProxyType({"Add": _add, "Sub": _sub, "Mul": _mul})
