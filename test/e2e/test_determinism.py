"""The same model and options give the same bytes: in any process, any folder, on any core count."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fdt_mlir import api
from models.onnx_graphs import FLOAT_GRAPHS

EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
# Timing is no part of the result.
NOT_COMPARED = ("timing.json",)
OPTIONS = {
    "kws.tflite": ("--max-mac-overhead", "30"),
    "ssd_u8.tflite": (),
    "txt.tflite": ("--strategy", "fdt"),
    "recurrent.onnx": ("--target", "cortex-m4"),
}


@pytest.fixture(params=OPTIONS)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name: str = request.param
    if not name.endswith(".onnx"):
        return EXAMPLES / name
    path = tmp_path / name
    path.write_bytes(FLOAT_GRAPHS[path.stem]().SerializeToString())
    return path


def compile_in_new_process(
    model: Path, options: Sequence[str], place: Path, hash_seed: int, cores: Sequence[int]
) -> Mapping[str, bytes]:
    """Run `fdt-compile` in a folder of its own; gives the files that it writes."""
    place.mkdir()
    subprocess.run(
        [sys.executable, "-m", "fdt_mlir.cli.compile", str(model), "-o", "out", "-q", *options],
        cwd=place,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
        check=True,
    )
    written = sorted((place / "out").rglob("*"))
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in written
        if path.is_file() and path.name not in NOT_COMPARED
    }


def test_processes_agree(model: Path, tmp_path: Path) -> None:
    cores = sorted(os.sched_getaffinity(0))
    options = OPTIONS[model.name]
    one = compile_in_new_process(model, options, tmp_path / "one", 0, cores[:1])
    other = compile_in_new_process(model, options, tmp_path / "another place", 12345, cores)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_runs_in_one_process_agree(model: Path) -> None:
    runs = [api.compile(model) for _ in range(2)]
    assert runs[0].files == runs[1].files
    assert runs[0].emitc == runs[1].emitc
