"""fdt-build-row-loops: annotated row paths become loops over kernel calls on slices."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.form_kernels import alloc_tensor
from fdt_mlir.kernels.index_values import Index, IndexArithmetic, index_value
from fdt_mlir.kernels.kernel import Kernel, create_call, destination_of, inputs_of
from fdt_mlir.kernels.operands import TENSOR_VIEWS
from fdt_mlir.kernels.row_path import RowPath, result_spans, row_paths
from fdt_mlir.kernels.split_reduction import Part, can_split, split_reduction
from fdt_mlir.kernels.tile_ranges import Span, Spans
from fdt_mlir.normalize.structured import element_type, producer, shape_of
from fdt_mlir.passes import Pass, op_error

STREAM_END = "fdt.row_stream"
"""Marks the call that ends a stream, also once its loop is built."""

LoopSpans = Sequence[Spans[Index]]
"""The loops that are restricted in an iteration, of each call."""

Body = Callable[[LoopSpans, Sequence[ir.Value]], list[ir.Value]]
"""Writes one iteration: from what it computes and the carried tensors to their next values."""


@dataclass(frozen=True)
class BuildRowLoopsPass(Pass):
    """Build a loop over tiles for every row path.

    Requires: kernel form; `fdt.row_path` on the calls of a path, `fdt.row_dims` and
        `fdt.row_tiles` on its last call, and `fdt.row_stream` there if the path is a stream, also
        `fdt.pixel_stream` if its rows are computed pixel by pixel.
    Ensures: the calls of a path run inside a loop, each on the slice that one tile of the end
        layer needs; tensors between them have the extents of their largest slice. A tiled
        reduction accumulates partial sums, start value before and the rest after the loop. In a
        stream each call computes only what no earlier tile has, rows or pixels that are needed
        again stay in rings, and a tensor that is also read after the path is written whole.
    Fails when: a tiled reduction is no single reduction over all of the result; a tensor inside
        a path is read outside of it (in a stream: before its end, or where the end needs only a
        part of it).
    """

    name: ClassVar[str] = "fdt-build-row-loops"

    def run(self, module: ir.Module) -> None:
        for function in list(module.body.operations):
            if function.operation.name == "func.func" and function.operation.regions[0].blocks:
                for path in row_paths(function.operation):
                    _build(module, path)


def _sink_views(path: RowPath) -> None:
    """Let views of what a path computes, which others read after it, stand after it too."""
    inside = set(path.calls)
    for call in path.calls[:-1]:
        for reader in _readers(call):
            if reader not in inside:
                _sink_view(reader, path.end)


def _sink_view(view: ir.Operation, end: ir.Operation) -> None:
    if view.name not in TENSOR_VIEWS or not _is_before(view, end):
        return
    readers = _readers(view)
    for reader in readers:
        _sink_view(reader, end)
    if all(_is_before(end, reader) for reader in readers):
        view.move_after(end)


def _check_closed(path: RowPath) -> None:
    """Nobody outside of a path may read a tensor that exists tile by tile only."""
    inside = set(path.calls)
    for call, kernel in zip(path.calls[:-1], path.kernels, strict=False):
        outside = [reader for reader in _readers(call) if reader not in inside]
        if not outside or (path.streamed and _is_read_later(call, outside, path.end)):
            continue
        raise op_error(
            call,
            f"layer '{kernel.layer}' cannot be inside a path: {outside[0].name} outside of the"
            " path reads its result",
            "end the path at this layer",
        )


def _readers(call: ir.Operation) -> list[ir.Operation]:
    return [use.owner.operation for use in call.results[0].uses]


def _is_read_later(call: ir.Operation, readers: Sequence[ir.Operation], end: ir.Operation) -> bool:
    """Whether the result is a tensor of its own, read only after the end of the path."""
    own = producer(destination_of(call))
    if own is None or own.name != "bufferization.alloc_tensor":
        return False
    return all(_is_before(end, reader) for reader in readers)


def _is_before(first: ir.Operation, second: ir.Operation) -> bool:
    """Whether an operation stands before another, or before the loop that has it inside."""
    while second.block != first.block:
        if second.parent is None:
            return False
        second = second.parent.operation
    return first.is_before_in_block(second)


def _build(module: ir.Module, path: RowPath) -> None:
    _sink_views(path)
    _check_closed(path)
    kernel = path.kernels[-1]
    builder = _PathBuilder(path, path.tile_shapes(), path.total_macs())
    _check_whole(path, builder.whole)
    fan_in = any(dim >= kernel.result_dims for dim in path.dims)
    with ir.InsertionPoint(path.end), path.end.location:
        if fan_in:
            if not can_split(kernel):
                raise op_error(
                    path.end, f"the reduction of layer '{kernel.layer}' cannot run tile by tile"
                )
            results = builder.fan_in(module)
        else:
            destination = destination_of(path.end)
            results = builder.tile_loops(destination, kernel, inputs_of(path.end))
    for call, result in results.items():
        call.results[0].replace_all_uses_with(result)
    for call in reversed(path.calls):
        destination = destination_of(call)
        call.erase()
        owner = destination.owner
        if not isinstance(owner, ir.Block) and next(iter(destination.uses), None) is None:
            owner.operation.erase()


def _check_whole(path: RowPath, whole: Sequence[int]) -> None:
    """Refuse a stream whose end does not need all of what is read after it."""
    grid = path.stream
    if grid is None:
        return
    for number in whole:
        points, computed = grid.points(number), grid.computed_points(number)
        if computed < points:
            raise op_error(
                path.calls[number],
                f"layer '{path.kernels[number].layer}' is read after its stream, which computes"
                f" {computed} of its {points} rows",
                "end the stream where all of them are read",
            )


@dataclass(frozen=True)
class _PathBuilder:
    path: RowPath
    shapes: Sequence[tuple[int, ...]]
    macs: Sequence[int]

    @cached_property
    def whole(self) -> tuple[int, ...]:
        """The calls, but the last, whose results are read after the path."""
        inside = set(self.path.calls)
        calls = enumerate(self.path.calls[:-1])
        return tuple(n for n, call in calls if not inside.issuperset(_readers(call)))

    @cached_property
    def carried(self) -> Sequence[int]:
        """The calls of which rows or pixels are carried to the next tile."""
        if not self.path.streamed:
            return ()
        kept = enumerate(self.path.kept[:-1])
        return [n for n, each in kept if each.carried and n not in self.whole]

    def fan_in(self, module: ir.Module) -> dict[ir.Operation, ir.Value]:
        """Start value, loop over partial sums, the rest of the end layer."""
        end = self.path.end
        split = split_reduction(module, self.path.kernels[-1])
        inputs = inputs_of(end)
        tensor = ir.RankedTensorType.get(shape_of(end.results[0]), split.accumulator_type)
        accumulator = alloc_tensor(tensor) if split.finish else destination_of(end)
        accumulator = _call_part(split.start, inputs, accumulator, accumulator)
        operands = [inputs[number] for number in split.accumulate.reads]
        results = self.tile_loops(accumulator, split.accumulate.kernel, operands)
        if split.finish is not None:
            results[end] = _call_part(split.finish, inputs, results[end], destination_of(end))
        return results

    def tile_loops(
        self, destination: ir.Value, end: Kernel, operands: Sequence[ir.Value]
    ) -> dict[ir.Operation, ir.Value]:
        """The nest of tile loops; `end` writes or accumulates into `destination`.

        Gives the results that exist after it: that of the end layer, and whole tensors.
        """

        def body(spans: LoopSpans, carried: Sequence[ir.Value]) -> list[ir.Value]:
            return self._tile(spans, carried, end, operands)

        calls = [self.path.calls[number] for number in self.whole]
        places = [destination, *(destination_of(call) for call in calls)]
        return dict(zip([self.path.end, *calls], self._loops(places, [], body), strict=True))

    def _loops(
        self, carried: Sequence[ir.Value], starts: list[Index], body: Body
    ) -> Sequence[ir.Value]:
        """The loops over tiles; within them those that stream."""
        axis, arithmetic = len(starts), IndexArithmetic()
        if axis == len(self.path.dims) - self.path.streamed:
            spans = self.path.loop_spans(self._end_spans(starts), arithmetic)
            return self._streamed_loops(carried, 0, spans, body)
        extent, tile = self.path.extents[axis], self.path.tiles[axis]
        if tile >= extent:
            return self._loops(carried, [*starts, 0], body)
        with _loop(0, extent, tile, carried) as (start, values, results):
            _yield(self._loops(values, [*starts, start], body))
        return results

    def _streamed_loops(
        self, carried: Sequence[ir.Value], level: int, spans: LoopSpans, body: Body
    ) -> Sequence[ir.Value]:
        """The loop over rows, and within it the one over columns."""
        if level == self.path.streamed:
            return body(spans, carried)
        assert self.path.stream is not None
        axis = self.path.stream.axes[level]
        rings = [self._tile_tensor(number) for number in self.carried] if level == 0 else []
        given = [*carried, *rings]
        with _loop(axis.first_time, axis.last_time, axis.step, given) as (time, values, results):
            found = axis.spans(time, IndexArithmetic())
            within = [
                {**others, loop: span}
                for others, loop, span in zip(spans, axis.loops, found, strict=True)
            ]
            if level == 0 and self.path.streamed > 1:
                values = self._compute_rows(within, values)
            _yield(self._streamed_loops(values, level + 1, within, body))
        return results[: len(carried)]

    def _compute_rows(self, spans: LoopSpans, carried: Sequence[ir.Value]) -> list[ir.Value]:
        """The calls that compute whole rows before the pixels of an iteration."""
        assert self.path.stream is not None
        values = list(carried)
        for number in sorted(self.path.stream.by_row):
            place = 1 + [*self.whole, *self.carried].index(number)
            tile = self._tile_of(number, values[place], spans[number])
            operands = inputs_of(self.path.calls[number])
            kernel = self.path.kernels[number]
            values[place] = self._call(number, kernel, operands, spans[number], {}, tile)
        return values

    def _tile_tensor(self, number: int) -> ir.Value:
        """A tensor for the part of a call's result that exists at a time."""
        element = element_type(self.path.calls[number].results[0])
        return alloc_tensor(ir.RankedTensorType.get(self.shapes[number], element))

    def _tile(
        self,
        spans: LoopSpans,
        carried: Sequence[ir.Value],
        end: Kernel,
        operands: Sequence[ir.Value],
    ) -> list[ir.Value]:
        """The calls of one tile, in program order; gives what `carried` becomes."""
        kept = dict(zip([*self.whole, *self.carried], carried[1:], strict=True))
        tiles: dict[ir.Value, _Tile] = {}
        for number, call in enumerate(self.path.calls[:-1]):
            place = kept[number] if number in kept else self._tile_tensor(number)
            tile = self._tile_of(number, place, spans[number])
            if not self._is_by_row(number):
                kernel, inputs = self.path.kernels[number], inputs_of(call)
                result = self._call(number, kernel, inputs, spans[number], tiles, tile)
                tile = replace(tile, value=result)
            tiles[call.results[0]] = tile
            if number in kept:
                kept[number] = tile.value
        whole = _Tile(carried[0], {}, shape_of(carried[0]))
        last = self._call(len(self.path.calls) - 1, end, operands, spans[-1], tiles, whole)
        if self.path.streamed:
            ending = producer(last)
            assert ending is not None
            ending.attributes[STREAM_END] = ir.UnitAttr.get()
        return [last, *kept.values()]

    def _is_by_row(self, number: int) -> bool:
        """Whether a call has run before the loop over columns."""
        stream = self.path.stream
        return stream is not None and len(stream.axes) > 1 and number in stream.by_row

    def _tile_of(self, number: int, value: ir.Value, spans: Spans[Index]) -> _Tile:
        """What `value` holds of a call's result in the iteration that restricts its loops so."""
        call = self.path.calls[number]
        shape = shape_of(call.results[0])
        if number in self.whole:
            return _Tile(value, {}, shape)
        part = result_spans(self.path.kernels[number], call, spans)
        if number not in self.carried:
            return _Tile(value, part, shape)
        dims = self.path.stream_dims(number)
        windows = {dim: span for dim, span in part.items() if dim not in dims}
        return _Tile(value, windows, shape, dims[: self.path.kept[number].rings])

    def _end_spans(self, starts: Sequence[Index]) -> list[Span[Index]]:
        arithmetic = IndexArithmetic()
        spans: list[Span[Index]] = []
        for start, tile, extent in zip(starts, self.path.tiles, self.path.extents, strict=False):
            end = arithmetic.add(start, tile)
            if extent % tile:
                end = arithmetic.minimum(end, extent)
            spans.append(Span(start, end) if tile < extent else Span(0, extent))
        return spans

    def _call(
        self,
        number: int,
        kernel: Kernel,
        operands: Sequence[ir.Value],
        spans: Spans[Index],
        tiles: Mapping[ir.Value, _Tile],
        destination: _Tile,
    ) -> ir.Value:
        """One kernel call on the slices of a tile."""
        slices = tuple(sorted(spans))
        bounds = [end for loop in slices for end in (spans[loop].begin, spans[loop].end)]
        windows: list[tuple[int, int, int]] = []
        rings: list[tuple[int, int, int]] = []
        origins: list[Index] = []
        values: list[ir.Value] = []
        for operand, value in enumerate([*operands, destination.value]):
            tile = destination if operand == len(operands) else tiles.get(value)
            values.append(tile.value if tile else value)
            if tile:
                windows += tile.windows(operand)
                rings += tile.rings(operand)
                origins += tile.origins()
        sliced = replace(kernel, slices=slices, windows=tuple(windows), rings=tuple(rings))
        scalars = [index_value(value) for value in (*bounds, *origins)]
        with self.path.calls[number].location:
            call = create_call(sliced, values[:-1], destination.value, scalars)
        call.attributes["fdt.total_macs"] = i64(self.macs[number])
        return call.results[0]


