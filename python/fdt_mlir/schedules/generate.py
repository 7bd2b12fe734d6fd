"""Write down how a module is tiled: the decision `fdt.paths` as a transform-dialect script."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import defined_functions, is_unit_reshape
from fdt_mlir.passes import op_error
from fdt_mlir.schedules.fingerprint import FINGERPRINT, fingerprint
from fdt_mlir.schedules.layer_members import Loop, MarkedLayer, layer_named, marked_layers
from fdt_mlir.schedules.tile_path import FDT, FFMT, STREAM, TilePath, read_paths

_HEADER = """\
// How fdt-mlir tiles this model. Tile sizes may be edited; a size in tile_sizes has to divide the
// extent of its loop. To apply the schedule to the model that it was made for:
//   fdt-compile MODEL --transform-script=SCHEDULE
//   fdt-opt MODULE-IN-LAYER-FORM --transform-script=SCHEDULE

!op = !transform.any_op
!number = !transform.param<i64>
!numbers = !transform.any_param
"""

_DECLARATIONS = """\
  // From dialects/fdt_schedules.mlir:
  transform.named_sequence private @clean_up(!op {transform.readonly})
  transform.named_sequence private @fuse(
      !op {transform.readonly}, !op {transform.consumed}, !op {transform.readonly}) -> !op
  transform.named_sequence private @join_row_path(
      !op {transform.readonly}, !number {transform.readonly})
  transform.named_sequence private @end_row_path(
      !op {transform.readonly}, !number {transform.readonly}, !numbers {transform.readonly},
      !numbers {transform.readonly})
  transform.named_sequence private @end_stream(
      !op {transform.readonly}, !number {transform.readonly}, !numbers {transform.readonly},
      !numbers {transform.readonly})
