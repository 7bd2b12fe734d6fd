"""Arithmetic on the elements of tensors, written as formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.tensor import Dtype, element_type

BOOL = np.dtype(np.bool_)
FLOAT = np.dtype(np.float32)
INT16 = np.dtype(np.int16)
INT32 = np.dtype(np.int32)
INT64 = np.dtype(np.int64)

Number = bool | int | float

# Numbers of the predicates of arith.cmpi (signed, unsigned) and arith.cmpf.
_PREDICATES = {
    "==": (0, 0, 1),
    "!=": (1, 1, 13),
    "<": (2, 6, 4),
    "<=": (3, 7, 5),
    ">": (4, 8, 2),
    ">=": (5, 9, 3),
}


@dataclass(frozen=True, eq=False)
class Scalar:
    """An element under computation. Operators emit arith operations where code is inserted."""

    value: ir.Value
    dtype: Dtype

    def __add__(self, other: Scalar | Number) -> Scalar:
        return _binary("add", self, other)

    def __sub__(self, other: Scalar | Number) -> Scalar:
        return _binary("sub", self, other)

    def __mul__(self, other: Scalar | Number) -> Scalar:
        return _binary("mul", self, other)

    def __truediv__(self, other: Scalar | Number) -> Scalar:
        return _emit(f"arith.div{self._suffix}", self.dtype, self, self._like(other))

    def __mod__(self, other: Scalar | Number) -> Scalar:
        return _emit(f"arith.rem{self._suffix}", self.dtype, self, self._like(other))

    def __lshift__(self, other: Scalar | Number) -> Scalar:
        return _emit("arith.shli", self.dtype, self, self._like(other))

    def __rshift__(self, other: Scalar | Number) -> Scalar:
        name = "arith.shrui" if self.dtype.kind == "u" else "arith.shrsi"
        return _emit(name, self.dtype, self, self._like(other))

    def __and__(self, other: Scalar | Number) -> Scalar:
        return _emit("arith.andi", self.dtype, self, self._like(other))

    def __or__(self, other: Scalar | Number) -> Scalar:
        return _emit("arith.ori", self.dtype, self, self._like(other))

    def __xor__(self, other: Scalar | Number) -> Scalar:
        return _emit("arith.xori", self.dtype, self, self._like(other))

    def compare(self, predicate: str, other: Scalar | Number) -> Scalar:
        """A bool; `predicate` as Python writes it."""
        signed, unsigned, real = _PREDICATES[predicate]
        is_float = self.dtype.kind == "f"
        number = real if is_float else unsigned if self.dtype.kind in "ub" else signed
        attribute = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), number)
        name = "arith.cmpf" if is_float else "arith.cmpi"
        return _emit(name, BOOL, self, self._like(other), predicate=attribute)

    @property
    def _suffix(self) -> str:
        return {"f": "f", "u": "ui"}.get(self.dtype.kind, "si")

    def _like(self, other: Scalar | Number) -> Scalar:
        return other if isinstance(other, Scalar) else literal(other, self.dtype)


def literal(number: Number, dtype: Dtype) -> Scalar:
    """A constant."""
    mlir_type = element_type(dtype)
    if dtype.kind == "f":
        attribute: ir.Attribute = ir.FloatAttr.get(mlir_type, float(number))
    else:
        attribute = ir.IntegerAttr.get(mlir_type, wrapped(int(number), dtype))
    created = ir.Operation.create("arith.constant", [mlir_type], attributes={"value": attribute})
    return Scalar(created.results[0], dtype)


def wrapped(number: int, dtype: Dtype) -> int:
    """The signed number with the bits of an unsigned one, as signless types hold it."""
    width = 1 if dtype.kind == "b" else 8 * dtype.itemsize
    if dtype.kind == "u" and number >= 1 << (width - 1):
        return number - (1 << width)
    return number


def maximum(left: Scalar, right: Scalar | Number) -> Scalar:
    """The greater; NaN where one is NaN."""
    return _extreme("max", left, right)


def minimum(left: Scalar, right: Scalar | Number) -> Scalar:
    """The smaller; NaN where one is NaN."""
    return _extreme("min", left, right)


def clip(value: Scalar, least: Number, greatest: Number) -> Scalar:
    """The nearest number within the bounds."""
    return minimum(maximum(value, least), greatest)


def select(condition: Scalar, yes: Scalar, no: Scalar | Number) -> Scalar:
    """One of two, both of which are computed."""
    other = no if isinstance(no, Scalar) else literal(no, yes.dtype)
    return _emit("arith.select", yes.dtype, condition, yes, other)


def negate(value: Scalar) -> Scalar:
    """The number with the other sign."""
    if value.dtype.kind == "f":
        return _emit("arith.negf", value.dtype, value)
    return literal(0, value.dtype) - value


def absolute(value: Scalar) -> Scalar:
    """The magnitude."""
    if value.dtype.kind in "ub":
        return value
    name = "math.absf" if value.dtype.kind == "f" else "math.absi"
    return _emit(name, value.dtype, value)


def floored_remainder(dividend: Scalar, divisor: Scalar) -> Scalar:
    """The remainder with the sign of the divisor, that of a quotient rounded down."""
    rest = dividend % divisor
    differs = rest.compare("<", 0) ^ divisor.compare("<", 0)
    return select(rest.compare("!=", 0) & differs, rest + divisor, rest)


def function(name: str, *values: Scalar) -> Scalar:
    """A function of MLIR's math dialect, such as exp."""
    return _emit(f"math.{name}", values[0].dtype, *values)


