"""The Pareto front: what less memory costs in work, and what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from fdt_mlir.report.html.axes import Frame, byte_ticks, short_bytes
from fdt_mlir.report.html.markup import element
from fdt_mlir.report.html.pictures import drawing
from fdt_mlir.report.words import more_work

_WIDTH, _HEIGHT = 470.0, 270.0
_SCALE = 1000
"""Columns of the frame, from no more work to the most of any point."""


def front_chart(report: Mapping[str, Any]) -> str:
    """Draw arena against additional multiply-accumulates, the compiled program marked."""
    chosen = {"arena_bytes": report["arena_bytes"], "mac_overhead": report["mac_overhead"]}
    points: Sequence[Mapping[str, Any]] = report["pareto"]
    most = max(point["arena_bytes"] for point in (*points, chosen))
    overheads = [point["mac_overhead"] for point in (*points, chosen)]
    least_work, most_work = min(0.0, *overheads), max(0.1, *overheads)
    frame = Frame(46.0, 48.0, _WIDTH - 46.0 - 24.0, _HEIGHT - 48.0 - 46.0, _SCALE, most)

    def x(point: Mapping[str, Any]) -> float:
        return frame.x(_SCALE * (point["mac_overhead"] - least_work) / (most_work - least_work))

    parts = [_text("arena bytes against additional work", frame.left, 16.0, "start", "caption")]
    for tick in byte_ticks(most):
        y = frame.y(tick)
        parts.append(element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="grid"))
        parts.append(_text(short_bytes(tick), frame.left - 6, y + 4, "end", "tick"))
    for share in _percents(least_work, most_work):
        at = x({"mac_overhead": share})
        parts.append(_text(f"{share:+.0%}", at, frame.bottom + 18, "middle", "tick"))
    parts.append(_text("multiply-accumulates", frame.right, frame.bottom + 36, "end", "caption"))
    if points:
        steps = f"M{x(points[0]):.2f} {frame.y(points[0]['arena_bytes']):.2f}"
        for point in points[1:]:
            steps += f"H{x(point):.2f}V{frame.y(point['arena_bytes']):.2f}"
        parts.append(element("path", d=steps + f"H{frame.right:.2f}", class_="front"))
    parts += [_point(p, x(p), frame.y(p["arena_bytes"]), "point") for p in points]
    at, y = x(chosen), frame.y(chosen["arena_bytes"])
    parts.append(_point(chosen, at, y, "point chosen"))
    # To the right and above: the front descends to the right, so nothing of it is there.
    anchor = "start" if at < frame.left + frame.width / 2 else "end"
    shift = 10 if anchor == "start" else 2
    words = f"chosen: {chosen['arena_bytes']:,} bytes"
    parts.append(_text(words, at + shift, y - 9, anchor, "strong"))
    return drawing(_WIDTH, _HEIGHT, *parts, role="img")


def _point(point: Mapping[str, Any], x: float, y: float, kind: str) -> str:
    told = f"{point['arena_bytes']:,} bytes, {more_work(point['mac_overhead'])}"
    radius = 6 if "chosen" in kind else 4
    return element("circle", element("title", escape(told)), cx=x, cy=y, r=radius, class_=kind)


def _text(words: str, x: float, y: float, anchor: str, kind: str) -> str:
    return element("text", escape(words), x=x, y=y, text_anchor=anchor, class_=kind)


def _percents(low: float, high: float) -> list[float]:
    """Round shares of the work between two, five at most."""
    strides = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
    stride = next((s for s in strides if (high - low) / s <= 5), high - low)
    first = -int(-low / stride)
    return [n * stride for n in range(first, int(high / stride + 1e-9) + 1)]
