"""--package of fdt-compile."""

import subprocess
import sys
from pathlib import Path

import pytest

from fdt_mlir.errors import ExitStatus, UsageError
from fdt_mlir.package import PACKAGE_KINDS
from fdt_mlir.package.model import FirmwareModel
from fdt_mlir.package.registry import PACKAGES, package_files


def compile_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fdt_mlir.cli.compile", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_command_line_knows_every_package() -> None:
    assert tuple(PACKAGES) == PACKAGE_KINDS


@pytest.mark.parametrize("options", [[], ["-o", "planned.tflite", "--emit", "tflite-plan"]])
def test_goes_with_c_in_a_folder(options: list[str]) -> None:
    done = compile_command("model.tflite", "--package", "cmake", *options)
    assert done.returncode == ExitStatus.USAGE_ERROR
    assert "--package adds folders to the C: name the output with -o" in done.stderr


def test_unknown_package_is_refused_with_those_there_are() -> None:
    model = FirmwareModel("kws", 16, ("arena",), {"kws.c": ""}, {"kws.h": ""}, (), (), False)
    with pytest.raises(UsageError, match="no package 'make'; choose from: cmake, zephyr"):
        package_files("make", model)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("cmake", "cmake/CMakeLists.txt"),
        ("zephyr", "zephyr/CMakeLists.txt"),
        ("esp-idf", "esp-idf/components/kws/CMakeLists.txt"),
        ("cmsis-pack", "cmsis-pack/FDT.kws/FDT.kws.pdsc"),
    ],
)
def test_every_source_is_listed_on_a_line_of_its_own(kind: str, path: str) -> None:
    sources = {"kws.c": "", "kws_selftest.c": ""}
    model = FirmwareModel("kws", 16, ("arena",), sources, {"kws.h": ""}, (), (), False)
    lines = str(package_files(kind, model)[path]).splitlines()
    (first,) = [number for number, line in enumerate(lines) if "src/kws.c" in line]
    assert lines[first + 1] == lines[first].replace("kws.c", "kws_selftest.c")


def test_packages_lie_beside_the_c(tmp_path: Path) -> None:
    model = Path(__file__).parents[3] / "examples" / "models" / "pos.tflite"
    folder = tmp_path / "pos"
    chosen = ("--package", "zephyr", "--package", "arduino")
    done = compile_command(model, "--strategy", "none", "-o", folder, *chosen)
    assert done.returncode == ExitStatus.DONE, done.stderr
    assert "zephyr/, arduino/ to" in " ".join(done.stderr.split())
    assert (folder / "pos.c").is_file()
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {"zephyr", "arduino"}