"""


def schedule_text(module: ir.Module) -> str:
    """The schedule that carries out `fdt.paths` of a module in layer form, with comments.

    Valid, and without effect, where nothing was decided. Raises CompileError where a path names a
    layer or a loop that does not exist, or asks for tiles that its family cannot have.
    """
    sequences: list[str] = []
    for function in defined_functions(module):
        layers = marked_layers(function)
        for path in read_paths(function):
            sequences.append(_PathScript(len(sequences), path, layers, function).text())
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


@dataclass
class _PathScript:
    """The named sequence of one path, line by line."""

    number: int
    path: TilePath
    layers: Mapping[str, MarkedLayer]
    function: ir.Operation
    lines: list[str] = field(default_factory=list[str])

    def text(self) -> str:
        tiled = self._tiled_loops()
        self._describe(tiled)
        self.lines.append(
            f"  transform.named_sequence @path_{self.number}(%model: !op {{transform.readonly}}) {{"
        )
        if self.path.family == FDT:
            self._fdt(tiled)
        else:
            self._rows()
        return "\n".join([*self.lines, "    transform.yield", "  }", "", ""])

    # What is tiled

    @property
    def members(self) -> list[MarkedLayer]:
        return [layer_named(self.layers, name, self.function) for name in self.path.layers]

    def _tiled_loops(self) -> list[_Tiled]:
        """The tiled loops of the end layer. Raises CompileError where they cannot be tiled so."""
        path = self.path
        if path.family not in (FDT, FFMT, STREAM) or not path.layers:
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
            if tile < extent:
                found.append(_Tiled(loops[dim], dim, tile))
        if not found:
            self._fail(f"tiles of {list(path.tiles)} are all of layer '{end.name}'")
        return found

    def _fail(self, message: str) -> None:
        raise op_error(self.function, f"fdt.paths cannot be carried out: {message}")

    def _describe(self, tiled: Sequence[_Tiled]) -> None:
        path = self.path
        self._say(f"Path {self.number} {path.glyph}".rstrip() + ": " + " -> ".join(path.layers))
        for each in tiled:
            loop = each.loop
            what = "reduction: tiles add partial sums" if loop.is_reduction else "result"
            count = -(-loop.extent // each.tile)
            self._say(
                f"{count} tiles of {each.tile} of loop {each.dim}, extent {loop.extent} ({what})"
            )

    def _say(self, comment: str) -> None:
        self.lines.append(f"  // {comment}")

    def _add(self, line: str) -> None:
        self.lines.append(f"    {line}")

    # FDT

    def _fdt(self, tiled: Sequence[_Tiled]) -> None:
        # A reduction is tiled inside its layer: what follows it in the layer stays after the loop.
        op = tiled[0].loop.op
        if any(each.loop.op != op for each in tiled):
            self._fail("loops of the result and of the reduction are tiled together")
        fused = self._fuse(self._producers(self.members[-1], op), self._tile(op, tiled))
        self._number_of_path()
        self._add(f'transform.annotate {fused} "fdt.path" = %path : !op, !number')

    def _tile(self, op: ir.Operation, tiled: Sequence[_Tiled]) -> str:
        """Tile `op`; gives the handle of the innermost tile loop."""
        sizes = [0] * (max(each.loop.position for each in tiled) + 1)
        for each in tiled:
            sizes[each.loop.position] = each.tile
        names = (
            ["%tile_loop"] if len(tiled) == 1 else [f"%tile_loop_{n}" for n in range(len(tiled))]
        )
        handle = self._find(op)
        types = ", ".join(["!op"] * (len(names) + 1))
        self._add(f"%tile, {', '.join(names)} = transform.structured.tile_using_for {handle}")
        self._add(f"  tile_sizes {sizes} : (!op) -> ({types})")
        self._add("transform.include @clean_up failures(propagate) (%model) : (!op) -> ()")
        return names[-1]

    def _producers(self, end: MarkedLayer, tiled: ir.Operation) -> Iterable[ir.Operation]:
        """What moves into the loop, nearest first: users before what they use.

        The start value of the tiled operation stays before the loop, which hands it on.
        """
        inside = end.feeds(tiled)
        members = [op for op in end.members if op in inside]
        for layer in reversed(self.members[:-1]):
            members = [*layer.members, *members]
        yield from (op for op in reversed(members) if not is_unit_reshape(op))

    def _fuse(self, producers: Iterable[ir.Operation], loop: str) -> str:
        for op in producers:
            handle = self._find(op)
            around = f"%loop_with_{_stem(op)}"
            self._add(f"{around} = transform.include @fuse failures(propagate)")
            self._add(f"  (%model, {handle}, {loop}) : (!op, !op, !op) -> !op")
            loop = around
        return loop

    # Row paths

    def _rows(self) -> None:
        self._number_of_path()
        *others, end = self.members
        for layer in others:
            handle = self._find(layer.root)
            self._add(
                f"transform.include @join_row_path failures(propagate) ({handle}, %path)"
                " : (!op, !number) -> ()"
            )
        handle = self._find(end.root)
        for name, numbers in (("dims", self.path.dims), ("tiles", self.path.tiles)):
            listed = ", ".join(str(number) for number in numbers)
            self._add(f"%{name} = transform.param.constant array<i64: {listed}> -> !numbers")
        end_path = "@end_stream" if self.path.family == STREAM else "@end_row_path"
        self._add(
            f"transform.include {end_path} failures(propagate) ({handle}, %path, %dims, %tiles)"
        )
        self._add("  : (!op, !number, !numbers, !numbers) -> ()")

    def _number_of_path(self) -> None:
        self._add(f"%path = transform.param.constant {self.number} : i64 -> !number")

    def _find(self, op: ir.Operation) -> str:
        """Find one operation by layer and role; a schedule stops where it is not exactly one."""
        layer, role, stem = string(op, "fdt.layer"), string(op, "fdt.role"), _stem(op)
        self._add(f"%found_{stem} = transform.structured.match attributes")
        self._add(f'  {{fdt.layer = "{layer}", fdt.role = "{role}"}} in %model : (!op) -> !op')
        self._add(f"%{stem} = transform.split_handle %found_{stem}")
        self._add("  pass_through_empty_handle = false : (!op) -> !op")
        return f"%{stem}"


def _stem(op: ir.Operation) -> str:
    return f"{string(op, 'fdt.layer')}_{string(op, 'fdt.role')}"
