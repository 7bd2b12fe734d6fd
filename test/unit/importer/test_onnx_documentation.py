"""The list of operators in the documentation is that of the importer."""

import re
from pathlib import Path

from fdt_mlir.importer.onnx.registry import TRANSLATIONS

PAGE = Path(__file__).parents[3] / "docs" / "onnx.md"
KNOWN_AT_COMPILE_TIME = {"Shape", "Size"}


def test_the_page_lists_the_operators_that_are_translated() -> None:
    section = PAGE.read_text().partition("## Operators")[2]
    listed = set(re.findall(r"`([\w.]+)`", section)) - KNOWN_AT_COMPILE_TIME
    assert listed == set(TRANSLATIONS)
