"""The Arduino library: metadata by the rules, the sketch built against a stub of a core."""

import re
import zipfile
from pathlib import Path

import pytest
from platformio.package.manifest.parser import ManifestParserFactory
from platformio.package.manifest.schema import ManifestSchema

from package.commands import STUBS, run_well
from package.conftest import Packaged

pytestmark = pytest.mark.xdist_group("package")

# From the library specification of Arduino, format 1.5.
REQUIRED_FIELDS = {
    *("name", "version", "author", "maintainer", "sentence"),
    *("paragraph", "category", "url", "architectures"),
}
CATEGORIES = {
    *("Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing"),
    *("Data Storage", "Data Processing", "Other"),
}


def test_library_properties_follow_the_specification(packaged: Packaged) -> None:
    library = packaged.folder / "arduino" / "kws"
    lines = (library / "library.properties").read_text().splitlines()
    fields = dict(line.split("=", 1) for line in lines)
    assert set(fields) >= REQUIRED_FIELDS
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.\-]{0,62}", fields["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", fields["version"])
    assert fields["category"] in CATEGORIES
    assert fields["name"] not in fields["sentence"]
    assert (library / "src" / fields["includes"]).is_file()


def test_library_properties_are_read_by_another_tool(packaged: Packaged) -> None:
    properties = packaged.folder / "arduino" / "kws" / "library.properties"
    manifest = ManifestParserFactory.new_from_file(str(properties)).as_dict()
    assert ManifestSchema().load_manifest(manifest)["name"] == "kws"


def test_zip_is_the_library_in_one_folder(packaged: Packaged) -> None:
    folder = packaged.folder / "arduino"
    library = folder / "kws"
    with zipfile.ZipFile(folder / "kws.zip") as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    files = (path for path in library.rglob("*") if path.is_file())
    assert contents == {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_sketch_prints_the_outputs(packaged: Packaged, tmp_path: Path) -> None:
    library = packaged.folder / "arduino" / "kws"
    sketch = library / "examples" / "kws_example" / "kws_example.ino"
    run_well("gcc", "-c", library / "src" / "kws.c", "-o", tmp_path / "kws.o")
    run_well(
        *("g++", "-std=c++11", "-Wall", "-Wextra", "-Werror"),
        *(f"-I{STUBS / 'arduino'}", f"-I{library / 'src'}"),
        *("-x", "c++", sketch, STUBS / "arduino" / "core.cpp", "-x", "none", tmp_path / "kws.o"),
        *("-o", tmp_path / "sketch"),
    )
    assert run_well(tmp_path / "sketch").splitlines() == packaged.printed
