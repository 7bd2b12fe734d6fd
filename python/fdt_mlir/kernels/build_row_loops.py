"""fdt-build-row-loops: annotated row paths become loops over kernel calls on slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from fdt_mlir.kernels.stream_input import INPUT_ROWS
from fdt_mlir.kernels.tile_ranges import Span, Spans
from fdt_mlir.normalize.structured import element_type, producer, shape_of
from fdt_mlir.passes import Pass, op_error

STREAM_END = "fdt.row_stream"
"""Marks the call that ends a stream, also once its loop is built."""

Body = Callable[[Sequence[Index], Sequence[ir.Value]], list[ir.Value]]
"""Writes one iteration: from where its tiles begin and the carried tensors to their next values."""


@dataclass(frozen=True)
class BuildRowLoopsPass(Pass):
    """Build a loop over tiles for every row path.

    Requires: kernel form; `fdt.row_path` on the calls of a path, `fdt.row_dims` and
        `fdt.row_tiles` on its last call, and `fdt.row_stream` there if the path is a stream.
    Ensures: the calls of a path run inside a loop, each on the slice that one tile of the end
        layer needs; tensors between them have the extents of their largest slice. A tiled
        reduction accumulates partial sums, start value before and the rest after the loop. In a
        stream each call computes only what no earlier tile has, rows that are needed again stay
        in rings, and a tensor that is also read after the path is written whole.
    Fails when: a tiled reduction is no single reduction over all of the result; a tensor inside
        a path is read outside of it (in a stream: before its end).
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
    if view.name not in TENSOR_VIEWS or not view.is_before_in_block(end):
        return
    readers = _readers(view)
    for reader in readers:
        _sink_view(reader, end)
    if all(end.is_before_in_block(reader) for reader in readers):
        view.move_after(end)


def _check_closed(path: RowPath) -> None:
    """Nobody outside of a path may read a tensor that exists tile by tile only."""
    inside = set(path.calls)
    for call, kernel in zip(path.calls[:-1], path.kernels, strict=False):
        outside = [reader for reader in _readers(call) if reader not in inside]
        if not outside or (path.streams and _is_read_later(call, outside, path.end)):
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
    order = {op.operation: number for number, op in enumerate(end.block.operations)}
    return all(order.get(reader, -1) > order[end] for reader in readers)


