"""Schedules as files: replayed, edited, and refused where they do not fit."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.cli.opt import main as fdt_opt
from fdt_mlir.errors import CompileError
from fdt_mlir.schedules.generate import schedule_text
from fdt_mlir.schedules.tile_and_fuse import TileAndFusePass

# Two dense layers: 6 values between them, of which a tile computes some.
MODULE = """
#vector_in = affine_map<(o, i) -> (i)>
#matrix = affine_map<(o, i) -> (o, i)>
#vector_out = affine_map<(o, i) -> (o)>
#element = affine_map<(o) -> (o)>
func.func @main(%input: tensor<4xf32>, %first: tensor<6x4xf32>, %second: tensor<3x6xf32>)
    -> tensor<3xf32> {
  %a_start = arith.constant dense<0.5> : tensor<6xf32>
  %b_start = arith.constant dense<0.25> : tensor<3xf32>
  %empty = tensor.empty() : tensor<6xf32>
  %sum = linalg.generic {indexing_maps = [#vector_in, #matrix, #vector_out],
      iterator_types = ["parallel", "reduction"]}
      ins(%input, %first : tensor<4xf32>, tensor<6x4xf32>) outs(%a_start : tensor<6xf32>)
      attrs = {fdt.layer = "a", fdt.role = "reduce"} {
    ^bb0(%x: f32, %w: f32, %total: f32):
      %product = arith.mulf %x, %w : f32
      %next = arith.addf %total, %product : f32
      linalg.yield %next : f32
  } -> tensor<6xf32>
  %a = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%sum : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "a", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.tanh %x : f32
      linalg.yield %y : f32
  } -> tensor<6xf32>
  %b = linalg.generic {indexing_maps = [#vector_in, #matrix, #vector_out],
      iterator_types = ["parallel", "reduction"]}
      ins(%a, %second : tensor<6xf32>, tensor<3x6xf32>) outs(%b_start : tensor<3xf32>)
      attrs = {fdt.layer = "b", fdt.role = "reduce"} {
    ^bb0(%x: f32, %w: f32, %total: f32):
      %product = arith.mulf %x, %w : f32
      %next = arith.addf %total, %product : f32
      linalg.yield %next : f32
  } -> tensor<3xf32>
  return %b : tensor<3xf32>
}
"""
DECISION = """attributes {fdt.paths = [
    {family = "fdt", layers = ["a", "b"], dims = array<i64: 1>, tiles = array<i64: 2>,
     glyph = "<>"}]} {"""
DECIDED = MODULE.replace("-> tensor<3xf32> {", f"-> tensor<3xf32> {DECISION}", 1)
ROWS = DECIDED.replace('"fdt"', '"ffmt"')


def schedule_of(text: str) -> str:
    with mlir_context():
        return schedule_text(ir.Module.parse(text))


def applied(text: str, script: Path | None = None) -> str:
    with mlir_context():
        module = ir.Module.parse(text)
        TileAndFusePass(script=str(script) if script else "").run(module)
        assert module.operation.verify()
        return str(module)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


# --- What is applied ------------------------------------------------------------------------------


@pytest.mark.parametrize("decided", [DECIDED, ROWS], ids=["fdt", "ffmt"])
def test_a_replayed_schedule_gives_the_same_module(decided: str, tmp_path: Path) -> None:
    script = write(tmp_path / "schedule.mlir", schedule_of(decided))
    direct = applied(decided)
    assert applied(MODULE, script) == direct
    assert "fdt.path = 0" in direct or "fdt.row_path = 0" in direct


def test_fdt_opt_replays_like_the_pass(tmp_path: Path) -> None:
    module = write(tmp_path / "module.mlir", MODULE)
    script = write(tmp_path / "schedule.mlir", schedule_of(DECIDED))
    output = tmp_path / "output.mlir"
    assert fdt_opt([str(module), f"--transform-script={script}", "-o", str(output)]) == 0
    assert output.read_text() == applied(DECIDED)


def test_a_module_without_decision_has_a_schedule_that_changes_nothing(tmp_path: Path) -> None:
    script = write(tmp_path / "schedule.mlir", schedule_of(MODULE))
    with mlir_context():
        assert applied(MODULE, script) == str(ir.Module.parse(MODULE))


def test_a_tile_size_can_be_edited(tmp_path: Path) -> None:
    text = schedule_of(DECIDED).replace("tile_sizes [0, 2]", "tile_sizes [0, 3]")
    edited = applied(MODULE, write(tmp_path / "schedule.mlir", text))
    assert "tensor<3x4xf32>" in edited  # three rows of the first weights
    assert edited == applied(DECIDED.replace("tiles = array<i64: 2>", "tiles = array<i64: 3>"))


def test_the_schedule_is_the_same_whether_the_decision_is_there_or_not() -> None:
    # The replayed module carries no decision.
    def fingerprints(text: str) -> list[str]:
        return re.findall(r"fdt\.fingerprint = \"(\w{64})\"", schedule_of(text))

    assert fingerprints(MODULE) == fingerprints(DECIDED) != []


# --- What is refused ------------------------------------------------------------------------------


def _replaced(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert text.count(old) >= 1, f"nothing to edit: {old}"
        return text.replace(old, new, 1)

    return edit


def _unfused(text: str) -> str:
    """Leave the contraction of the first layer before the loop."""
    return text[: text.index("    %found_a_reduce")] + text[text.index("    %path =") :].replace(
        "%loop_with_a_reduce", "%loop_with_a_map"
    )


FAULTS = {
    "nothing found": (
        _replaced('fdt.role = "map"', 'fdt.role = "mop"'),
        'in @path_0: 0 operations have {fdt.layer = "a", fdt.role = "mop"}, but 1 should',
    ),
    "too much found": (
        _replaced('{fdt.layer = "a", fdt.role = "map"}', '{fdt.layer = "a"}'),
        'in @path_0: 2 operations have {fdt.layer = "a"}, but 1 should',
    ),
    "wrong order": (
        _replaced('fdt.layer = "a", fdt.role = "map"', 'fdt.layer = "a", fdt.role = "reduce"'),
        "in @path_0: nothing inside the loop reads a slice of the operation's result",
    ),
    "no divisor": (
        _replaced("[0, 2]", "[0, 4]"),
        'in @path_0: tiles of 4 in loop 1 of layer "b", whose extent is 6',
    ),
    "whole": (
        _replaced("[0, 2]", "[0, 6]"),
        'in @path_0: tiles of 6 in loop 1 of layer "b", whose extent is 6',
    ),
    "negative": (
        _replaced("[0, 2]", "[0, -2]"),
        'in @path_0: tiles of -2 in loop 1 of layer "b", whose extent is 6',
    ),
    "other module": (
        _replaced('fdt.fingerprint = "', 'fdt.fingerprint = "0'),
        "the schedule was made for another module",
    ),
    "no fingerprint": (
        _replaced("fdt.fingerprint", "fdt.finger"),
        "the schedule does not say which module it was made for",
    ),
    "no entry": (
        _replaced("@__transform_main", "@transform_main"),
        "the schedule defines no sequence @__transform_main",
    ),
    "other entry": (
        _replaced(
            "@__transform_main(%model: !op {transform.readonly}",
            "@__transform_main(%model: !op {transform.readonly}, %more: !op {transform.readonly}",
        ),
        "@__transform_main takes one argument, the module as !transform.any_op",
    ),
    "no MLIR": (_replaced("transform.yield", "transform.yeild"), "'transform.yeild' is unknown"),
    "library defined again": (
        _replaced(
            "named_sequence private @clean_up(!op {transform.readonly})",
            "named_sequence @clean_up(%model: !op {transform.readonly}) { transform.yield }",
        ),
        "doubly defined symbol @clean_up",
    ),
    "left outside": (
        _unfused,
        "'reduce' of layer 'a' stays outside of the loop in which its layer is tiled",
    ),
}


@pytest.mark.parametrize(("edit", "message"), FAULTS.values(), ids=FAULTS)
def test_a_schedule_that_does_not_fit_is_refused(
    edit: Callable[[str], str], message: str, tmp_path: Path
) -> None:
    script = write(tmp_path / "schedule.mlir", edit(schedule_of(DECIDED)))
    with pytest.raises(CompileError) as caught:
        applied(MODULE, script)
    (diagnostic,) = caught.value.diagnostics
    assert message in diagnostic.message
    assert diagnostic.location is not None


def test_a_fault_is_shown_at_its_line(tmp_path: Path) -> None:
    text = schedule_of(DECIDED).replace('fdt.role = "map"', 'fdt.role = "mop"')
    script = write(tmp_path / "schedule.mlir", text)
    with pytest.raises(CompileError) as caught:
        applied(MODULE, script)
    location = caught.value.diagnostics[0].location
    assert location is not None
    assert location.line is not None
    assert location.file == str(script)
    # Where the one operation is taken from what was found.
    assert "split_handle %found_a_map" in text.splitlines()[location.line - 1]


def test_a_fault_in_a_sequence_of_the_library_is_shown_at_its_caller(tmp_path: Path) -> None:
    text = schedule_of(DECIDED)
    text = text.replace('fdt.layer = "a", fdt.role = "map"', 'fdt.layer = "a", fdt.role = "reduce"')
    with pytest.raises(CompileError) as caught:
        applied(MODULE, write(tmp_path / "schedule.mlir", text))
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.location is not None
    assert diagnostic.location.line is not None
    assert "transform.include @fuse" in text.splitlines()[diagnostic.location.line - 1]
    assert any("fdt_schedules.mlir" in str(note.location) for note in diagnostic.notes)


def test_a_missing_schedule_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"cannot read the schedule .*: No such file"):
        applied(MODULE, tmp_path / "missing.mlir")
