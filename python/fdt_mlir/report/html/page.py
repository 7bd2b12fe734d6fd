"""report.html: one file that shows everything of a compilation, without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from fdt_mlir.report.html.front import front_chart
from fdt_mlir.report.html.markup import element
from fdt_mlir.report.html.memory_map import LEGEND
from fdt_mlir.report.html.pictures import map_pictures, picture_style
from fdt_mlir.report.words import count, dims, more_work, path_ends

_HERE = Path(__file__).parent


def report_page(report: Mapping[str, Any], schedule: str) -> str:
    """Write the page; `schedule` is the transform script that was applied."""
    title = f"{report['name']}: {report['arena_bytes']:,} bytes of RAM"
    head = element(
        "head",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        element("title", escape(title)),
        element("style", _style()),
    )
    body = element(
        "body",
        element("main", *_sections(report, schedule)),
        element("script", (_HERE / "page.js").read_text(encoding="utf-8")),
        class_="fdt",
    )
    return f'<!DOCTYPE html>\n<html lang="en">{head}{body}</html>\n'


def report_fragment(report: Mapping[str, Any]) -> str:
    """The figures and the memory map, for a notebook."""
    style = element("style", _style())
    parts = (_heading(report), _figures(report), _memory_map(report))
    box = "background: var(--page); padding: 16px; border-radius: 10px"
    return element("div", style, *parts, class_="fdt", style=box)


def _style() -> str:
    return picture_style() + (_HERE / "page.css").read_text(encoding="utf-8")


def _sections(report: Mapping[str, Any], schedule: str) -> Iterator[str]:
    yield _heading(report)
    yield _figures(report)
    yield element("h2", "Memory map")
    yield _prose(
        "Each rectangle is a buffer: the steps for which it lives, left to right, and the bytes"
        " that it takes, from the bottom up. Where two overlap, a result is written over an input"
        " while that is read for the last time."
    )
    yield _memory_map(report)
    yield element("h2", "What less memory costs")
    yield from _front(report)
    yield element("h2", "Paths")
    yield from _paths(report)
    yield element("h2", "Steps")
    yield _steps(report)
    yield element("h2", "Schedule")
    yield _prose("The transform script that was applied; edit schedule.mlir and apply it again.")
    yield element(
        "details",
        element("summary", "schedule.mlir"),
        element("pre", escape(schedule), id="schedule"),
        class_="card",
    )
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    yield element("footer", escape(f"Compiled from {report['model']} by {versions}."))


def _prose(words: str) -> str:
    return element("p", escape(words), class_="note")


def _heading(report: Mapping[str, Any]) -> str:
    layers = count(len(report["untiled"]["steps"]), "layer")
    words = (
        f"{report['model']}, {report['element_type']}, {layers}, {report['macs_untiled']:,}"
        f" multiply-accumulates; strategy {report['strategy']}"
    )
    name = element("h1", escape(report["name"]))
    return element("header", name, element("p", escape(words), class_="note"))


def _figures(report: Mapping[str, Any]) -> str:
    before, after = report["arena_bytes_untiled"], report["arena_bytes"]
    peak = report["peak"]
    saving = f"{1 - after / before:.1%} less than untiled" if after < before else "nothing saved"
    kept = "proved: no layout needs less"
    bound = kept if report["layout_proved_optimal"] else "no layout needs less than this"
    figures = [
        ("arena_bytes", "Arena, bytes", f"{after:,}", saving, "good"),
        ("arena_bytes_untiled", "Untiled, bytes", f"{before:,}", "before anything is tiled", ""),
        ("lower_bound_bytes", "Lower bound", f"{report['lower_bound_bytes']:,}", bound, ""),
        ("macs", "MACs", f"{report['macs']:,}", more_work(report["mac_overhead"]), ""),
        ("weights_bytes", "Weights, bytes", f"{report['weights_bytes']:,}", "in flash", ""),
    ]
    if peak is not None:
        where = f"live in step {peak['number']}, {peak['step']}"
        figures.append(("peak_live_bytes", "Peak", f"{peak['live_bytes']:,}", where, ""))
    cards = [
        element(
            "div",
            element("dt", escape(title)),
            element(
                "dd",
                element("span", figure, id=key),
                element("small", escape(words), class_=style),
            ),
            class_="card",
        )
        for key, title, figure, words, style in figures
    ]
    return element("dl", *cards, class_="figures")


def _memory_map(report: Mapping[str, Any]) -> str:
    panels = [
        element("div", picture.svg, class_="scroll wide" if picture.wide else "scroll")
        for picture in map_pictures(report)
    ]
    colours = {"other": "buffer"}
    key = [
        element(
            "span",
            element("i", style=f"background: var(--{colours.get(role, role)})"),
            escape(words),
        )
        for role, words in LEGEND
    ]
    pictures = element("div", *panels, class_="pictures")
    return element("div", pictures, element("div", *key, class_="key"), class_="card")


def _front(report: Mapping[str, Any]) -> Iterator[str]:
    if len(report["pareto"]) < 2:
        yield _prose("No other program was found that needs less memory, however much it computes.")
        return
    yield _prose(
        "Of all programs that were looked at, these need the least memory for what they compute."
        " Choose another with --ram or --max-mac-overhead."
    )
    rows = [
        element(
            "tr",
            element("td", f"{point['arena_bytes']:,}", class_="number"),
            element("td", f"{100 * point['mac_overhead']:.2f}", class_="number"),
            class_="at-peak" if point["arena_bytes"] == report["arena_bytes"] else "",
        )
        for point in report["pareto"]
    ]
    head = element(
        "tr",
        element("th", "arena, bytes", class_="number"),
        element("th", "more MACs, %", class_="number"),
    )
    table = element("table", element("thead", head), element("tbody", *rows), id="pareto")
    yield element(
        "div",
        element("div", front_chart(report), class_="scroll"),
        element("div", table, class_="scroll"),
        class_="card pictures",
    )


def _paths(report: Mapping[str, Any]) -> Iterator[str]:
    if not report["paths"]:
        yield _prose("Nothing is tiled: no path needs less memory within the limit of work.")
        return
    rows = [
        element(
            "tr",
            element("td", str(number), class_="number"),
            element("td", element("code", escape(path["glyph"]))),
            element("td", escape(path_ends(path))),
            element("td", f"{path['saved_bytes']:,}", class_="number"),
        )
        for number, path in enumerate(report["paths"])
    ]
    yield _table("paths", ("#path", "glyph", "layers and tiles", "#saves, bytes"), rows)


def _steps(report: Mapping[str, Any]) -> str:
    buffers = {buffer["name"]: buffer for buffer in report["buffers"]}
    peak = report["peak"]
    rows: list[str] = []
    for number, step in enumerate(report["steps"]):
        result = buffers[step["writes"]]
        cells = (
            str(number),
            step["name"],
            step["kind"],
            dims(step["shape"]),
            f"{step['macs']:,}",
            f"{result['bytes']:,}",
            f"{result['offset']:,}",
            f"{step['live_bytes']:,}",
            f"over {step['in_place']}" if step["in_place"] else "",
            "" if step["path"] is None else str(step["path"]),
        )
        data = [
            element("td", escape(text), class_="number" if title[0] == "#" else "")
            for title, text in zip(_STEP_COLUMNS, cells, strict=True)
        ]
        rows.append(
            element("tr", *data, class_="at-peak" if peak and peak["number"] == number else "")
        )
    return _table("steps", _STEP_COLUMNS, rows)


_STEP_COLUMNS = (
    "#step",
    "layer",
    "kind",
    "result",
    "#MACs",
    "#buffer, bytes",
    "#at",
    "#live, bytes",
    "in place",
    "#path",
)
"""Columns of numbers begin with #."""


def _table(name: str, columns: tuple[str, ...], rows: list[str]) -> str:
    head = [
        element("th", escape(title.lstrip("#")), class_="number" if title[0] == "#" else "")
        for title in columns
    ]
    table = element(
        "table",
        element("thead", element("tr", *head)),
        element("tbody", *rows),
        id=name,
    )
    return element("div", table, class_="card scroll")