def convert(value: Scalar, dtype: Dtype) -> Scalar:
    """The number in another type: floats lose their fraction, integers wrap."""
    source = value.dtype
    if source == dtype:
        return value
    if dtype.kind == "b":
        return value.compare("!=", 0)
    if source.kind == "f" and dtype.kind == "f":
        name = "arith.extf" if dtype.itemsize > source.itemsize else "arith.truncf"
    elif source.kind == "f":
        name = "arith.fptoui" if dtype.kind == "u" else "arith.fptosi"
    elif dtype.kind == "f":
        name = "arith.uitofp" if source.kind in "ub" else "arith.sitofp"
    elif source.kind == "b" or dtype.itemsize > source.itemsize:
        name = "arith.extui" if source.kind in "ub" else "arith.extsi"
    elif dtype.itemsize < source.itemsize:
        name = "arith.trunci"
    else:
        return Scalar(value.value, dtype)
    return _emit(name, dtype, value)


def look_up(table: ir.Value, dtype: Dtype, position: Scalar) -> Scalar:
    """An element of a constant one-dimensional tensor; `position` counts from 0."""
    index = ir.Operation.create("arith.index_cast", [ir.IndexType.get()], [position.value])
    element = ir.Operation.create(
        "tensor.extract", [element_type(dtype)], [table, index.results[0]]
    )
    return Scalar(element.results[0], dtype)


def _extreme(which: str, left: Scalar, right: Scalar | Number) -> Scalar:
    if left.dtype.kind == "b":
        return left | right if which == "max" else left & right
    other = right if isinstance(right, Scalar) else literal(right, left.dtype)
    suffix = {"f": "imumf", "u": "ui"}.get(left.dtype.kind, "si")
    return _emit(f"arith.{which}{suffix}", left.dtype, left, other)


def _binary(stem: str, left: Scalar, right: Scalar | Number) -> Scalar:
    other = right if isinstance(right, Scalar) else literal(right, left.dtype)
    assert left.dtype == other.dtype, f"{stem} of {left.dtype} and {other.dtype}"
    suffix = "f" if left.dtype.kind == "f" else "i"
    return _emit(f"arith.{stem}{suffix}", left.dtype, left, other)


def _emit(name: str, dtype: Dtype, *operands: Scalar, **attributes: Any) -> Scalar:
    created = ir.Operation.create(
        name,
        results=[element_type(dtype)],
        operands=[operand.value for operand in operands],
        attributes=attributes,
    )
    return Scalar(created.results[0], dtype)
