"""The PlatformIO project: read and packed by PlatformIO itself, its programs built by hand."""

import json
import tarfile
from pathlib import Path

import pytest

from package.commands import STUBS, run_well
from package.conftest import Packaged

pytestmark = pytest.mark.xdist_group("package")


@pytest.fixture
def core(tmp_path: Path) -> dict[str, str]:
    """A home for PlatformIO of its own, so that no settings of the user play a part."""
    return {"PLATFORMIO_CORE_DIR": str(tmp_path / "core")}


def test_project_has_no_errors(packaged: Packaged, core: dict[str, str]) -> None:
    project = packaged.folder / "platformio"
    said = run_well("pio", "project", "config", "-d", project, "--lint", environment=core)
    assert "free from linting errors" in said


def test_every_environment_builds_one_of_the_examples(
    packaged: Packaged, core: dict[str, str]
) -> None:
    project = packaged.folder / "platformio"
    said = run_well("pio", "project", "config", "-d", project, "--json-output", environment=core)
    sections = dict(json.loads(said[said.index("[[") :]))
    filters = {
        name: dict(options)["build_src_filter"]
        for name, options in sections.items()
        if name.startswith("env:")
    }
    assert filters.pop("env:native") == ["+<main.c>"]
    assert filters
    assert all(chosen == ["+<main_arduino.cpp>"] for chosen in filters.values())
    assert (project / "src" / "main.c").is_file()
    assert (project / "src" / "main_arduino.cpp").is_file()


def test_library_packs_with_all_its_files(
    packaged: Packaged, core: dict[str, str], tmp_path: Path
) -> None:
    library = packaged.folder / "platformio" / "lib" / "kws"
    archive_path = tmp_path / "kws.tar.gz"
    run_well("pio", "pkg", "pack", library, "-o", archive_path, environment=core)
    with tarfile.open(archive_path) as archive:
        names = set(archive.getnames())
    assert {"library.json", "include/kws.h", "src/kws.c"} <= names


@pytest.mark.parametrize("program", ["main.c", "main_arduino.cpp"])
def test_programs_print_the_outputs(packaged: Packaged, tmp_path: Path, program: str) -> None:
    project = packaged.folder / "platformio"
    library = project / "lib" / "kws"
    core_source = [STUBS / "arduino" / "core.cpp"] if program.endswith(".cpp") else []
    includes = (f"-I{library / 'include'}", f"-I{STUBS / 'arduino'}")
    run_well("gcc", *includes, "-c", library / "src" / "kws.c", "-o", tmp_path / "kws.o")
    compiler = "g++" if core_source else "gcc"
    sources = (project / "src" / program, *core_source, tmp_path / "kws.o")
    run_well(compiler, *includes, *sources, "-o", tmp_path / "program")
    assert run_well(tmp_path / "program").splitlines() == packaged.printed
