"""A row path in kernel form: its calls, and which part of each tensor a tile needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from fdt_mlir.attributes import integer, integers
from fdt_mlir.bindings import ir
from fdt_mlir.errors import CompileError
from fdt_mlir.kernels.access import Subscript, access_of
from fdt_mlir.kernels.kernel import Kernel, inputs_of, kernel_calls, read_kernel
from fdt_mlir.kernels.stream_axis import RowRead, StreamAxis, stream_axis
from fdt_mlir.kernels.stream_grid import Kept, StreamGrid
from fdt_mlir.kernels.stream_input import INPUT_ROWS
from fdt_mlir.kernels.tile_ranges import (
    Arithmetic,
    IntegerArithmetic,
    Number,
    Span,
    Spans,
    needed_spans,
    united,
)
from fdt_mlir.normalize.structured import shape_of
from fdt_mlir.passes import op_error


@dataclass(frozen=True)
class RowPath:
    """The calls of a path in program order; the last is the end layer.

    `dims` are the tiled loops of the end layer, `tiles` their sizes. The last `streamed` of them,
    rows or rows and columns, carry rows or pixels from one iteration to the next, so none is
    computed twice; their sizes count rows or columns of the layer that has most of them.
    """

    calls: tuple[ir.Operation, ...]
    dims: tuple[int, ...]
    tiles: tuple[int, ...]
    streamed: int = 0

    @property
    def end(self) -> ir.Operation:
        return self.calls[-1]

    @cached_property
    def kernels(self) -> tuple[Kernel, ...]:
        return tuple(read_kernel(call) for call in self.calls)

    @property
    def extents(self) -> tuple[int, ...]:
        """Extents of the tiled loops."""
        return tuple(self.kernels[-1].dims[dim] for dim in self.dims)

    def loop_spans(
        self, end: Sequence[Span[Number]], arithmetic: Arithmetic[Number]
    ) -> list[dict[int, Span[Number]]]:
        """For each call, the spans of its loops for one tile of the end layer.

        `end` has a span for each of `dims`, or for the first of them.
        """
        spans: list[dict[int, Span[Number]]] = [{} for _ in self.calls]
        spans[-1] = dict(zip(self.dims, end, strict=False))
        needed: dict[ir.Value, Spans[Number]] = {}
        for number in reversed(range(len(self.calls))):
            call, kernel = self.calls[number], self.kernels[number]
            if number < len(self.calls) - 1:
                spans[number] = _loops_of(kernel, call, needed[call.results[0]])
            for operand, value in enumerate(inputs_of(call)):
                if not self.is_internal(value):
                    continue
                subscripts = operand_subscripts(kernel, operand, value)
                part = needed_spans(subscripts, spans[number], kernel.dims, arithmetic)
                known = needed.get(value)
                needed[value] = part if known is None else united(known, part, arithmetic)
        return spans

    def is_internal(self, value: ir.Value) -> bool:
        """Whether a tensor is computed by the path and exists tile by tile only."""
        return any(call.results[0] == value for call in self.calls[:-1])

    @cached_property
    def axes(self) -> tuple[RowPath, ...]:
        """The same path tiled along one loop at a time: ranges along different loops are apart.

        Streamed loops are none of them, see `stream`.
        """
        loops = list(zip(self.dims, self.tiles, strict=True))
        tiled = loops[: len(loops) - self.streamed]
        return tuple(RowPath(self.calls, (dim,), (tile,)) for dim, tile in tiled)

    @cached_property
    def stream(self) -> StreamGrid | None:
        """The streamed loops through all calls.

        Raises CompileError where rows or columns cannot be followed through the path.
        """
        if not self.streamed:
            return None
        first = len(self.dims) - self.streamed
        loops = zip(self.dims[first:], self.tiles[first:], strict=True)
        axes = tuple(self._stream_axis(dim, tile) for dim, tile in loops)
        by_row = [n for n, kernel in enumerate(self.kernels) if kernel.layer == INPUT_ROWS]
        return StreamGrid(axes, frozenset(by_row))

    def _stream_axis(self, end_dim: int, step: int) -> StreamAxis:
        loops = {len(self.calls) - 1: end_dim}
        reads: list[RowRead] = []
        for number in reversed(range(len(self.calls))):
            if number not in loops:
                raise self._not_streamed(number)
            kernel = self.kernels[number]
            for operand, value in enumerate(inputs_of(self.calls[number])):
                if not self.is_internal(value):
                    continue
                source = self._number_of(value)
                along = [
                    (dim, subscript)
                    for dim, subscript in enumerate(operand_subscripts(kernel, operand, value))
                    if subscript.position.coefficients[loops[number]]
                ]
                if len(along) != 1 or along[0][1].position.coefficients[loops[number]] < 0:
                    raise self._not_streamed(source)
                dim, subscript = along[0]
                loop = _loop_of(self.kernels[source], self.calls[source], dim)
                if loop is None or loops.setdefault(source, loop) != loop:
                    raise self._not_streamed(source)
                reads.append(RowRead(number, source, subscript.position))
        ordered = tuple(loops[number] for number in range(len(self.calls)))
        dims = tuple(kernel.dims for kernel in self.kernels)
        found = stream_axis(dims, ordered, reads, step)
        if found is None:
            raise self._not_streamed(len(self.calls) - 1)
        return found

    def _number_of(self, value: ir.Value) -> int:
        return next(n for n, call in enumerate(self.calls) if call.results[0] == value)

    def _not_streamed(self, number: int) -> CompileError:
        return op_error(
            self.calls[number],
            f"layer '{self.kernels[number].layer}' cannot be part of a stream: the rows of its"
            " result are not read in order",
            "end the path before this layer",
        )

    @cached_property
    def kept(self) -> Sequence[Kept]:
        """What exists at a time of the result of each call of a stream."""
        assert self.stream is not None
        kept = self.stream.kept()
        for number, each in enumerate(kept[:-1]):
            dims = self.stream_dims(number)
            if each.rings > 1 and any(after - dim != 1 for dim, after in pairwise(dims)):
                raise self._not_streamed(number)
        return kept

    def stream_dims(self, number: int) -> tuple[int, ...]:
        """The dimensions of a call's result along which the path streams: rows, then columns."""
        assert self.stream is not None
        found: list[int] = []
        for axis in self.stream.axes:
            loops = {axis.loops[number]: Span(0, 0)}
            found += result_spans(self.kernels[number], self.calls[number], loops)
        return tuple(found)

    def tile_spans(self) -> Iterator[list[dict[int, Span[int]]]]:
        """The spans of the restricted loops for every tile of a path of one axis."""
        (extent,), (tile,) = self.extents, self.tiles
        for start in range(0, extent, tile):
            end = Span(start, min(start + tile, extent))
            yield self.loop_spans([end], IntegerArithmetic())

    def tile_shapes(self) -> list[tuple[int, ...]]:
        """For each call, the largest part of its result that a tile needs."""
        shapes = [list(shape_of(call.results[0])) for call in self.calls]
        for axis in self.axes:
            largest: list[dict[int, int]] = [{} for _ in self.calls]
            for spans in axis.tile_spans():
                for number, call in enumerate(self.calls):
                    part = result_spans(self.kernels[number], call, spans[number])
                    for dim, span in part.items():
                        known = largest[number].get(dim, 0)
                        largest[number][dim] = max(known, span.end - span.begin)
            for shape, found in zip(shapes, largest, strict=True):
                for dim, extent in found.items():
                    shape[dim] = min(shape[dim], extent)
        if self.stream is not None:
            for number, kept in enumerate(self.kept[:-1]):
                for dim, extent in zip(self.stream_dims(number), kept.extents, strict=True):
                    shapes[number][dim] = extent
        return [tuple(shape) for shape in shapes]

    def total_macs(self) -> list[int]:
        """For each call, its multiply-accumulates over all tiles, halos included."""
        totals = [kernel.macs for kernel in self.kernels]
        for axis in self.axes:
            every_tile = list(axis.tile_spans())
            for number, kernel in enumerate(self.kernels):
                points = sum(_points(spans[number]) for spans in every_tile)
                whole = math.prod(kernel.dims[loop] for loop in every_tile[0][number])
                totals[number] = totals[number] * points // whole
        if self.stream is not None:
            for number in range(len(totals)):
                computed = self.stream.computed_points(number)
                totals[number] = totals[number] * computed // self.stream.points(number)
        return totals


