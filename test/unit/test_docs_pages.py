"""Pages of docs/ that tools/docs writes: fresh, and taken from the tests as they should be."""

import copy
import re
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from docs.__main__ import PAGES  # noqa: E402  (importable only with the path above)
from docs.passes_page import first_case  # noqa: E402

from fdt_mlir import api  # noqa: E402
from report_schema import SCHEMA  # noqa: E402


@pytest.mark.parametrize("name", PAGES)
def test_page_is_fresh(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name](), "run tools/docs"


def test_an_example_is_code_and_what_is_demanded_of_it() -> None:
    example = first_case(
        "// RUN: fdt-opt %s | FileCheck %s\n"
        "\n"
        "#map = affine_map<(x) -> (x)>\n"
        "\n"
        "// Two lines become\n"
        "// one.\n"
        "// CHECK-LABEL: func.func @a(\n"
        "// CHECK-SAME: %[[X:.*]]: tensor<{{.*}}xi8>)\n"
        "// CHECK: %[[Y:[a-z]+]] = use [[X]]\n"
        "// CHECK-NOT: tosa\n"
        "// OTHER: nothing\n"
        "func.func @a(%x: tensor<2xi8>) {\n"
        "  return\n"
        "}\n"
        "\n"
        "// The next case.\n"
        "// CHECK-LABEL: func.func @b(\n"
        "func.func @b() {\n"
    )
    assert example.intent == "Two lines become one."
    assert example.before == "func.func @a(%x: tensor<2xi8>) {\n  return\n}"
    assert example.after == "func.func @a(%x: tensor<...xi8>)\n%y = use x\n// nowhere: tosa"


def test_the_schema_refuses_what_it_does_not_describe() -> None:
    report = copy.deepcopy(dict(api.compile(ROOT / "examples/models/txt.tflite").report))
    validator = jsonschema.Draft202012Validator(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    report["surprise"] = 1
    del report["macs"]
    report["arena_bytes"] = -1
    wrong = [error.message for error in validator.iter_errors(report)]
    assert len(wrong) >= 3
    for part in ("surprise", "'macs' is a required property", "-1 is less than"):
        assert any(part in message for message in wrong), (part, wrong)


def test_the_readme_tells_the_figures_of_its_picture() -> None:
    picture = (ROOT / "docs/images/memory-map.svg").read_text(encoding="utf-8")
    sizes = re.findall(r">(?:untiled|compiled): ([\d,]+) bytes<", picture)
    before, after = (size.replace(",", " ") for size in sizes)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"before and after: {before} and {after}](docs/images/memory-map.svg)" in readme
