"""Schedules and budgets as a user meets them: replayed, edited, refused."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from fdt_mlir import api
from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.cli.opt import main as fdt_opt
from fdt_mlir.importer.importer import import_model
from fdt_mlir.pipeline import parse_pipeline
from fdt_mlir.schedules.tile_and_fuse import TileAndFusePass
from fdt_mlir.stages import IMPORT, NORMALIZE, ORDER_LAYERS

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
# Between them: channels, rows, streams of rows, several loops at once.
REPLAYED = {
    "cif": {"strategy": "fdt"},
    "kws": {"strategy": "ffmt", "max_mac_overhead": 150.0},
    "mw": {"strategy": "auto"},
    "res": {"strategy": "ffmt", "max_mac_overhead": 30.0},
    "ssd": {"strategy": "paper"},
}


def layer_form(model: Path) -> ir.Module:
    """A model in layer form, in the current context."""
    module = import_model(model)
    for stage in (IMPORT, NORMALIZE, ORDER_LAYERS):
        parse_pipeline(stage.pipeline).run(module)
    return module


def model_path(model: str) -> Path:
    return EXAMPLES / f"{model}.tflite"


def write_schedule(model: str, path: Path) -> Path:
    """Write the schedule that the compiler chooses for a model of REPLAYED."""
    path.write_text(api.compile(model_path(model), **REPLAYED[model]).files["schedule.mlir"])
    return path


def run_command(*arguments: object) -> tuple[int, str]:
    """Run fdt-compile as a user does; gives its exit status and what it says on stderr."""
    command = [sys.executable, "-m", "fdt_mlir.cli.compile", *(str(a) for a in arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return finished.returncode, finished.stderr


# --- Replayed and edited --------------------------------------------------------------------------


@pytest.mark.parametrize("model", REPLAYED)
def test_a_replayed_schedule_gives_the_same_program(model: str, tmp_path: Path) -> None:
    direct = api.compile(model_path(model), **REPLAYED[model])
    script = tmp_path / "schedule.mlir"
    script.write_text(direct.files["schedule.mlir"])
    replayed = api.compile(model_path(model), transform_script=script, **REPLAYED[model])
    name = f"{model}.c"
    # The comment on top says which strategy was asked for.
    body, replayed_body = (
        files[name].partition("*/")[2] for files in (direct.files, replayed.files)
    )
    assert replayed_body == body
    assert replayed.files["schedule.mlir"] == direct.files["schedule.mlir"]
    assert replayed.arena_bytes == direct.arena_bytes < direct.discovery.untiled_arena_bytes


@pytest.mark.parametrize("model", REPLAYED)
def test_fdt_opt_replays_on_the_layer_form(model: str, tmp_path: Path) -> None:
    script = write_schedule(model, tmp_path / "schedule.mlir")
    source, output = tmp_path / "layers.mlir", tmp_path / "output.mlir"
    with mlir_context():
        module = layer_form(model_path(model))
        source.write_text(str(module))
        TileAndFusePass(script=str(script)).run(module)
        direct = str(module)
    assert fdt_opt([str(source), f"--transform-script={script}", "-o", str(output)]) == 0
    assert output.read_text() == direct


@pytest.mark.parametrize(
    ("model", "old", "new"),
    [
        ("cif", r"tile_sizes \[(0, 0, 0|0, 0), 1\]", r"tile_sizes [\1, 4]"),
        ("kws", r"array<i64: 3> ->", "array<i64: 2> ->"),
        ("kws", r"array<i64: 3> ->", "array<i64: 4> ->"),
        ("mw", r"array<i64: 3> ->", "array<i64: 1> ->"),
        ("res", r"array<i64: 8, 4> ->", "array<i64: 5, 3> ->"),
        ("ssd", r"tile_sizes \[0, 0, (\d+)\]", "tile_sizes [0, 0, 2]"),
    ],
)
def test_tile_sizes_can_be_edited(model: str, old: str, new: str, tmp_path: Path) -> None:
    """Also to sizes that do not divide a row loop."""
    script = write_schedule(model, tmp_path / "schedule.mlir")
    text = script.read_text()
    edited, count = re.subn(old, new, text)
    assert count == 1, text
    assert edited != text
    script.write_text(edited)
    compiled = check_bit_exact(
        model_path(model), sanitize=True, random_inputs=3, transform_script=script
    )
    assert compiled.files["schedule.mlir"] == edited


# --- Refused --------------------------------------------------------------------------------------


def test_a_budget_that_nothing_reaches(tmp_path: Path) -> None:
    """The smallest arena, its work, and what sets it: the numbers that a user needs next."""
    status, message = run_command(model_path("kws"), "--ram", 2000, "-o", tmp_path / "kws")
    assert status == 1
    told = re.search(
        r"no tiling fits 2000 bytes of RAM: the smallest arena found is (\d+) bytes, at ([\d.]+) %"
        r" more multiply-accumulates; it is set by '(\w+)' \((\d+) bytes\) in '(\w+)'",
        message,
    )
    assert told, message
    least = int(told[1])
    assert f"raise the limit by {least - 2000} bytes (--ram {least})" in message
    assert not (tmp_path / "kws").exists()
    compiled = api.compile(model_path("kws"), ram_bytes=least)
    assert compiled.arena_bytes == least
    assert float(told[2]) == pytest.approx(100 * compiled.discovery.mac_overhead, abs=0.06)
    buffers = {buffer["name"]: buffer for buffer in compiled.report["buffers"]}
    peak = next(s for s in compiled.report["steps"] if s["name"] == told[5])
    assert buffers[told[3]]["bytes"] == int(told[4])
    assert peak["live_bytes"] >= compiled.arena_bytes


def _cut_in_half(text: str) -> str:
    return text[: len(text) // 2]


def _sequence_without_match(text: str) -> str:
    return text.replace('fdt.layer = "conv2d_1"', 'fdt.layer = "conv2d_17"')


FAULTS: dict[str, tuple[Callable[[str], str], str]] = {
    "of another model": (
        lambda text: re.sub(r'(fingerprint = ")\w+', r"\g<1>0123", text),
        "the schedule was made for another module",
    ),
    "cut in half": (_cut_in_half, "schedule.mlir:"),
    "empty": (lambda text: "", "the schedule does not say which module it was made for"),
    "no text": (lambda text: "\0\1\2", "schedule.mlir:1:"),
    "a match that finds nothing": (_sequence_without_match, "in @path_0: 0 operations have"),
    "tiles of nothing": (
        lambda text: text.replace("array<i64: 3> ->", "array<i64: 0> ->"),
        "tiles loops [1] of layer 'average_pooling2d' by [0]",
    ),
    "a loop too many": (
        lambda text: text.replace("array<i64: 1> ->", "array<i64: 9> ->"),
        "tiles loops [9] of layer 'average_pooling2d'",
    ),
}


@pytest.mark.parametrize(("fault", "told"), FAULTS.values(), ids=FAULTS)
def test_a_schedule_that_cannot_be_applied(
    fault: Callable[[str], str], told: str, tmp_path: Path
) -> None:
    script = write_schedule("kws", tmp_path / "schedule.mlir")
    text = script.read_text()
    assert fault(text) != text
    script.write_text(fault(text))
    status, message = run_command(model_path("kws"), f"--transform-script={script}", "-q")
    assert status == 1, message
    assert told in message


def test_a_schedule_of_another_model(tmp_path: Path) -> None:
    script = write_schedule("mw", tmp_path / "schedule.mlir")
    status, message = run_command(model_path("kws"), f"--transform-script={script}", "-q")
    assert status == 1
    assert "the schedule was made for another module" in message
    assert "schedule.mlir" in message
