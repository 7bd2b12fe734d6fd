"""Which rows each layer of a stream computes in an iteration: those that no earlier one has.

Time runs in rows of the layer that has most of them. At time u a layer has computed

    rows(u) = (u + lead) / period

of its rows (rounded down, between none and all): a layer behind a stride of 2 computes a row every
second time, and a layer whose rows are read by a window is ahead of its reader by as much as the
window reaches. Between two times the rows in between are computed: all rows once, by whatever
window, stride, padding or join, and never more of them at once than it takes.

The loop begins before the first row is computed, at a negative time, so what the first windows need
comes row by row too, and rings stay as small as in the middle of the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.kernels.access import Linear
from fdt_mlir.kernels.tile_ranges import Arithmetic, Number, Span

Rows = NDArray[np.int64]
"""Row numbers, one per iteration."""


class _RowArithmetic:
    """All iterations at once."""

    def constant(self, value: int) -> Rows:
        return np.array(value, dtype=np.int64)

    def add(self, left: Rows, right: Rows) -> Rows:
        return left + right

    def scale(self, value: Rows, factor: int) -> Rows:
        return value * factor

    def divide(self, value: Rows, divisor: int) -> Rows:
        return value // divisor

    def minimum(self, left: Rows, right: Rows) -> Rows:
        return np.minimum(left, right)

    def maximum(self, left: Rows, right: Rows) -> Rows:
        return np.maximum(left, right)


@dataclass(frozen=True)
class RowRead:
    """Layer number `reader` reads rows that layer number `source` computes.

    `position` is the index along the rows, in terms of the reader's loops.
    """

    reader: int
    source: int
    position: Linear


@dataclass(frozen=True)
class StreamAxis:
    """The streamed axis of a path, whose layers are numbered in program order, the end layer last.

    `dims` has the loop extents of each layer, `loops` which of its loops runs along the rows,
    `periods` and `leads` when it computes them; `reads` says who reads whose rows, and `step` how
    far the time moves in an iteration.
    """

    dims: tuple[tuple[int, ...], ...]
    loops: tuple[int, ...]
    reads: tuple[RowRead, ...]
    periods: tuple[int, ...]
    leads: tuple[int, ...]
    step: int

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """How many rows each layer computes in all."""
        return tuple(dims[loop] for dims, loop in zip(self.dims, self.loops, strict=True))

    @property
    def first_time(self) -> int:
        """Where the loop begins: the last time at which nothing is computed yet."""
        return min(period - 1 - lead for period, lead in zip(self.periods, self.leads, strict=True))

    @property
    def last_time(self) -> int:
        """Where the loop ends: the end layer has computed all of its rows."""
        return self.periods[-1] * self.rows[-1] - self.leads[-1]

    def spans(self, time: Number, arithmetic: Arithmetic[Number]) -> list[Span[Number]]:
        """The rows that each layer computes in the iteration that begins at `time`."""
        after = arithmetic.add(time, arithmetic.constant(self.step))
        return [
            Span(self._computed(n, time, arithmetic), self._computed(n, after, arithmetic))
            for n in range(len(self.dims))
        ]

    def _computed(self, number: int, time: Number, arithmetic: Arithmetic[Number]) -> Number:
        """How many rows a layer has computed at a time."""
        ahead = arithmetic.add(time, arithmetic.constant(self.leads[number]))
        count = arithmetic.divide(
            arithmetic.maximum(ahead, arithmetic.constant(0)), self.periods[number]
        )
        return arithmetic.minimum(count, arithmetic.constant(self.rows[number]))

    def all_spans(self) -> list[Span[Rows]]:
        """The rows that each layer computes, iteration by iteration."""
        times = np.arange(self.first_time, self.last_time, self.step)
        return self.spans(times, _RowArithmetic())

    def kept_rows(self, spans: Sequence[Span[Rows]]) -> list[KeptRows]:
        """How many rows of each layer's result exist at a time; `spans` are `all_spans()`."""
        begins = [span.begin for span in spans]
        for read in self.reads:
            rows = spans[read.reader]
            known = begins[read.source]
            first = np.minimum(known, self.begin_of_read(read, rows.begin))
            begins[read.source] = np.where(rows.begin < rows.end, first, known)
        return [
            KeptRows(int(np.max(span.end - begin)), bool(np.any(begin < span.begin)))
            for span, begin in zip(spans, begins, strict=True)
        ]

    def begin_of_read(self, read: RowRead, begin: Rows) -> Rows:
        """The first row that a reader needs for its rows from `begin` on."""
        loop, dims = self.loops[read.reader], self.dims[read.reader]
        factors = enumerate(read.position.coefficients)
        reach = sum(min(0, factor * (dims[d] - 1)) for d, factor in factors if d != loop)
        stride = read.position.coefficients[loop]
        return np.maximum(stride * begin + (read.position.constant + reach), 0)


@dataclass(frozen=True)
class KeptRows:
    """A count of rows; `carried` if some of them are read in a later iteration than written."""

    count: int
    carried: bool


def stream_axis(
    dims: Sequence[tuple[int, ...]], loops: Sequence[int], reads: Sequence[RowRead], step: int
) -> StreamAxis | None:
    """Find out when each layer of a stream computes its rows; see `StreamAxis`.

    None where its readers want them at different rates.
    """
    rates = {len(dims) - 1: 1}  # rows for each row of the end layer
    by_reader = sorted(reads, key=lambda read: -read.reader)
    for read in by_reader:
        rate = rates[read.reader] * read.position.coefficients[loops[read.reader]]
        if rates.setdefault(read.source, rate) != rate:
            return None
    unit = math.lcm(*rates.values())
    periods = [unit // rates[number] for number in range(len(dims))]
    leads = {len(dims) - 1: 0}
    for read in by_reader:
        loop, extents = loops[read.reader], dims[read.reader]
        factors = enumerate(read.position.coefficients)
        reach = sum(max(0, factor * (extents[d] - 1)) for d, factor in factors if d != loop)
        # For its row r the reader needs the rows up to `stride * r + past` of the source.
        stride, past = read.position.coefficients[loop], read.position.constant + reach + 1
        lead = leads[read.reader] + periods[read.source] * (past - stride)
        leads[read.source] = max(leads.get(read.source, lead), lead)
    ordered = tuple(leads[number] for number in range(len(dims)))
    return StreamAxis(tuple(dims), tuple(loops), tuple(reads), tuple(periods), ordered, step)
