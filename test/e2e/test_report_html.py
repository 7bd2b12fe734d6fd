"""report.html in a browser: it shows the numbers of report.json, and needs no network."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from itertools import accumulate
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import onnx
import pytest
from onnx import TensorProto, helper

from fdt_mlir import api

MODELS = Path(__file__).parents[2] / "examples" / "models"
SVG = "{http://www.w3.org/2000/svg}"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

needs_browser = pytest.mark.skipif(BROWSER is None, reason="chromium is not installed")
# The models are compiled once, by whichever test of one process comes first.
pytestmark = pytest.mark.xdist_group("report_html")


@cache
def compiled(model: str) -> api.Compiled:
    # rad: rows with much less than before, hence the enlarged picture, and a front of two points.
    if model == "kws in two memories":
        return api.compile(MODELS / "kws.tflite", memories={"dtcm": 2000, "sram": 4000})
    return api.compile(MODELS / f"{model}.tflite")


class Page(HTMLParser):
    """The texts of elements with an id, the cells of tables by id, and what SVG titles say."""

    def __init__(self, text: str):
        super().__init__()
        self.texts: dict[str, str] = {}
        self.rows: dict[str, list[list[str]]] = {}
        self.loaded: list[str] = []
        self._table: str | None = None
        self._id: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.loaded += [
            f"{tag} {attributes[name]}" for name in ("src", "href") if name in attributes
        ]
        if tag == "table":
            self._table = attributes["id"] or ""
            self.rows[self._table] = []
        elif tag == "tr" and self._table:
            self.rows[self._table].append([])
        elif tag in ("td", "th") and self._table:
            self.rows[self._table][-1].append("")
        elif attributes.get("id"):
            self._id = attributes["id"] or ""
            self.texts[self._id] = ""

    def handle_endtag(self, tag: str) -> None:
        self._id = None
        if tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        if self._id:
            self.texts[self._id] += data
        elif self._table and self.rows[self._table] and self.rows[self._table][-1]:
            self.rows[self._table][-1][-1] += data


def number(text: str) -> int:
    return int(text.replace(",", ""))


def dump_dom(page: Path, profile: Path) -> str:
    """What the browser makes of a page, scripts included."""
    assert BROWSER is not None
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}")
    done = subprocess.run(
        [BROWSER, *flags, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_browser
@pytest.mark.parametrize("model", ["kws", "rad"])
def test_the_page_shows_the_report(model: str, tmp_path: Path) -> None:
    compiled(model).write(tmp_path / model)
    report = json.loads((tmp_path / model / "report.json").read_text())
    dom = dump_dom(tmp_path / model / "report.html", tmp_path / "profile")
    page = Page(dom)
    for key in ("arena_bytes", "arena_bytes_untiled", "lower_bound_bytes", "macs", "weights_bytes"):
        assert number(page.texts[key]) == report[key], key
    assert number(page.texts["peak_live_bytes"]) == report["peak"]["live_bytes"]
    check_steps(page, report)
    saved = [number(row[3]) for row in page.rows["paths"][1:]]
    assert saved == [path["saved_bytes"] for path in report["paths"]]
    if len(report["pareto"]) > 1:
        shown = [number(row[0]) for row in page.rows["pareto"][1:]]
        assert shown == [point["arena_bytes"] for point in report["pareto"]]
    assert page.texts["schedule"] == (tmp_path / model / "schedule.mlir").read_text()
    # The script of the page has run: every rectangle tells what it is when touched.
    for buffer in report["buffers"]:
        assert re.search(rf'data-told="{buffer["name"]}: [^"]*{buffer["bytes"]:,} bytes', dom)


def check_steps(page: Page, report: Mapping[str, Any]) -> None:
    buffers = {buffer["name"]: buffer for buffer in report["buffers"]}
    rows = page.rows["steps"][1:]
    assert len(rows) == len(report["steps"])
    for row, step in zip(rows, report["steps"], strict=True):
        result = buffers[step["writes"]]
        assert row[1:4] == [step["name"], step["kind"], "x".join(map(str, step["shape"]))]
        figures = [step["macs"], result["bytes"], result["offset"], step["live_bytes"]]
        assert [number(cell) for cell in row[4:8]] == figures
        assert row[8] == (f"over {step['in_place']}" if step["in_place"] else "")
        assert row[9] == ("" if step["path"] is None else str(step["path"]))


def test_the_page_loads_nothing() -> None:
    text = compiled("kws").files["report.html"]
    assert not Page(text).loaded
    assert "url(" not in text
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("model", ["kws", "rad", "kws in two memories"])
def test_rectangles_lie_where_the_plan_puts_the_buffers(model: str) -> None:
    """Positions are compared by the ratios that they have to each other, not with a scale."""
    report = compiled(model).report
    root = ElementTree.fromstring(compiled(model).plot())
    for title, plan in (("untiled", report["untiled"]), ("compiled", report)):
        (panel,) = root.iterfind(f".//{SVG}g[@class='map {title}']")
        arena = panel.findall(f"{SVG}line[@class='arena']")[-1]
        # Arenas are stacked onto each other.
        ends = [*accumulate(each["bytes"] for each in plan.get("arenas", ()))]
        starts = [0, *ends] if title == "compiled" else [0]
        top, left = float(arena.attrib["y1"]), float(arena.attrib["x1"])
        width = (float(arena.attrib["x2"]) - left) / len(plan["steps"])
        rectangles = {
            (element.findtext(f"{SVG}title") or "").split(":")[0]: element.attrib
            for element in panel.iterfind(f"{SVG}rect")
            if element.attrib["class"].startswith("buffer")
        }
        assert set(rectangles) == {buffer["name"] for buffer in plan["buffers"]}
        highest = max(plan["buffers"], key=lambda buffer: buffer["bytes"])
        scale = float(rectangles[highest["name"]]["height"]) / highest["bytes"]
        for buffer in plan["buffers"]:
            shape = rectangles[buffer["name"]]
            place = starts[buffer["arena"]] + buffer["offset"]
            end = plan["arena_bytes"] - place - buffer["bytes"]
            assert float(shape["y"]) == pytest.approx(top + scale * end, abs=0.05)
            assert float(shape["height"]) == pytest.approx(
                max(1, scale * buffer["bytes"]), abs=0.05
            )
            assert float(shape["x"]) == pytest.approx(left + width * buffer["first"], abs=0.05)
            lifetime = buffer["last"] - buffer["first"]
            assert float(shape["width"]) == pytest.approx(width * lifetime, abs=0.05)
        at_peak = {name for name, shape in rectangles.items() if shape["class"] == "buffer peak"}
        assert at_peak == set(plan["peak"]["buffers"])
        for buffer in plan["buffers"]:
            kind = rectangles[buffer["name"]]["class"].split()[-1]
            assert kind in ("peak", "other" if buffer["role"] == "inner" else buffer["role"])


def test_roles_are_those_of_the_interface() -> None:
    """What the last step reads lives as long as its result, but is no output."""
    report = compiled("kws").report
    for plan in (report["untiled"], report):
        roles = {buffer["name"]: buffer["role"] for buffer in plan["buffers"]}
        assert [name for name, role in roles.items() if role == "input"] == ["input_0"]
        assert [name for name, role in roles.items() if role == "output"] == ["softmax"]
    ((output,), buffers) = report["outputs"], report["buffers"]
    (last,) = [buffer for buffer in buffers if buffer["role"] == "output"]
    assert (last["offset"], last["bytes"]) == (output["offset"], output["bytes"])


def test_a_notebook_shows_the_map_and_the_figures() -> None:
    html = compiled("kws")._repr_html_()
    assert number(Page(html).texts["arena_bytes"]) == compiled("kws").arena_bytes
    assert html.count("<svg") == 2
    assert "<html" not in html
    assert "<script" not in html


def test_plot_writes_the_picture(tmp_path: Path) -> None:
    code = "import sys; from fdt_mlir.cli.compile import main; sys.exit(main())"
    plot = tmp_path / "new folder" / "arena.svg"
    arguments = (str(MODELS / "kws.tflite"), "--quiet", "--plot", str(plot))
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)
    assert plot.read_text() == compiled("kws").plot()


def test_a_model_that_computes_nothing_has_a_page_without_a_peak(tmp_path: Path) -> None:
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y")]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])], "nothing", ports[:1], ports[1:]
    )
    path = tmp_path / "nothing.onnx"
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    page = Page(api.compile(path).files["report.html"])
    assert number(page.texts["arena_bytes"]) == 16
    assert "peak_live_bytes" not in page.texts
    assert page.rows["steps"][1:] == []
