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
find_package(kws REQUIRED)
add_executable(consumer ${EXAMPLE})
target_link_libraries(consumer PRIVATE kws::kws)
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


def test_installed_library_is_found(packaged: Packaged, tmp_path: Path) -> None:
    project = packaged.folder / "cmake"
    library, prefix, consumer = tmp_path / "library", tmp_path / "prefix", tmp_path / "consumer"
    run_well("cmake", "-S", project, "-B", library, "-DKWS_EXAMPLE=OFF")
    run_well("cmake", "--build", library)
    run_well("cmake", "--install", library, "--prefix", prefix)
    consumer.mkdir()
    (consumer / "CMakeLists.txt").write_text(CONSUMER)
    example = project / "example" / "main.c"
    found = (f"-DCMAKE_PREFIX_PATH={prefix}", f"-DEXAMPLE={example}")
    run_well("cmake", "-S", consumer, "-B", consumer / "build", *found)
    run_well("cmake", "--build", consumer / "build")
    printed = run_well(consumer / "build" / "consumer")
    assert printed.splitlines() == packaged.printed
