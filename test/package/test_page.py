"""The commands of docs/packaging.md, as far as their tools are here."""

import re
from pathlib import Path

import pytest

from fdt_mlir.package import PACKAGE_KINDS
from package.commands import run_well
from package.conftest import ROOT, Packaged

pytestmark = pytest.mark.xdist_group("package")
PAGE = (ROOT / "docs" / "packaging.md").read_text()


def script_of(heading: str) -> str:
    """The first block of shell commands below a heading, to be run until one fails."""
    section = PAGE.partition(f"{heading}\n")[2]
    found = re.search(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert found, f"no commands below {heading}"
    return f"set -e\n{found[1]}"


def test_page_has_every_package() -> None:
    table = re.findall(r"^\| `([a-z-]+)` \| `build/kws/([a-z-]+)` \|", PAGE, re.MULTILINE)
    assert table == [(kind, kind) for kind in PACKAGE_KINDS]


def test_first_command_writes_packages(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    run_well("bash", "-c", script_of("# Packages: from a model to firmware"), folder=tmp_path)
    assert (tmp_path / "build" / "kws" / "cmake" / "CMakeLists.txt").is_file()
    assert (tmp_path / "build" / "kws" / "zephyr" / "zephyr" / "module.yml").is_file()


def test_cmake_commands_print_the_outputs_twice(packaged: Packaged, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "kws").symlink_to(packaged.folder)
    printed = run_well("bash", "-c", script_of("## CMake"), folder=tmp_path)
    assert printed.count("\n".join(packaged.printed)) == 2
    # What the introduction shows is part of what this model prints.
    shown = re.findall(r"^  \[\d+\] .*$", PAGE, re.MULTILINE)
    assert shown
    assert set(shown) <= set(packaged.printed)
