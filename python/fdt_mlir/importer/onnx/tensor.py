"""The tensors of a model on their way to linalg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.quantisation import Array, Quantisation

Dtype = np.dtype[Any]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the model: known at compile time (`data`) or computed (`value`).

    shape: in the model's order of dimensions.
    dtype: of what is stored; MLIR's integers are signless, this one tells int8 from uint8.
    order: the model's dimensions in the order in which they are stored, outermost first. A
        transposition only changes this order: it moves nothing.
    quantisation: where the model computes with floats that are stored as integers: what
        DequantizeLinear gives stays as it is stored until somebody needs floats.
    table: where the model computes with floats that are a function of one byte: the float32 value
        for each byte, counted from the least of `dtype`. So activations between quantised tensors
        become one look-up.
    flattened: the tensor of which this one is a flattening, for those who would rather read that.
    """

    shape: tuple[int, ...]
    dtype: Dtype
    data: Array | None = None
    value: ir.Value | None = None
    order: tuple[int, ...] = ()
    quantisation: Quantisation | None = None
    table: Array | None = None
    flattened: Tensor | None = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def is_float(self) -> bool:
        """Whether the model computes with floats here, however they are stored."""
        return self.dtype.kind == "f" or self.is_encoded

    @property
    def is_encoded(self) -> bool:
        return self.quantisation is not None or self.table is not None

    def with_order(self, order: Sequence[int]) -> Tensor:
        """A constant stored in another order of dimensions."""
        assert self.is_constant, "a computed tensor lies where it lies"
        return replace(self, order=tuple(order))


def constant(data: Array, quantisation: Quantisation | None = None) -> Tensor:
    """A tensor that is known at compile time."""
    order = tuple(range(data.ndim))
    return Tensor(data.shape, data.dtype, data, None, order, quantisation)


def computed(
    value: ir.Value, shape: Sequence[int], dtype: Dtype, order: Sequence[int] | None = None
) -> Tensor:
    """A tensor that the model computes, stored in the given order of dimensions."""
    stored = tuple(range(len(shape))) if order is None else tuple(order)
    return Tensor(tuple(shape), dtype, None, value, stored)


def element_type(dtype: Dtype) -> ir.Type:
    """The MLIR type of one element; integers are signless."""
    if dtype.kind == "f":
        return ir.F32Type.get() if dtype.itemsize == 4 else ir.F64Type.get()
    width = 1 if dtype.kind == "b" else 8 * dtype.itemsize
    return ir.IntegerType.get_signless(width)


def tensor_type(shape: Sequence[int], dtype: Dtype) -> ir.RankedTensorType:
    """The MLIR type of a tensor."""
    return ir.RankedTensorType.get(list(shape), element_type(dtype))
