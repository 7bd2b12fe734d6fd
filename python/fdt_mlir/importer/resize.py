"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR as the TFLite reference defines them, in linalg.

Which elements a row or column of the result reads, and with which weights, is known at compile
time: small tables hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fdt_mlir.bindings import constant_array, ir
from fdt_mlir.normalize.splice import replace_by
from fdt_mlir.normalize.structured import producer, users

_ONE = 1 << 10  # weights along an axis are in units of 2**-10

_FUNCTION = """
#row = affine_map<(n, y, x, c) -> (y)>
#column = affine_map<(n, y, x, c) -> (x)>
#each = affine_map<(n, y, x, c) -> (n, y, x, c)>
func.func @resize(%source: {source}) -> {result} {{
{tables}
  %empty = tensor.empty() : {result}
  %resized = linalg.generic {{indexing_maps = [{maps}, #each],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}}
      ins({names} : {types}) outs(%empty : {result}) {{
  ^bb0({arguments}, %unused: {element}):
    %n = linalg.index 0 : index
    %c = linalg.index 3 : index
{body}
    linalg.yield %value : {element}
  }} -> {result}
  return %resized : {result}
}}
"""

_NEAREST = """
    %y = arith.index_cast %row : i32 to index
    %x = arith.index_cast %column : i32 to index
    %value = tensor.extract %source[%n, %y, %x, %c] : {source}
"""

# reference_ops::ResizeBilinearInteger: weights of 10 bits per axis, half away from zero. Sums of
# 16-bit elements take 64 bits.
_BILINEAR = """
    %one = arith.constant 1024 : {wide}
    %top_weight = arith.subi %one, %row_weight : {wide}
    %left_weight = arith.subi %one, %column_weight : {wide}
    %top = arith.index_cast %row : i32 to index
    %bottom = arith.index_cast %next_row : i32 to index
    %left = arith.index_cast %column : i32 to index
    %right = arith.index_cast %next_column : i32 to index
{corners}
    %upper = arith.addi %top_left, %top_right : {wide}
    %lower = arith.addi %bottom_left, %bottom_right : {wide}
    %sum = arith.addi %upper, %lower : {wide}
    %zero = arith.constant 0 : {wide}
    %half = arith.constant 524288 : {wide}
    %negative_half = arith.constant -524288 : {wide}
    %unit = arith.constant 1048576 : {wide}
    %positive = arith.cmpi sgt, %sum, %zero : {wide}
    %nudge = arith.select %positive, %half, %negative_half : {wide}
    %nudged = arith.addi %sum, %nudge : {wide}
    %mean = arith.divsi %nudged, %unit : {wide}
    %value = arith.trunci %mean : {wide} to {element}
"""

_CORNER = """
    %{y}_{x}_element = tensor.extract %source[%n, %{y}, %{x}, %c] : {source}
    %{y}_{x}_wide = arith.extsi %{y}_{x}_element : {element} to {wide}
    %{y}_{x}_weight = arith.muli %{y_weight}, %{x_weight} : {wide}
    %{y}_{x} = arith.muli %{y}_{x}_wide, %{y}_{x}_weight : {wide}
"""


@dataclass(frozen=True)
class Axis:
    """How `source` elements along an axis become `result` elements."""

    source: int
    result: int
    align_corners: bool
    half_pixel_centers: bool

    def nearest(self) -> list[int]:
        """The element that each position reads: reference_ops::GetNearestNeighbor."""
        offset = np.float32(0.5 if self.half_pixel_centers else 0.0)
        scale = np.float32(self.source) / np.float32(self.result)
        if self.align_corners and self.result > 1:
            scale = np.float32(self.source - 1) / np.float32(self.result - 1)
        places = (np.arange(self.result, dtype=np.float32) + offset) * scale
        whole = np.floor(places + np.float32(0.5)) if self.align_corners else np.floor(places)
        return [int(place) for place in np.clip(whole, 0, self.source - 1)]

    def linear(self) -> tuple[list[int], list[int], list[int]]:
        """The two elements between which each position lies, and the weight of the second."""
        first: list[int] = []
        second: list[int] = []
        weights: list[int] = []
        scale = _rounded_quotient(_ONE * self.source, self.result)
        if self.align_corners and self.result > 1:
            scale = _rounded_quotient(_ONE * (self.source - 1), self.result - 1)
        for position in range(self.result):
            place = position * scale
            if self.half_pixel_centers:
                place += scale // 2 - _ONE // 2
            low = max(_truncated_quotient(place, _ONE), 0)
            first.append(low)
            second.append(min(_truncated_quotient(place + _ONE - 1, _ONE), self.source - 1))
            weights.append(place - _ONE * low)
        return first, second, weights


