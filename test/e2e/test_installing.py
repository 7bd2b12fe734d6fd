"""Wheel and sdist work in an empty environment, away from the sources, installed by pipx."""

import configparser
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = ("fdt-compile", "fdt-opt", "fdt-run")

# One worker runs them all, so that the environment is made once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installing")]


def run_well(
    arguments: Sequence[str | Path], folder: Path, environment: dict[str, str] | None = None
) -> str:
    """Run a command that has to succeed, and return what it printed.

    It runs in `folder`, without the paths by which these tests find the sources.
    """
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    finished = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=folder,
        env={**inherited, **(environment or {})},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert finished.returncode == 0, f"{arguments} failed:\n{finished.stdout}"
    return finished.stdout


@dataclass(frozen=True)
class Installation:
    """An sdist, the wheel built from it, and an environment that has nothing else installed.

    `files` are those of the package when it was built.
    """

    files: set[str]
    sdist: Path
    wheel: Path
    commands: Path
    folder: Path


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    # Not pytest's temporary folder, which keeps the last three: this one has 700 MB.
    with tempfile.TemporaryDirectory(prefix="fdt-installing-") as name:
        yield install(Path(name))


def install(folder: Path) -> Installation:
    """Build the sdist, the wheel from the sdist, and have pipx install that, all in `folder`."""
    files = package_files()
    run_well([sys.executable, "-m", "build", "--outdir", folder, ROOT], folder)
    (sdist,) = folder.glob("fdt_mlir-*.tar.gz")
    (wheel,) = folder.glob("fdt_mlir-*.whl")
    home = {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "bin")}
    run_well([sys.executable, "-m", "pipx", "install", wheel], folder, home)
    return Installation(files, sdist, wheel, folder / "bin", folder)


def package_files() -> set[str]:
    package = ROOT / "python"
    return {
        path.relative_to(package).as_posix()
        for path in (package / "fdt_mlir").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_sdist_has_the_sources_and_their_tests(installation: Installation) -> None:
    with tarfile.open(installation.sdist) as archive:
        paths = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "tools/test"} <= paths
    assert "test/e2e/test_installing.py" in paths
    assert not [path for path in paths if path.startswith((".venv", "build"))]


def test_wheel_has_every_file_of_the_package(installation: Installation) -> None:
    with zipfile.ZipFile(installation.wheel) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("fdt_mlir/")}
    assert packed == installation.files


def test_wheel_declares_the_commands(installation: Installation) -> None:
    with zipfile.ZipFile(installation.wheel) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith("/entry_points.txt")]
        entry_points = configparser.ConfigParser()
        entry_points.read_string(wheel.read(name).decode())
    assert sorted(entry_points["console_scripts"]) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_starts(installation: Installation, command: str) -> None:
    printed = run_well([installation.commands / command, "--help"], installation.folder)
    assert command in printed


def test_installed_compiler_compiles_packages_and_runs(installation: Installation) -> None:
    # Fails where a file that is needed at run time is left out of the wheel.
    model = ROOT / "examples" / "models" / "kws.tflite"
    commands, folder = installation.commands, installation.folder
    options = ["-o", folder / "kws", "--package", "cmake"]
    run_well([commands / "fdt-compile", model, *options], folder)
    run_well([commands / "fdt-run", folder / "kws", "--target", "host"], folder)
    assert (folder / "kws" / "cmake" / "CMakeLists.txt").is_file()


def test_installed_version_names_what_it_builds_on(installation: Installation) -> None:
    printed = run_well([installation.commands / "fdt-compile", "--version"], installation.folder)
    assert printed.startswith("fdt-mlir ")
    assert "\niree-base-compiler " in printed
