"""The example program of all packages, for tensors of every meaning."""

from pathlib import Path

import pytest

from fdt_mlir import api
from fdt_mlir.targets.toolchain import WARNING_FLAGS
from models.operators import CASES
from models.operators.case import build
from models.single_op import model as build_model
from models.tflite_writer import write_file
from package.commands import run_well
from package.conftest import ROOT, expected_lines

# A float model, one of uint8 with several outputs, one that reads token numbers.
MODELS = ("cif_f32", "ssd_u8", "txt")
MEMORIES = {"dtcm": 1024, "sram": 8192}


@pytest.mark.parametrize("name", MODELS)
def test_prints_what_the_tensors_mean(name: str, tmp_path: Path) -> None:
    compiled = api.compile(ROOT / "examples" / "models" / f"{name}.tflite", strategy="none")
    check_example(compiled, tmp_path)


def test_gives_each_memory_its_arena(tmp_path: Path) -> None:
    model = ROOT / "examples" / "models" / "kws.tflite"
    compiled = api.compile(model, strategy="none", memories=MEMORIES)
    assert len(compiled.report["arenas"]) == 2
    check_example(compiled, tmp_path)


def test_hands_over_a_streamed_input_row_by_row(tmp_path: Path) -> None:
    model = ROOT / "examples" / "models" / "kws.tflite"
    check_example(api.compile(model, stream_input=True), tmp_path)


def test_fills_other_inputs_before_the_rows(tmp_path: Path) -> None:
    model = tmp_path / "two.tflite"
    shapes = [(1, 13, 8, 3), (1, 13, 8, 3)]
    write_file(build_model(shapes, lambda g, x, y: g.add(g.conv2d(x, 3, 3), y)), model)
    choices = {"stream_input": "input:0", "memories": {"dtcm": 200, "sram": 8192}}
    compiled = api.compile(model, **choices)
    assert all(arena["bytes"] for arena in compiled.report["arenas"])
    check_example(compiled, tmp_path)


def test_resets_what_outlives_an_inference(tmp_path: Path) -> None:
    model = tmp_path / "state.tflite"
    write_file(build(CASES["svdf_bytes"], "int8"), model)
    compiled = api.compile(model)
    assert compiled.report["states"]
    check_example(compiled, tmp_path)
    example = (tmp_path / "state" / "cmake" / "example" / "main.c").read_text()
    # Here the arena is clear at the start anyway; on a board its bytes may be anything.
    assert "{\n  state_reset(arena.bytes);\n  return run_model_once();" in example


def check_example(compiled: api.Compiled, tmp_path: Path) -> None:
    """Build the example without a warning, as C++ too, and compare what it prints."""
    name = compiled.name
    folder = tmp_path / name
    compiled.write(folder, ["cmake"])
    example = folder / "cmake" / "example" / "main.c"
    include = f"-I{folder}"
    strict = [flag for flag in WARNING_FLAGS if not flag.startswith("-std")]
    run_well("g++", "-std=c++11", *strict, "-x", "c++", include, "-c", example, "-o", "/dev/null")
    flags = ("-std=c99", *strict, "-fsanitize=undefined", "-fno-sanitize-recover=all")
    sources = (example, folder / f"{name}.c")
    run_well("gcc", *flags, include, *sources, "-o", tmp_path / "example")
    assert run_well(tmp_path / "example").splitlines() == expected_lines(folder, compiled)
