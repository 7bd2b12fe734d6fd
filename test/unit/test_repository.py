"""Promises about the repository as a whole, which no single change would notice it breaks."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 450

# A path of one person's machine: it means nothing to anybody else.
MACHINE_PATH = re.compile(r"(?:^|[^.\w])/(?:home|root|Users|work)/")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def tracked_files() -> list[Path]:
    """Return the files under version control, or all there are in a folder without git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git repository: generated files cannot be told from the project's")
    return [ROOT / name for name in listed.stdout.split("\0") if (ROOT / name).is_file()]


def text_of(path: Path) -> str | None:
    """Return the text of a file; None for a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def is_python(path: Path) -> bool:
    """Tell Python files, with or without a suffix."""
    if path.suffix in (".py", ".pyi"):
        return True
    first_line = (text_of(path) or "").partition("\n")[0]
    return not path.suffix and first_line.startswith("#!") and "python" in first_line


def test_files_name_no_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked_files()
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_python_files_are_short_enough_to_read() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len((text_of(path) or "").splitlines())
        for path in tracked_files()
        if is_python(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in tracked_files()
        if page.suffix == ".md"
        for target in LINK.findall(text_of(page) or "")
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_pass_has_a_test_and_a_negative_twin() -> None:
    pipeline = pytest.importorskip("fdt_mlir.pipeline", reason="no pass is registered yet")
    assert pipeline.PASSES, "the registry is empty"
    stems = {path.stem for path in (ROOT / "test").rglob("*.mlir")}
    wanted = [
        stem
        for name in pipeline.PASSES
        for stem in (name.removeprefix("fdt-"), f"{name.removeprefix('fdt-')}-invalid")
    ]
    assert [stem for stem in wanted if stem not in stems] == []
