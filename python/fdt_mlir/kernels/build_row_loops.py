"""fdt-build-row-loops: annotated row paths become loops over kernel calls on slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.form_kernels import alloc_tensor
from fdt_mlir.kernels.index_values import Index, IndexArithmetic, index_value
from fdt_mlir.kernels.kernel import Kernel, create_call, destination_of, inputs_of
from fdt_mlir.kernels.row_path import RowPath, result_spans, row_paths
from fdt_mlir.kernels.split_reduction import Part, can_split, split_reduction
from fdt_mlir.kernels.tile_ranges import Span, Spans
from fdt_mlir.normalize.structured import element_type, shape_of
from fdt_mlir.passes import Pass, op_error

Body = Callable[[Sequence[Index], ir.Value], ir.Value]


@dataclass(frozen=True)
class BuildRowLoopsPass(Pass):
    """Build a loop over tiles for every row path.

    Requires: kernel form; `fdt.row_path` on the calls of a path, `fdt.row_dims` and
        `fdt.row_tiles` on its last call.
    Ensures: the calls of a path run inside a loop, each on the slice that one tile of the end
        layer needs; tensors between them have the extents of their largest slice. A tiled
        reduction accumulates partial sums, start value before and the rest after the loop.
    Fails when: a tiled reduction is no single reduction over all of the result; a tensor inside
        a path is read outside of it.
    """

    name: ClassVar[str] = "fdt-build-row-loops"

    def run(self, module: ir.Module) -> None:
        for function in list(module.body.operations):
            if function.operation.name == "func.func" and function.operation.regions[0].blocks:
                for path in row_paths(function.operation):
                    _build(module, path)


def _check_closed(path: RowPath) -> None:
    """Nobody outside of a path may read a tensor that exists tile by tile only."""
    inside = set(path.calls)
    for call, kernel in zip(path.calls[:-1], path.kernels, strict=False):
        readers = [use.owner.operation for use in call.results[0].uses]
        outside = [reader for reader in readers if reader not in inside]
        if outside:
            raise op_error(
                call,
                f"layer '{kernel.layer}' cannot be inside a path: {outside[0].name} outside of the"
                " path reads its result",
                "end the path at this layer",
            )


def _build(module: ir.Module, path: RowPath) -> None:
    _check_closed(path)
    kernel = path.kernels[-1]
    shapes, macs = path.tile_shapes(), path.total_macs()
    builder = _PathBuilder(path, shapes, macs)
    fan_in = any(dim >= kernel.result_dims for dim in path.dims)
    with ir.InsertionPoint(path.end), path.end.location:
        if fan_in:
            if not can_split(kernel):
                raise op_error(
                    path.end, f"the reduction of layer '{kernel.layer}' cannot run tile by tile"
                )
            result = builder.fan_in(module)
        else:
            destination = destination_of(path.end)
            result = builder.tile_loops(destination, kernel, inputs_of(path.end))
    path.end.results[0].replace_all_uses_with(result)
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

    def fan_in(self, module: ir.Module) -> ir.Value:
        """Start value, loop over partial sums, the rest of the end layer."""
        end = self.path.end
        split = split_reduction(module, self.path.kernels[-1])
        inputs = inputs_of(end)
        tensor = ir.RankedTensorType.get(shape_of(end.results[0]), split.accumulator_type)
        accumulator = alloc_tensor(tensor) if split.finish else destination_of(end)
        accumulator = _call_part(split.start, inputs, accumulator, accumulator)
        operands = [inputs[number] for number in split.accumulate.reads]
        total = self.tile_loops(accumulator, split.accumulate.kernel, operands)
        if split.finish is None:
            return total
        return _call_part(split.finish, inputs, total, destination_of(end))

    def tile_loops(
        self, destination: ir.Value, end: Kernel, operands: Sequence[ir.Value]
    ) -> ir.Value:
        """The nest of tile loops; `end` writes or accumulates into `destination`."""

        def body(starts: Sequence[Index], carried: ir.Value) -> ir.Value:
            return self._tile(starts, carried, end, operands)

        return self._loop(destination, [], body)

    def _loop(self, carried: ir.Value, starts: list[Index], body: Body) -> ir.Value:
        axis = len(starts)
        if axis == len(self.path.dims):
            return body(starts, carried)
        extent, tile = self.path.extents[axis], self.path.tiles[axis]
        if tile >= extent:
            return self._loop(carried, [*starts, 0], body)
        bounds = [index_value(0), index_value(extent), index_value(tile)]
        loop = ir.Operation.create("scf.for", [carried.type], [*bounds, carried], regions=1)
        block = loop.regions[0].blocks.append(ir.IndexType.get(), carried.type)
        with ir.InsertionPoint(block):
            inner = self._loop(block.arguments[1], [*starts, block.arguments[0]], body)
            ir.Operation.create("scf.yield", operands=[inner])
        return loop.results[0]

    def _tile(
        self, starts: Sequence[Index], carried: ir.Value, end: Kernel, operands: Sequence[ir.Value]
    ) -> ir.Value:
        """The calls of one tile, in program order."""
        arithmetic = IndexArithmetic()
        spans = self.path.loop_spans(self._end_spans(starts), arithmetic)
        tiles: dict[ir.Value, _Tile] = {}
        for number, call in enumerate(self.path.calls[:-1]):
            part = result_spans(self.path.kernels[number], call, spans[number])
            tensor = ir.RankedTensorType.get(self.shapes[number], element_type(call.results[0]))
            result = self._call(
                number,
                self.path.kernels[number],
                inputs_of(call),
                spans[number],
                tiles,
                _Tile(alloc_tensor(tensor), part, shape_of(call.results[0])),
            )
            tiles[call.results[0]] = _Tile(result, part, shape_of(call.results[0]))
        whole = _Tile(carried, {}, shape_of(carried))
        return self._call(len(self.path.calls) - 1, end, operands, spans[-1], tiles, whole)

    def _end_spans(self, starts: Sequence[Index]) -> list[Span[Index]]:
        arithmetic = IndexArithmetic()
        spans: list[Span[Index]] = []
        for start, tile, extent in zip(starts, self.path.tiles, self.path.extents, strict=True):
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
        tiles: dict[ir.Value, _Tile],
        destination: _Tile,
    ) -> ir.Value:
        """One kernel call on the slices of a tile."""
        slices = tuple(sorted(spans))
        bounds = [end for loop in slices for end in (spans[loop].begin, spans[loop].end)]
        windows: list[tuple[int, int, int]] = []
        origins: list[Index] = []
        values: list[ir.Value] = []
        for operand, value in enumerate(operands):
            tile = tiles.get(value)
            values.append(tile.value if tile else value)
            if tile:
                windows += tile.windows(operand)
                origins += tile.origins()
        windows += destination.windows(len(operands))
        origins += destination.origins()
        sliced = replace(kernel, slices=slices, windows=tuple(windows))
        scalars = [index_value(value) for value in (*bounds, *origins)]
        with self.path.calls[number].location:
            call = create_call(sliced, values, destination.value, scalars)
        call.attributes["fdt.total_macs"] = i64(self.macs[number])
        return call.results[0]


@dataclass(frozen=True)
class _Tile:
    """A tensor that holds a part of a larger one: `spans` by dimension, `shape` of the whole."""

    value: ir.Value
    spans: Spans[Index]
    shape: tuple[int, ...]

    def windows(self, operand: int) -> list[tuple[int, int, int]]:
        return [(operand, dim, self.shape[dim]) for dim in sorted(self.spans)]

    def origins(self) -> list[Index]:
        return [self.spans[dim].begin for dim in sorted(self.spans)]


def _call_part(
    part: Part, inputs: Sequence[ir.Value], accumulator: ir.Value, destination: ir.Value
) -> ir.Value:
    operands = [accumulator if number == -1 else inputs[number] for number in part.reads]
    return create_call(part.kernel, operands, destination).results[0]
