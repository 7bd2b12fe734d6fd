"""Templates of packages: text files in which `@NAME@` stands for a value, in CMake's manner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from fdt_mlir.package.model import Files, FirmwareModel

VERSION = "1.0.0"
"""Version of every package: a model has none, and each tool asks for one."""

_TEMPLATES = Path(__file__).parent / "templates"
_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")


def values_of(model: FirmwareModel) -> dict[str, str]:
    """Return the values that all templates know."""
    return {
        "NAME": model.name,
        "PREFIX": model.name.upper(),
        "VERSION": VERSION,
        "DESCRIPTION": model.description,
        "SOURCES": "\n".join(f"src/{name}" for name in model.sources),
    }


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace every placeholder; a value of several lines keeps the placeholder's indentation."""
    return "\n".join(_fill_line(line, values) for line in text.split("\n"))


def _fill_line(line: str, values: Mapping[str, str]) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    return _PLACEHOLDER.sub(lambda found: values[found[1]].replace("\n", f"\n{indent}"), line)


def fill_file(name: str, values: Mapping[str, str]) -> str:
    """Fill one template file, named relative to the folder of templates."""
    return fill((_TEMPLATES / name).read_text(encoding="utf-8"), values)


def fill_folder(name: str, values: Mapping[str, str]) -> Files:
    """Fill every template of a folder, also in the paths, which are relative to it."""
    folder = _TEMPLATES / name
    return {
        fill(path.relative_to(folder).as_posix(), values): fill_file(
            path.relative_to(_TEMPLATES).as_posix(), values
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
