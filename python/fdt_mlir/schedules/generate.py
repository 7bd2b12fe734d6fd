"""Write down how a module is tiled: the decision `fdt.paths` as a transform-dialect script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fdt_mlir.bindings import copy_module, ir
from fdt_mlir.normalize.structured import defined_functions, is_unit_reshape
from fdt_mlir.passes import op_error
from fdt_mlir.schedules.fingerprint import FINGERPRINT, fingerprint
from fdt_mlir.schedules.layer_members import Loop, MarkedLayer, layer_named, marked_layers
from fdt_mlir.schedules.merge_layers import plan_merge
from fdt_mlir.schedules.sequence_text import SequenceText, stem_of
from fdt_mlir.schedules.tile_path import (
    FDT,
    FFMT,
    MERGE,
    PIXEL_STREAM,
    STREAM,
    TilePath,
    read_paths,
)

_HEADER = """\
// How fdt-mlir tiles this model. Tile sizes may be edited; a size in tile_sizes has to divide the
// extent of its loop. To apply the schedule to the model that it was made for:
//   fdt-compile MODEL --transform-script=SCHEDULE
//   fdt-opt MODULE-IN-LAYER-FORM --transform-script=SCHEDULE

!op = !transform.any_op
!number = !transform.param<i64>
!numbers = !transform.any_param
!text = !transform.any_param
"""

_DECLARATIONS = """\
  // From dialects/fdt_schedules.mlir:
  transform.named_sequence private @clean_up(!op {transform.readonly})
  transform.named_sequence private @fuse(
      !op {transform.readonly}, !op {transform.consumed}, !op {transform.readonly}) -> !op
  transform.named_sequence private @become(
      !op {transform.readonly}, !text {transform.readonly}, !text {transform.readonly})
  transform.named_sequence private @join_row_path(
      !op {transform.readonly}, !number {transform.readonly})
  transform.named_sequence private @end_row_path(
      !op {transform.readonly}, !number {transform.readonly}, !numbers {transform.readonly},
      !numbers {transform.readonly})
  transform.named_sequence private @end_stream(
      !op {transform.readonly}, !number {transform.readonly}, !numbers {transform.readonly},
      !numbers {transform.readonly})
  transform.named_sequence private @end_pixel_stream(
      !op {transform.readonly}, !number {transform.readonly}, !numbers {transform.readonly},
      !numbers {transform.readonly})
