"""The wheel works in an empty environment, away from the sources."""

import configparser
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = ("fdt-compile", "fdt-opt", "fdt-run")

# One worker runs them all, so that the environment is made once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]


def run(arguments: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder`, without the paths by which these tests find the sources."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [str(argument) for argument in arguments],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run_well(arguments: Sequence[str | Path], folder: Path) -> str:
    """Run a command that has to succeed, and return what it printed."""
    finished = run(arguments, folder)
    assert finished.returncode == 0, f"{arguments} failed:\n{finished.stdout}"
    return finished.stdout


@dataclass(frozen=True)
class Installation:
    """A wheel of this project, and the environment in which nothing else was installed."""

    wheel: Path
    commands: Path
    folder: Path


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    # Not pytest's temporary folder, which keeps the last three: this one has 700 MB.
    with tempfile.TemporaryDirectory(prefix="fdt-packaging-") as name:
        yield install(Path(name))


def install(folder: Path) -> Installation:
    """Build the wheel and install it into a new environment, both in `folder`."""
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    run_well([sys.executable, *pip, "wheel", "--no-deps", "-w", folder, ROOT], folder)
    (wheel,) = folder.glob("fdt_mlir-*.whl")
    run_well([sys.executable, "-m", "venv", folder / "venv"], folder)
    commands = folder / "venv" / "bin"
    run_well([commands / "python", *pip, "install", wheel], folder)
    return Installation(wheel, commands, folder)


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


def test_installed_compiler_compiles_and_runs(installation: Installation) -> None:
    # Fails where a file that is needed at run time is left out of the wheel.
    model = ROOT / "examples" / "models" / "kws.tflite"
    commands, folder = installation.commands, installation.folder
    run_well([commands / "fdt-compile", model, "-o", folder / "kws"], folder)
    run_well([commands / "fdt-run", folder / "kws", "--target", "host"], folder)
