"""Which part of each tensor a tile needs: ranges read backwards through the indexing maps.

Works on anything that adds, multiplies and compares: plain integers, to know the extents of tile
buffers, and values of the program, to compute the same ranges at run time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from fdt_mlir.kernels.access import Linear, Subscript

Number = TypeVar("Number")


class Arithmetic(Protocol[Number]):
    """What ranges are computed with; only what is not negative is divided."""

    def constant(self, value: int) -> Number: ...
    def add(self, left: Number, right: Number) -> Number: ...
    def scale(self, value: Number, factor: int) -> Number: ...
    def divide(self, value: Number, divisor: int) -> Number: ...
    def minimum(self, left: Number, right: Number) -> Number: ...
    def maximum(self, left: Number, right: Number) -> Number: ...


class IntegerArithmetic:
    """Ranges known at compile time."""

    def constant(self, value: int) -> int:
        return value

    def add(self, left: int, right: int) -> int:
        return left + right

    def scale(self, value: int, factor: int) -> int:
        return value * factor

    def divide(self, value: int, divisor: int) -> int:
        return value // divisor

    def minimum(self, left: int, right: int) -> int:
        return min(left, right)

    def maximum(self, left: int, right: int) -> int:
        return max(left, right)


@dataclass(frozen=True)
class Span(Generic[Number]):
    """Positions `[begin, end)`."""

    begin: Number
    end: Number


Spans = Mapping[int, Span[Number]]
"""By dimension or loop; those that are absent are whole."""


def needed_spans(
    subscripts: Sequence[Subscript],
    loops: Spans[Number],
    extents: Sequence[int],
    arithmetic: Arithmetic[Number],
) -> dict[int, Span[Number]]:
    """The part of an operand that some loops of a kernel read, clipped to the operand.

    `loops` are the restricted loops, `extents` of all of them. Dimensions of the operand that no
    restricted loop indexes are absent: they are needed whole.
    """
    needed: dict[int, Span[Number]] = {}
    for dim, subscript in enumerate(subscripts):
        restricted = [loop for loop in loops if subscript.position.coefficients[loop]]
        if restricted:
            needed[dim] = _clipped(
                _reached(subscript.position, loops, extents, arithmetic),
                subscript.extent,
                arithmetic,
            )
    return needed


def _reached(
    position: Linear,
    loops: Spans[Number],
    extents: Sequence[int],
    arithmetic: Arithmetic[Number],
) -> Span[Number]:
    low = arithmetic.constant(position.constant)
    high = arithmetic.constant(position.constant)
    for loop, coefficient in enumerate(position.coefficients):
        if not coefficient:
            continue
        if loop in loops:
            first = loops[loop].begin
            last = arithmetic.add(loops[loop].end, arithmetic.constant(-1))
        else:
            first, last = arithmetic.constant(0), arithmetic.constant(extents[loop] - 1)
        if coefficient < 0:
            first, last = last, first
        low = arithmetic.add(low, arithmetic.scale(first, coefficient))
        high = arithmetic.add(high, arithmetic.scale(last, coefficient))
    return Span(low, arithmetic.add(high, arithmetic.constant(1)))


def _clipped(span: Span[Number], extent: int, arithmetic: Arithmetic[Number]) -> Span[Number]:
    zero, end = arithmetic.constant(0), arithmetic.constant(extent)
    return Span(
        arithmetic.minimum(arithmetic.maximum(span.begin, zero), end),
        arithmetic.maximum(arithmetic.minimum(span.end, end), zero),
    )


def united(
    one: Spans[Number], other: Spans[Number], arithmetic: Arithmetic[Number]
) -> dict[int, Span[Number]]:
    """The smallest spans that hold both; a dimension that one of them needs whole stays whole."""
    return {
        dim: Span(
            arithmetic.minimum(one[dim].begin, other[dim].begin),
            arithmetic.maximum(one[dim].end, other[dim].end),
        )
        for dim in one
        if dim in other
    }