"""

# The sequences that end paths of rows, by family.
_END_OF_ROWS = {FFMT: "@end_row_path", STREAM: "@end_stream", PIXEL_STREAM: "@end_pixel_stream"}


def schedule_text(module: ir.Module) -> str:
    """The schedule that carries out `fdt.paths` of a module in layer form, with comments.

    Valid, and without effect, where nothing was decided. Raises CompileError where a path names a
    layer or a loop that does not exist, or asks for tiles that its family cannot have.
    """
    sequences: list[str] = []
    # What is merged is merged on a copy too: later paths are about the merged layers.
    copy = copy_module(module)
    for function in defined_functions(copy):
        for path in read_paths(function):
            text = SequenceText(len(sequences))
            layers = marked_layers(function)
            if path.family == MERGE:
                _write_merge(text, path, layers, function)
            else:
                _PathScript(text, path, layers, function).write()
            sequences.append(text.text())
    includes = "".join(
        f"    transform.include @path_{number} failures(propagate) (%model) : (!op) -> ()\n"
        for number in range(len(sequences))
    )
    return (
        f"{_HEADER}\n"
        "module attributes {\n"
        f'    {FINGERPRINT} = "{fingerprint(module)}",\n'
        "    transform.with_named_sequence} {\n"
        f"{_DECLARATIONS}\n"
        f"{''.join(sequences)}"
        "  transform.named_sequence @__transform_main(%model: !op {transform.readonly}) {\n"
        f"{includes}"
        "    transform.yield\n"
        "  }\n"
        "}\n"
    )


@dataclass(frozen=True)
class _Tiled:
    """Loop number `dim` of the end layer, cut into tiles."""

    loop: Loop
    dim: int
    tile: int


def _write_merge(
    text: SequenceText,
    path: TilePath,
    layers: Mapping[str, MarkedLayer],
    function: ir.Operation,
) -> None:
    """Write how layers become one, and make them one."""
    merge = plan_merge([layer_named(layers, name, function) for name in path.layers], [*layers])
    _say_path(text, path)
    text.say(f"become one layer, {merge.name}: no tensor between them exists")
    merge.write(text)
    merge.apply()


def _say_path(text: SequenceText, path: TilePath) -> None:
    text.say(f"Path {text.number} {path.glyph}".rstrip() + ": " + " -> ".join(path.layers))


@dataclass(frozen=True)
class _PathScript:
    """Writes the named sequence of one path of tiles."""

    text: SequenceText
    path: TilePath
    layers: Mapping[str, MarkedLayer]
    function: ir.Operation

    def write(self) -> None:
        tiled = self._tiled_loops()
        self._describe(tiled)
        if self.path.family == FDT:
            self._fdt(tiled)
        else:
            self._rows()

    # What is tiled

    @property
    def members(self) -> list[MarkedLayer]:
        return [layer_named(self.layers, name, self.function) for name in self.path.layers]

    def _tiled_loops(self) -> list[_Tiled]:
        """The tiled loops of the end layer. Raises CompileError where they cannot be tiled so."""
        path = self.path
        if path.family not in (FDT, *_END_OF_ROWS) or not path.layers:
            self._fail(f"a path of {len(path.layers)} layers of family '{path.family}'")
        if not path.dims or len(path.dims) != len(path.tiles):
            self._fail(f"a path tiles {len(path.dims)} loops by {len(path.tiles)} sizes")
        end = self.members[-1]
        loops = end.loops()
        found: list[_Tiled] = []
        for dim, tile in zip(path.dims, path.tiles, strict=True):
            if not 0 <= dim < len(loops):
                self._fail(f"layer '{end.name}' has {len(loops)} loops, a path tiles loop {dim}")
            extent = loops[dim].extent
            if tile < 1 or (path.family == FDT and extent % tile):
                self._fail(
                    f"tiles of {tile} do not divide the {extent} of loop {dim} of {end.name}"
                )
            if tile < extent or self._is_streamed(dim):
                found.append(_Tiled(loops[dim], dim, tile))
        if not found:
            self._fail(f"tiles of {list(path.tiles)} are all of layer '{end.name}'")
        return found

    def _is_streamed(self, dim: int) -> bool:
        """Whether a loop's tiles count the rows of whichever layer of a stream has most of them."""
        return self.path.family == STREAM and dim == self.path.dims[-1]

    def _fail(self, message: str) -> None:
        raise op_error(self.function, f"fdt.paths cannot be carried out: {message}")

    def _describe(self, tiled: Sequence[_Tiled]) -> None:
        _say_path(self.text, self.path)
        for each in tiled:
            loop = each.loop
            if self._is_streamed(each.dim):
                self.text.say(
                    f"streamed along loop {each.dim}, extent {loop.extent}:"
                    f" {each.tile} rows an iteration, of the layer that has most"
                )
                continue
            what = "reduction: tiles add partial sums" if loop.is_reduction else "result"
            count = -(-loop.extent // each.tile)
            self.text.say(
                f"{count} tiles of {each.tile} of loop {each.dim}, extent {loop.extent} ({what})"
            )

    # FDT

    def _fdt(self, tiled: Sequence[_Tiled]) -> None:
        # A reduction is tiled inside its layer: what follows it in the layer stays after the loop.
        op = tiled[0].loop.op
        if any(each.loop.op != op for each in tiled):
            self._fail("loops of the result and of the reduction are tiled together")
        fused = self._fuse(self._producers(self.members[-1], op), self._tile(op, tiled))
        self._number_of_path()
        self.text.add(f'transform.annotate {fused} "fdt.path" = %path : !op, !number')

    def _tile(self, op: ir.Operation, tiled: Sequence[_Tiled]) -> str:
        """Tile `op`; gives the handle of the innermost tile loop."""
        sizes = [0] * (max(each.loop.position for each in tiled) + 1)
        for each in tiled:
            sizes[each.loop.position] = each.tile
        names = (
            ["%tile_loop"] if len(tiled) == 1 else [f"%tile_loop_{n}" for n in range(len(tiled))]
        )
        handle = self.text.find(op)
        types = ", ".join(["!op"] * (len(names) + 1))
        self.text.add(f"%tile, {', '.join(names)} = transform.structured.tile_using_for {handle}")
        self.text.add(f"  tile_sizes {sizes} : (!op) -> ({types})")
        self.text.add("transform.include @clean_up failures(propagate) (%model) : (!op) -> ()")
        return names[-1]

    def _producers(self, end: MarkedLayer, tiled: ir.Operation) -> Iterable[ir.Operation]:
        """What moves into the loop, nearest first: users before what they use.

        The start value of the tiled operation stays before the loop, which hands it on.
        """
        inside = end.feeds(tiled)
        members = [op for op in end.members if op in inside]
        for layer in reversed(self.members[:-1]):
            members = [*layer.members, *members]
        # Views of what is fused fold into the slice that a tile takes.
        yield from (op for op in reversed(members) if not _is_view(op))

    def _fuse(self, producers: Iterable[ir.Operation], loop: str) -> str:
        for op in producers:
            handle = self.text.find(op)
            around = f"%loop_with_{stem_of(op)}"
            self.text.add(f"{around} = transform.include @fuse failures(propagate)")
            self.text.add(f"  (%model, {handle}, {loop}) : (!op, !op, !op) -> !op")
            loop = around
        return loop

    # Row paths

    def _rows(self) -> None:
        self._number_of_path()
        *others, end = self.members
        for layer in others:
            handle = self.text.find(layer.root)
            self.text.add(
                f"transform.include @join_row_path failures(propagate) ({handle}, %path)"
                " : (!op, !number) -> ()"
            )
        handle = self.text.find(end.root)
        for name, numbers in (("dims", self.path.dims), ("tiles", self.path.tiles)):
            listed = ", ".join(str(number) for number in numbers)
            self.text.add(f"%{name} = transform.param.constant array<i64: {listed}> -> !numbers")
        end_path = _END_OF_ROWS[self.path.family]
        self.text.add(
            f"transform.include {end_path} failures(propagate) ({handle}, %path, %dims, %tiles)"
        )
        self.text.add("  : (!op, !number, !numbers, !numbers) -> ()")

    def _number_of_path(self) -> None:
        self.text.add(f"%path = transform.param.constant {self.text.number} : i64 -> !number")


def _is_view(op: ir.Operation) -> bool:
    return is_unit_reshape(op) or op.name == "tensor.extract_slice"