def row_paths(function: ir.Operation) -> list[RowPath]:
    """The annotated row paths of a function in kernel form."""
    members: dict[int, list[ir.Operation]] = {}
    for call in kernel_calls(function):
        if "fdt.row_path" in call.attributes:
            members.setdefault(integer(call, "fdt.row_path"), []).append(call)
    paths: list[RowPath] = []
    for calls in members.values():
        ends = [call for call in calls if "fdt.row_dims" in call.attributes]
        assert ends == calls[-1:], "the last layer of a row path says what is tiled"
        dims, tiles = integers(ends[0], "fdt.row_dims"), integers(ends[0], "fdt.row_tiles")
        streamed = sum(
            name in ends[0].attributes for name in ("fdt.row_stream", "fdt.pixel_stream")
        )
        paths.append(RowPath(tuple(calls), dims, tiles, streamed))
    return paths


def operand_subscripts(kernel: Kernel, operand: int, value: ir.Value) -> tuple[Subscript, ...]:
    """How a kernel indexes one of its operands; strides play no role here."""
    shape = shape_of(value)
    return access_of(kernel.maps[operand], shape, [0] * len(shape)).subscripts


def result_spans(
    kernel: Kernel, call: ir.Operation, loops: Spans[Number]
) -> dict[int, Span[Number]]:
    """The part of the result that restricted loops compute, by dimension."""
    subscripts = operand_subscripts(kernel, len(kernel.maps) - 1, call.results[0])
    found: dict[int, Span[Number]] = {}
    for dim, subscript in enumerate(subscripts):
        for loop in loops:
            if subscript.position.coefficients[loop]:
                found[dim] = loops[loop]
    return found


def _loop_of(kernel: Kernel, call: ir.Operation, dim: int) -> int | None:
    """The loop that runs along a dimension of the result."""
    subscripts = operand_subscripts(kernel, len(kernel.maps) - 1, call.results[0])
    loops = subscripts[dim].position.dims
    return loops[0] if len(loops) == 1 else None


def _loops_of(kernel: Kernel, call: ir.Operation, needed: Spans[Number]) -> dict[int, Span[Number]]:
    """The loops that compute a part of the result: each dimension is one loop."""
    subscripts = operand_subscripts(kernel, len(kernel.maps) - 1, call.results[0])
    found: dict[int, Span[Number]] = {}
    for dim, span in needed.items():
        for loop, coefficient in enumerate(subscripts[dim].position.coefficients):
            if coefficient:
                found[loop] = span
    return found


def _points(spans: Spans[int]) -> int:
    """Points of the restricted loops; a call that nothing restricts runs whole in every tile."""
    return math.prod(max(0, span.end - span.begin) for span in spans.values())
