"""The CMSIS-Pack: its description by the rules of PACK.xsd 1.7, and the archive."""

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from package.commands import run_well
from package.conftest import Packaged

pytestmark = pytest.mark.xdist_group("package")

# The children of <package> that a pack of software may have, in the schema's order.
ORDER = (
    *("vendor", "name", "description", "url", "supportContact", "license", "licenseSets"),
    *("requirements", "releases", "changelogs", "keywords", "generators", "devices", "boards"),
    *("parts", "taxonomy", "part-taxonomy", "apis", "conditions", "examples", "clayers"),
    "components",
)
FILE_CATEGORIES = {"header", "sourceC", "source", "include", "doc"}


@pytest.fixture
def pack(packaged: Packaged) -> Path:
    return packaged.folder / "cmsis-pack" / "FDT.kws"


@pytest.fixture
def description(pack: Path) -> ElementTree.Element:
    return ElementTree.parse(pack / "FDT.kws.pdsc").getroot()


def test_description_has_what_the_schema_requires(description: ElementTree.Element) -> None:
    assert description.tag == "package"
    assert re.fullmatch(r"1\.7\.\d+", description.attrib["schemaVersion"])
    children = [child.tag for child in description]
    assert children == [tag for tag in ORDER if tag in children]
    assert {"vendor", "name", "description", "url", "releases"} <= set(children)
    for tag in ("vendor", "name"):
        assert re.fullmatch(r"[\-_A-Za-z0-9]+", description.findtext(tag, ""))


def test_component_has_a_full_identity(description: ElementTree.Element) -> None:
    (component,) = description.findall("components/component")
    assert component.attrib.keys() == {"Cclass", "Cgroup", "Csub", "Cversion"}
    assert all(2 <= len(value) <= 32 for value in component.attrib.values())
    assert component.findtext("description")
    release = description.find("releases/release")
    assert release is not None
    assert re.fullmatch(r"\d+\.\d+\.\d+", release.attrib["version"])
    assert component.attrib["Cversion"] == release.attrib["version"]
    taxonomy = [entry.attrib["Cclass"] for entry in description.findall("taxonomy/description")]
    assert component.attrib["Cclass"] in taxonomy


def test_files_are_those_of_the_model(description: ElementTree.Element, pack: Path) -> None:
    files = description.findall("components/component/files/file")
    assert {file.attrib["category"] for file in files} <= FILE_CATEGORIES
    named = {file.attrib["name"] for file in files}
    present = {p.relative_to(pack).as_posix() for p in pack.rglob("*") if p.is_file()}
    assert named == present - {"FDT.kws.pdsc"}


def test_archive_is_the_folder(pack: Path) -> None:
    with zipfile.ZipFile(pack.parent / "FDT.kws.1.0.0.pack") as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
        years = {entry.date_time[0] for entry in archive.infolist()}
    files = (path for path in pack.rglob("*") if path.is_file())
    assert contents == {path.relative_to(pack).as_posix(): path.read_bytes() for path in files}
    assert years == {1980}, "the time of packing must not get into the archive"


def test_template_prints_the_outputs(packaged: Packaged, pack: Path, tmp_path: Path) -> None:
    sources = (pack / "template" / "main.c", pack / "src" / "kws.c")
    run_well("gcc", f"-I{pack / 'include'}", *sources, "-o", tmp_path / "program")
    assert run_well(tmp_path / "program").splitlines() == packaged.printed
