"""Whole pictures: the memory map as a file, and its parts for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fdt_mlir.report.html.markup import Attribute, element
from fdt_mlir.report.html.memory_map import LEGEND_HEIGHT, PANEL_HEIGHT, legend, panel, panel_width
from fdt_mlir.report.html.plan_view import PlanView, view_compiled, view_untiled

_GAP = 12.0
# An arena smaller than this part of the untiled one is drawn once more, filling its panel.
_ENLARGED_BELOW = 0.45
# Panels that are wider than this fill a row each, of at least so many units.
_MOST_ABREAST = 560.0
_ROW = 952.0


def picture_style() -> str:
    """The style sheet of the pictures, light and dark."""
    return (Path(__file__).parent / "picture.css").read_text(encoding="utf-8")


def drawing(width: float, height: float, *content: str, **attributes: Attribute) -> str:
    """An SVG element that scales with the page."""
    size = {"viewBox": f"0 0 {width:g} {height:g}", "width": width, "height": height}
    return element("svg", *content, xmlns="http://www.w3.org/2000/svg", **size, **attributes)


@dataclass(frozen=True)
class Picture:
    """An SVG element; a wide one fills a row of its own."""

    svg: str
    wide: bool


def map_pictures(report: Mapping[str, Any]) -> Iterator[Picture]:
    """The plan before and after on one scale; where little is left of it, also enlarged."""
    views, most_live = _views(report)
    abreast = panel_width(views)
    row = max(abreast, _ROW)
    wide = abreast > _MOST_ABREAST
    width = row if wide else abreast
    most = max(view.arena_bytes for view in views)
    for view in views:
        yield Picture(_panel_drawing(view, width, most, most_live), wide)
    compiled = views[-1]
    if compiled.arena_bytes < _ENLARGED_BELOW * most:
        enlarged = replace(compiled, title="compiled, enlarged")
        most_live = max(compiled.live_bytes, default=1)
        yield Picture(_panel_drawing(enlarged, row, compiled.arena_bytes, most_live), True)


def _panel_drawing(view: PlanView, width: float, most_bytes: int, most_live: int) -> str:
    return drawing(width, PANEL_HEIGHT, panel(view, width, most_bytes, most_live), role="img")


def plot_svg(report: Mapping[str, Any]) -> str:
    """The memory map before and after as a file of its own, light and dark."""
    views, most_live = _views(report)
    width = panel_width(views)
    most = max(view.arena_bytes for view in views)
    groups = [
        element(
            "g",
            panel(view, width, most, most_live),
            transform=f"translate({number * (width + _GAP):g} 0)",
        )
        for number, view in enumerate(views)
    ]
    whole = len(views) * (width + _GAP) - _GAP
    height = PANEL_HEIGHT + LEGEND_HEIGHT
    backdrop = element("rect", width=whole, height=height, rx=8, class_="backdrop")
    style = element("style", picture_style())
    key = legend(46.0, PANEL_HEIGHT + 2)
    return drawing(whole, height, style, backdrop, *groups, key, class_="fdt") + "\n"


def _views(report: Mapping[str, Any]) -> tuple[Sequence[PlanView], int]:
    """Both plans, and the most live bytes of either."""
    views = (view_untiled(report), view_compiled(report))
    return views, max((size for view in views for size in view.live_bytes), default=1)
