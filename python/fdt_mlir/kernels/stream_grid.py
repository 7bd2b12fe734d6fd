"""The streamed loops of a path: over rows, or over rows and the pixels of each row.

With one loop a layer computes a row in an iteration, and what is read again are whole rows. With
two, rows are computed some pixels at a time, from left to right, each layer as far ahead of its
reader as the window reaches. Of a result that a window of k rows reads, k - 1 rows and a few pixels
are there at a time: a ring of pixels, in which pixel (row, column) lives at row * width + column,
modulo the pixels of the ring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fdt_mlir.kernels.stream_axis import RowRead, Rows, StreamAxis
from fdt_mlir.kernels.tile_ranges import Span


@dataclass(frozen=True)
class Kept:
    """What exists of a result at a time: so many positions along each streamed dimension.

    `carried` if some of it is read in a later iteration than written. Then the first `rings` of the
    streamed dimensions are one ring, unless there is room for all.
    """

    extents: tuple[int, ...]
    carried: bool = False
    rings: int = 0


@dataclass(frozen=True)
class StreamGrid:
    """The streamed axes of a path, rows first; layers have the same numbers in both.

    The layers `by_row` compute whole rows, before the pixels of an iteration.
    """

    axes: tuple[StreamAxis, ...]
    by_row: frozenset[int] = frozenset()

    @property
    def rows(self) -> StreamAxis:
        return self.axes[0]

    @cached_property
    def spans(self) -> list[list[Span[Rows]]]:
        """For each axis what each layer computes, by iteration of its loop."""
        return [axis.all_spans() for axis in self.axes]

    @property
    def iterations(self) -> int:
        """How often the innermost loop runs."""
        count = 1
        for spans in self.spans:
            count *= len(spans[0].begin)
        return count

    def points(self, number: int) -> int:
        """How many positions along the streamed dimensions the result of a layer has."""
        return math.prod(axis.rows[number] for axis in self.axes)

    def computed_points(self, number: int) -> int:
        """How many of them are computed: those that somebody needs."""
        spans = (spans[number] for spans in self.spans)
        return math.prod(int(np.sum(span.end - span.begin)) for span in spans)

    def nest_spans(self, number: int) -> list[Span[Rows]]:
        """For each axis the span of a layer in every iteration of the innermost loop.

        What is computed by row runs in the first of the iterations of its row.
        """
        if len(self.axes) == 1:
            return [self.spans[0][number]]
        rows, columns = (spans[number] for spans in self.spans)
        if number in self.by_row:
            whole = np.zeros_like(columns.begin)
            whole[0] = self.axes[1].rows[number]
            columns = Span(np.zeros_like(whole), whole)
        counts = len(rows.begin), len(columns.begin)
        return [
            Span(np.repeat(rows.begin, counts[1]), np.repeat(rows.end, counts[1])),
            Span(np.tile(columns.begin, counts[0]), np.tile(columns.end, counts[0])),
        ]

    def kept(self) -> list[Kept]:
        """What exists of each layer's result at a time, by its number."""
        by_axis = [axis.kept_rows(spans) for axis, spans in zip(self.axes, self.spans, strict=True)]
        found: list[Kept] = []
        for number in range(len(self.rows.loops)):
            kept = [each[number] for each in by_axis]
            whole = tuple(axis.rows[number] for axis in self.axes)
            counts = tuple(min(k.count, most) for k, most in zip(kept, whole, strict=True))
            carried = any(each.carried for each in kept)
            if carried and len(self.axes) > 1 and number not in self.by_row:
                found.append(self._ring(number, counts[1]))
            elif carried or number in self.by_row:
                extents = counts[0], *whole[1:]
                found.append(Kept(extents, True, int(extents != whole)))
            else:
                found.append(Kept(counts))
        return found

    def _ring(self, source: int, at_once: int) -> Kept:
        """The pixels from the first that is needed to the last that is there, one after another.

        There is room for those that are computed `at_once`, even if nobody needs any.
        """
        rows, columns = self.axes
        height, width = rows.rows[source], columns.rows[source]
        reaches = [
            self._reach(by_row, by_column)
            for by_row, by_column in zip(rows.reads, columns.reads, strict=True)
            if by_row.source == source
        ]
        pixels = max(at_once, *reaches)
        if pixels >= height * width:
            return Kept((height, width), True)
        return Kept((1, pixels), True, 2)

    def _reach(self, by_row: RowRead, by_column: RowRead) -> int:
        """How many pixels a ring needs for one reader of its result."""
        (rows, columns), (row_spans, column_spans) = self.axes, self.spans
        source, width = by_row.source, columns.rows[by_row.source]
        reader = row_spans[by_row.reader]
        runs = reader.begin < reader.end
        first_row = rows.begin_of_read(by_row, reader.begin)
        there = row_spans[source].end
        # A row that is just being computed is there up to some column only.
        grows = row_spans[source].begin < there
        reader = column_spans[by_column.reader]
        first = columns.begin_of_read(by_column, reader.begin)
        reads = reader.begin < reader.end
        ahead = int(np.max((column_spans[source].end - first)[reads]))
        lag = np.where(grows, (there - 1 - first_row) * width + ahead, 0)
        lag = np.where(grows, lag, (there - first_row) * width - int(np.min(first[reads])))
        return int(np.max(lag[runs]))