def lower_resize(op: ir.Operation) -> None:
    """Replace a `tosa.resize` that comes from TFLite, and the rescale after a bilinear one of int8.

    TOSA rounds to the nearest element where TFLite takes the one before, and interpolates exactly
    where TFLite's integers have weights of 10 bits. Bilinear floats stay: both mean the same.
    """
    source = op.operands[0].type
    assert isinstance(source, ir.RankedTensorType)
    axes = [_axis(op, number) for number in (0, 1)]
    if "NEAREST" in str(op.attributes["mode"]):
        tables = {"row": axes[0].nearest(), "column": axes[1].nearest()}
        replace_by(op, _text(op, op.results[0].type, tables, _NEAREST))
    elif isinstance(source.element_type, ir.IntegerType):
        _lower_bilinear(op, axes)


def _lower_bilinear(op: ir.Operation, axes: Sequence[Axis]) -> None:
    (rescale,) = users(op.results[0])
    assert rescale.name == "tosa.rescale", f"a bilinear resize of int8 that {rescale.name} reads"
    tables: dict[str, list[int]] = {}
    for name, axis in zip(("row", "column"), axes, strict=True):
        tables[name], tables[f"next_{name}"], tables[f"{name}_weight"] = axis.linear()
    text = _text(op, rescale.results[0].type, tables, _BILINEAR)
    rescale.operands[0] = op.operands[0]
    replace_by(rescale, text)
    op.erase()


def _axis(op: ir.Operation, number: int) -> Axis:
    """Read an axis; the ratio tells whether the corners coincide, the offset where centres lie."""
    source, result = op.operands[0].type, op.results[0].type
    assert isinstance(source, ir.RankedTensorType)
    assert isinstance(result, ir.RankedTensorType)
    before, after = source.shape[1 + number], result.shape[1 + number]
    scale, offset = _numbers(op.operands[1]), _numbers(op.operands[2])
    numerator, denominator = scale[2 * number : 2 * number + 2]
    aligned = numerator * (before - 1) == denominator * (after - 1)
    # All sizes are equal under both readings only where nothing is resized.
    return Axis(before, after, aligned and before > 1, offset[number] != 0)


def _numbers(value: ir.Value) -> list[int]:
    constant = producer(value)
    assert constant is not None
    return [int(number) for number in constant_array(constant.attributes["values"])]


def _text(op: ir.Operation, result: ir.Type, tables: dict[str, list[int]], body: str) -> str:
    source = op.operands[0].type
    assert isinstance(source, ir.RankedTensorType)
    element = source.element_type
    wide = "i64" if str(element) == "i16" else "i32"
    kinds = {name: wide if "weight" in name else "i32" for name in tables}
    types = [f"tensor<{len(values)}x{kinds[name]}>" for name, values in tables.items()]
    lines = [
        f"  %{name}s = arith.constant dense<{values}> : {kind}"
        for (name, values), kind in zip(tables.items(), types, strict=True)
    ]
    corners = "".join(
        _CORNER.format(
            y=y,
            x=x,
            y_weight=y_weight,
            x_weight=x_weight,
            source=source,
            element=element,
            wide=wide,
        )
        for y, y_weight in (("top", "top_weight"), ("bottom", "row_weight"))
        for x, x_weight in (("left", "left_weight"), ("right", "column_weight"))
    )
    return _FUNCTION.format(
        source=source,
        result=result,
        element=element,
        tables="\n".join(lines),
        maps=", ".join("#row" if "row" in name else "#column" for name in tables),
        names=", ".join(f"%{name}s" for name in tables),
        types=", ".join(types),
        arguments=", ".join(f"%{name}: {kind}" for name, kind in kinds.items()),
        body=body.format(source=source, element=element, corners=corners, wide=wide),
    )


def _rounded_quotient(dividend: int, divisor: int) -> int:
    return (dividend + divisor // 2) // divisor


def _truncated_quotient(dividend: int, divisor: int) -> int:
    """C's division."""
    quotient = abs(dividend) // divisor
    return quotient if dividend >= 0 else -quotient