def _build(module: ir.Module, path: RowPath) -> None:
    _sink_views(path)
    _check_closed(path)
    kernel = path.kernels[-1]
    builder = _PathBuilder(path, path.tile_shapes(), path.total_macs())
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
    def rings(self) -> Mapping[int, int]:
        """The calls of which rows are carried to the next tile, and along which dimension.

        Those of a streamed input come between two tiles.
        """
        if self.path.stream is None:
            return {}
        stream = self.path.stream
        kept = stream.kept_rows(stream.all_spans())[:-1]
        return {
            number: self.path.row_dim(number)
            for number, rows in enumerate(kept)
            if (rows.carried or self.path.kernels[number].layer == INPUT_ROWS)
            and number not in self.whole
        }

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

        def body(starts: Sequence[Index], carried: Sequence[ir.Value]) -> list[ir.Value]:
            return self._tile(starts, carried, end, operands)

        calls = [self.path.calls[number] for number in self.whole]
        places = [destination, *(destination_of(call) for call in calls)]
        return dict(zip([self.path.end, *calls], self._loop(places, [], body), strict=True))

    def _loop(
        self, carried: Sequence[ir.Value], starts: list[Index], body: Body
    ) -> Sequence[ir.Value]:
        axis = len(starts)
        if axis == len(self.path.dims):
            return body(starts, carried)
        extent, tile = self.path.extents[axis], self.path.tiles[axis]
        stream = self.path.stream if axis == len(self.path.dims) - 1 else None
        if tile >= extent and stream is None:
            return self._loop(carried, [*starts, 0], body)
        low, high = (stream.first_time, stream.last_time) if stream is not None else (0, extent)
        bounds = [index_value(low), index_value(high), index_value(tile)]
        rings = [self._tile_tensor(number) for number in self.rings] if stream is not None else []
        given = [*carried, *rings]
        types = [value.type for value in given]
        loop = ir.Operation.create("scf.for", types, [*bounds, *given], regions=1)
        block = loop.regions[0].blocks.append(ir.IndexType.get(), *types)
        with ir.InsertionPoint(block):
            start, *values = block.arguments
            ir.Operation.create("scf.yield", operands=self._loop(values, [*starts, start], body))
        return tuple(loop.results)[: len(carried)]

    def _tile_tensor(self, number: int) -> ir.Value:
        """A tensor for the part of a call's result that exists at a time."""
        element = element_type(self.path.calls[number].results[0])
        return alloc_tensor(ir.RankedTensorType.get(self.shapes[number], element))

    def _tile(
        self,
        starts: Sequence[Index],
        carried: Sequence[ir.Value],
        end: Kernel,
        operands: Sequence[ir.Value],
    ) -> list[ir.Value]:
        """The calls of one tile, in program order; gives what `carried` becomes."""
        spans = self._spans(starts)
        kept = dict(zip([*self.whole, *self.rings], carried[1:], strict=True))
        tiles: dict[ir.Value, _Tile] = {}
        for number, call in enumerate(self.path.calls[:-1]):
            kernel = self.path.kernels[number]
            part = {} if number in self.whole else result_spans(kernel, call, spans[number])
            place = kept[number] if number in kept else self._tile_tensor(number)
            tile = _Tile(place, part, shape_of(call.results[0]), self.rings.get(number))
            result = self._call(number, kernel, inputs_of(call), spans[number], tiles, tile)
            tiles[call.results[0]] = replace(tile, value=result)
            if number in kept:
                kept[number] = result
        whole = _Tile(carried[0], {}, shape_of(carried[0]))
        last = self._call(len(self.path.calls) - 1, end, operands, spans[-1], tiles, whole)
        if self.path.streams:
            ending = producer(last)
            assert ending is not None
            ending.attributes[STREAM_END] = ir.UnitAttr.get()
        return [last, *kept.values()]

    def _spans(self, starts: Sequence[Index]) -> list[dict[int, Span[Index]]]:
        """The loops of each call that a tile restricts."""
        arithmetic, stream = IndexArithmetic(), self.path.stream
        if stream is None:
            return self.path.loop_spans(self._end_spans(starts), arithmetic)
        spans = self.path.loop_spans(self._end_spans(starts[:-1]), arithmetic)
        rows = stream.spans(starts[-1], arithmetic)
        return [
            {**others, loop: span}
            for others, loop, span in zip(spans, stream.loops, rows, strict=True)
        ]

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

    Along `ring_dim` it is a ring, unless there is room for all.
    """

    value: ir.Value
    spans: Spans[Index]
    shape: tuple[int, ...]
    ring_dim: int | None = None

    def windows(self, operand: int) -> list[tuple[int, int, int]]:
        return [(operand, dim, self.shape[dim]) for dim in self._window_dims()]

    def origins(self) -> list[Index]:
        return [self.spans[dim].begin for dim in self._window_dims()]

    def rings(self, operand: int) -> list[tuple[int, int, int]]:
        dim = self.ring_dim
        if dim is None or shape_of(self.value)[dim] == self.shape[dim]:
            return []
        return [(operand, dim, self.shape[dim])]

    def _window_dims(self) -> list[int]:
        return [dim for dim in sorted(self.spans) if dim != self.ring_dim]


def _call_part(
    part: Part, inputs: Sequence[ir.Value], accumulator: ir.Value, destination: ir.Value
) -> ir.Value:
    operands = [accumulator if number == -1 else inputs[number] for number in part.reads]
    return create_call(part.kernel, operands, destination).results[0]
