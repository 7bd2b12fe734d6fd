"""What the commands refuse with --backend iree, and what they say."""

import subprocess
import sys
from pathlib import Path

import pytest

from fdt_mlir.errors import CompileError, ExitStatus
from fdt_mlir.iree import host_run

MODELS = Path(__file__).parents[3] / "examples" / "models"


def command(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", f"fdt_mlir.cli.{program}", *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True)


@pytest.mark.parametrize("option", [["--pin", "input:0=0"], ["--stream-input"]])
def test_options_that_place_inputs_are_refused(option: list[str]) -> None:
    done = command("compile", MODELS / "ae.tflite", "--backend", "iree", *option)
    assert done.returncode == ExitStatus.USAGE_ERROR
    assert "say where inputs are, which belong to the caller" in done.stderr


@pytest.mark.parametrize("option", [["--selftest"], ["--plot", "x.svg"], ["--explain"]])
def test_options_of_the_c_back_end_are_refused(option: list[str]) -> None:
    done = command("compile", MODELS / "ae.tflite", "--backend", "iree", *option)
    assert done.returncode == ExitStatus.USAGE_ERROR
    assert "--package, --selftest, --explain and --plot are for the C back end" in done.stderr


def test_run_on_a_core_is_refused(tmp_path: Path) -> None:
    done = command("run", tmp_path, "--backend", "iree", "--target", "cortex-m4")
    assert done.returncode == ExitStatus.USAGE_ERROR
    assert "--backend iree runs on --target host" in done.stderr


def test_comparison_of_c_with_c_is_refused(tmp_path: Path) -> None:
    done = command("run", tmp_path, "--compare", tmp_path)
    assert done.returncode == ExitStatus.USAGE_ERROR
    assert "--compare is for --backend iree" in done.stderr


def test_a_folder_of_c_has_no_module(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"name": "kws", "inputs": [], "outputs": []}')
    with pytest.raises(CompileError, match=r"no kws\.mlir beside the report of 'kws'"):
        host_run.load_iree_model(tmp_path)


def test_a_missing_runtime_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"name": "kws", "inputs": [], "outputs": []}')
    (tmp_path / "kws.mlir").write_text("module {}")
    monkeypatch.setitem(sys.modules, "iree.runtime", None)
    with pytest.raises(CompileError, match="needs the package iree-base-runtime") as error:
        host_run.run_on_host(tmp_path, [])
    assert "pip install 'fdt-mlir[iree]'" in str(error.value)