@dataclass(frozen=True)
class _Tile:
    """A tensor that holds a part of a larger one: `spans` by dimension, `shape` of the whole.

    Along `ring_dims` it is a ring.
    """

    value: ir.Value
    spans: Spans[Index]
    shape: tuple[int, ...]
    ring_dims: tuple[int, ...] = ()

    def windows(self, operand: int) -> list[tuple[int, int, int]]:
        return [(operand, dim, self.shape[dim]) for dim in sorted(self.spans)]

    def origins(self) -> list[Index]:
        return [self.spans[dim].begin for dim in sorted(self.spans)]

    def rings(self, operand: int) -> list[tuple[int, int, int]]:
        return [(operand, dim, self.shape[dim]) for dim in self.ring_dims]


@contextmanager
def _loop(
    low: int, high: int, step: int, carried: Sequence[ir.Value]
) -> Generator[tuple[ir.Value, Sequence[ir.Value], Sequence[ir.Value]], None, None]:
    """Open the body of a loop: its index, the tensors that it carries, its results."""
    bounds = [index_value(bound) for bound in (low, high, step)]
    types = [value.type for value in carried]
    loop = ir.Operation.create("scf.for", types, [*bounds, *carried], regions=1)
    block = loop.regions[0].blocks.append(ir.IndexType.get(), *types)
    with ir.InsertionPoint(block):
        counter, *values = block.arguments
        yield counter, values, tuple(loop.results)


def _yield(values: Sequence[ir.Value]) -> None:
    ir.Operation.create("scf.yield", operands=values)


def _call_part(
    part: Part, inputs: Sequence[ir.Value], accumulator: ir.Value, destination: ir.Value
) -> ir.Value:
    operands = [accumulator if number == -1 else inputs[number] for number in part.reads]
    return create_call(part.kernel, operands, destination).results[0]
