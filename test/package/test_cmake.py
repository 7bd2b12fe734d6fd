"""The CMake project: built, run, installed, for this machine and for Cortex-M."""

from pathlib import Path

import pytest

from package.commands import run_tool, run_well
from package.conftest import Packaged

pytestmark = pytest.mark.xdist_group("package")
TOOLCHAIN = "toolchains/arm-none-eabi.cmake"

CONSUMER = """
cmake_minimum_required(VERSION 3.21)
project(consumer LANGUAGES C)
if(SUBDIRECTORY)
  add_subdirectory(${SUBDIRECTORY} model)
else()
  find_package(kws REQUIRED)
endif()
add_executable(kws ${EXAMPLE})
target_link_libraries(kws PRIVATE kws::kws)
"""


def test_example_prints_the_outputs_here(packaged: Packaged, tmp_path: Path) -> None:
    project = packaged.folder / "cmake"
    run_well("cmake", "-S", project, "-B", tmp_path, "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON")
    printed = run_well("cmake", "--build", tmp_path, "--target", "run")
    assert "\n".join(packaged.printed) in printed


def test_example_prints_the_same_on_an_emulated_core(packaged: Packaged, tmp_path: Path) -> None:
    project = packaged.folder / "cmake"
    options = ("--toolchain", TOOLCHAIN, "-DFDT_CPU=cortex-m4")
    run_well("cmake", "-S", project, "-B", tmp_path, *options, folder=project)
    printed = run_well("cmake", "--build", tmp_path, "--target", "run")
    assert "\n".join(packaged.printed) in printed


def test_library_builds_where_the_example_has_no_board(packaged: Packaged, tmp_path: Path) -> None:
    project = packaged.folder / "cmake"
    options = ("--toolchain", TOOLCHAIN, "-DFDT_CPU=cortex-m0")
    said = run_well("cmake", "-S", project, "-B", tmp_path, *options, folder=project)
    assert "kws_example is not built" in said
    run_well("cmake", "--build", tmp_path)
    assert (tmp_path / "libkws.a").is_file()


def test_unknown_core_is_named_with_those_there_are(packaged: Packaged, tmp_path: Path) -> None:
    project = packaged.folder / "cmake"
    options = ("--toolchain", TOOLCHAIN, "-DFDT_CPU=cortex-a53")
    done = run_tool("cmake", "-S", project, "-B", tmp_path, *options, folder=project)
    assert done.returncode != 0
    assert "no FDT_CPU 'cortex-a53'" in done.stdout
    assert "cortex-m0, cortex-m3, cortex-m4" in " ".join(done.stdout.split())


def consumer_prints(folder: Path, example: Path, where: str) -> list[str]:
    """What a project prints that finds the library at `where` and has a target of its name."""
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(CONSUMER)
    run_well("cmake", "-S", folder, "-B", folder / "build", f"-DEXAMPLE={example}", where)
    run_well("cmake", "--build", folder / "build")
    return run_well(folder / "build" / "kws").splitlines()


def test_library_is_part_of_another_project(packaged: Packaged, tmp_path: Path) -> None:
    project = packaged.folder / "cmake"
    example = project / "example" / "main.c"
    printed = consumer_prints(tmp_path / "consumer", example, f"-DSUBDIRECTORY={project}")
    assert printed == packaged.printed


def test_installed_library_is_found(packaged: Packaged, tmp_path: Path) -> None:
    project = packaged.folder / "cmake"
    library, prefix = tmp_path / "library", tmp_path / "prefix"
    run_well("cmake", "-S", project, "-B", library, "-DKWS_EXAMPLE=OFF")
    run_well("cmake", "--build", library)
    run_well("cmake", "--install", library, "--prefix", prefix)
    example = project / "example" / "main.c"
    printed = consumer_prints(tmp_path / "consumer", example, f"-DCMAKE_PREFIX_PATH={prefix}")
    assert printed == packaged.printed
