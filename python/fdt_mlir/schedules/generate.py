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
from fdt_mlir.schedules.tile_path import FDT, FFMT, TilePath, read_paths

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


@dataclass
class _PathScript:
    """The named sequence of one path, line by line."""

    number: int
    path: TilePath
    layers: Mapping[str, MarkedLayer]
    function: ir.Operation
    lines: list[str] = field(default_factory=list[str])

    def text(self) -> str:
        loops = self._tiled_loops()
        self._describe(loops)
        self.lines.append(
            f"  transform.named_sequence @path_{self.number}(%model: !op {{transform.readonly}}) {{"
        )
        if self.path.family == FDT:
            self._fdt(loops)
        else:
            self._ffmt()
        return "\n".join([*self.lines, "    transform.yield", "  }", "", ""])

    # What is tiled

    @property
    def members(self) -> list[MarkedLayer]:
        return [layer_named(self.layers, name, self.function) for name in self.path.layers]

    def _tiled_loops(self) -> list[Loop]:
        """The tiled loops of the end layer. Raises CompileError where they cannot be tiled so."""
        path = self.path
        if path.family not in (FDT, FFMT) or not path.layers:
            self._fail(f"a path of {len(path.layers)} layers of family '{path.family}'")
        if not path.dims or len(path.dims) != len(path.tiles):
            self._fail(f"a path tiles {len(path.dims)} loops by {len(path.tiles)} sizes")
        end = self.members[-1]
        loops = end.loops()
        for dim, tile in zip(path.dims, path.tiles, strict=True):
            if not 0 <= dim < len(loops):
                self._fail(f"layer '{end.name}' has {len(loops)} loops, a path tiles loop {dim}")
            extent = loops[dim].extent
            if tile < 1 or (path.family == FDT and extent % tile):
                self._fail(
                    f"tiles of {tile} do not divide the {extent} of loop {dim} of {end.name}"
                )
        return [loops[dim] for dim in path.dims]

    def _fail(self, message: str) -> None:
        raise op_error(self.function, f"fdt.paths cannot be carried out: {message}")

    def _describe(self, loops: Sequence[Loop]) -> None:
        path = self.path
        self._say(f"Path {self.number} {path.glyph}".rstrip() + ": " + " -> ".join(path.layers))
        for dim, tile, loop in zip(path.dims, path.tiles, loops, strict=True):
            what = "reduction: tiles add partial sums" if loop.is_reduction else "result"
            count = -(-loop.extent // tile)
            self._say(f"{count} tiles of {tile} of loop {dim}, extent {loop.extent} ({what})")

    def _say(self, comment: str) -> None:
        self.lines.append(f"  // {comment}")

    def _add(self, line: str) -> None:
        self.lines.append(f"    {line}")

    # FDT

    def _fdt(self, loops: Sequence[Loop]) -> None:
        # A reduction is tiled inside its layer: what follows it in the layer stays after the loop.
        tiled = loops[0].op
        if any(loop.op != tiled for loop in loops):
            self._fail("loops of the result and of the reduction are tiled together")
        fused = self._fuse(self._producers(self.members[-1], tiled), self._tile(loops))
        self._number_of_path()
        self._add(f'transform.annotate {fused} "fdt.path" = %path : !op, !number')

    def _tile(self, loops: Sequence[Loop]) -> str:
        """Tile the operation that has the loops; gives the handle of the innermost tile loop."""
        sizes = [0] * (max(loop.position for loop in loops) + 1)
        for loop, tile in zip(loops, self.path.tiles, strict=True):
            sizes[loop.position] = tile
        names = (
            ["%tile_loop"] if len(loops) == 1 else [f"%tile_loop_{n}" for n in range(len(loops))]
        )
        handle = self._find(loops[0].op)
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

    def _ffmt(self) -> None:
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
        self._add(
            f"transform.include @end_row_path failures(propagate) ({handle}, %path, %dims, %tiles)"
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
