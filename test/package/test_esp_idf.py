"""The ESP-IDF project: packed by Espressif's tool, built against a stub of ESP-IDF."""

import tarfile
from pathlib import Path

import pytest
from idf_component_tools.manager import ManifestManager, UploadMode

from package.commands import STUBS, run_well
from package.conftest import Packaged

pytestmark = pytest.mark.xdist_group("package")


def test_component_could_be_published(packaged: Packaged) -> None:
    component = packaged.folder / "esp-idf" / "components" / "kws"
    manifest = ManifestManager(component, "kws", upload_mode=UploadMode.component).validate()
    assert manifest.is_valid, manifest.errors


def test_component_packs_with_all_its_files(packaged: Packaged, tmp_path: Path) -> None:
    component = packaged.folder / "esp-idf" / "components" / "kws"
    options = ("--name", "kws", "--project-dir", component, "--dest-dir", tmp_path)
    run_well("compote", "component", "pack", *options, folder=tmp_path)
    with tarfile.open(tmp_path / "kws_1.0.0.tgz") as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
    files = {p.relative_to(component).as_posix() for p in component.rglob("*") if p.is_file()}
    assert {"src/kws.c", "include/kws.h", "CMakeLists.txt"} <= files <= names


def test_project_prints_the_outputs(packaged: Packaged, tmp_path: Path) -> None:
    project = packaged.folder / "esp-idf"
    stub = {"IDF_PATH": str(STUBS / "esp-idf")}
    run_well("cmake", "-S", project, "-B", tmp_path, environment=stub)
    run_well("cmake", "--build", tmp_path, environment=stub)
    assert run_well(tmp_path / "kws_example").splitlines() == packaged.printed
