"""The memory map: address against step, a rectangle per buffer, and the live bytes below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from fdt_mlir.report.html.axes import Frame, byte_ticks, fitted, named_steps, short_bytes
from fdt_mlir.report.html.markup import element
from fdt_mlir.report.html.plan_view import Box, PlanView

PANEL_HEIGHT = 494.0
_LEFT, _RIGHT, _TOP = 46.0, 12.0, 58.0
_MAP_HEIGHT, _LIVE_HEIGHT = 290.0, 64.0
_LIVE_TOP = _TOP + _MAP_HEIGHT + 72.0
_LINE = 14.0
_NARROWEST, _WIDEST = 470.0, 1100.0
_COLUMN = 11.0


def panel_width(views: Sequence[PlanView]) -> float:
    """The width at which a column of the longest of these plans can be told from the next."""
    steps = max(view.steps for view in views)
    return min(_WIDEST, max(_NARROWEST, _LEFT + _RIGHT + steps * _COLUMN))


def panel(view: PlanView, width: float, most_bytes: int, most_live: int) -> str:
    """Draw a plan as a group of SVG, `width` by PANEL_HEIGHT, with `most_bytes` at the top."""
    inner = width - _LEFT - _RIGHT
    frame = Frame(_LEFT, _TOP, inner, _MAP_HEIGHT, view.steps, max(most_bytes, 1))
    live = Frame(_LEFT, _LIVE_TOP, inner, _LIVE_HEIGHT, view.steps, max(most_live, 1))
    return element(
        "g",
        *_title(view),
        *_grid(frame),
        *_peak_mark(view, frame),
        *(_rectangle(box, frame) for box in view.boxes),
        *(_label(box, view.boxes, frame) for box in view.boxes),
        *_arena_lines(view, frame),
        *_bands(view, frame),
        *_steps_axis(view, frame),
        *_live(view, live),
        class_=f"map {view.title}",
    )


def _title(view: PlanView) -> Iterator[str]:
    yield _text(f"{view.title}: {view.arena_bytes:,} bytes", _LEFT, 18.0, class_="title")


def _text(words: str, x: float, y: float, **attributes: str | float) -> str:
    return element("text", escape(words), x=x, y=y, **attributes)


def _grid(frame: Frame) -> Iterator[str]:
    for tick in byte_ticks(frame.most):
        y = frame.y(tick)
        yield element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="grid")
        yield _text(short_bytes(tick), frame.left - 6, y + 4, class_="tick", text_anchor="end")


def _peak_mark(view: PlanView, frame: Frame) -> Iterator[str]:
    if view.peak is None:
        return
    x, width = frame.x(view.peak), frame.width / frame.steps
    top = frame.y(view.arena_bytes)
    yield element("rect", x=x, y=top, width=width, height=frame.bottom - top, class_="peak-step")
    middle = x + width / 2
    anchor = "start" if view.peak < frame.steps / 2 else "end"
    edge = x if anchor == "start" else x + width
    words = f"peak: {fitted(view.step_names[view.peak], frame.width / 2)}, step {view.peak}"
    yield _text(words, edge, top - 14, class_="peak", text_anchor=anchor)
    tip = f"{middle - 4:.2f},{top - 9:.2f} {middle + 4:.2f},{top - 9:.2f}"
    yield element("polygon", points=f"{tip} {middle:.2f},{top - 3:.2f}", class_="peak")


def _rectangle(box: Box, frame: Frame) -> str:
    x, y = frame.x(box.first), frame.y(box.high)
    return element(
        "rect",
        element("title", escape(box.told)),
        x=x,
        y=y,
        width=frame.x(box.last) - x,
        height=max(1.0, frame.y(box.low) - y),
        class_=f"buffer {box.role}",
    )


def _label(box: Box, boxes: Sequence[Box], frame: Frame) -> str:
    """The name, where no other buffer covers it, along the longer side."""
    last, low, high = box.last, box.low, box.high
    for other in boxes:
        if other is box or not box.meets(other):
            continue
        if other.first > box.first:
            last = min(last, other.first)
        elif other.first == box.first:
            # Both begin here and share bytes: each is named where it lies alone.
            if other.low > box.low:
                high = min(high, other.low)
            elif other.high < box.high:
                low = max(low, other.high)
            elif other.high == box.high and other.low == box.low and other.name < box.name:
                return ""
    x, top = frame.x(box.first) + 4, frame.y(high)
    width, height = frame.x(last) - x, frame.y(low) - top
    if height >= _LINE and (name := fitted(box.name, width)):
        return _text(name, x, top + height / 2 + 4, class_="name")
    if width >= _LINE - 4 and height >= 5 * _LINE and (name := fitted(box.name, height - 8)):
        middle = f"{x + width / 2 + 2:.2f} {top + height / 2:.2f}"
        turned = f"translate({middle}) rotate(-90)"
        return _text(name, 0.0, 0.0, class_="name", transform=turned, text_anchor="middle")
    return ""


def _arena_lines(view: PlanView, frame: Frame) -> Iterator[str]:
    """Where each arena ends; by name where there are several."""
    for name, end in view.arenas:
        y = frame.y(end)
        yield element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="arena")
        if len(view.arenas) > 1:
            yield _text(name, frame.right - 4, y + 13, class_="strong", text_anchor="end")


def _bands(view: PlanView, frame: Frame) -> Iterator[str]:
    """Which steps a tile loop repeats: a bar with the path's glyph below the steps."""
    for band in view.bands:
        x, width = frame.x(band.first), frame.x(band.last) - frame.x(band.first)
        told = f"path {band.glyph}: a loop over tiles repeats steps {band.first} to {band.last - 1}"
        yield element(
            "rect",
            element("title", escape(told)),
            x=x + 1,
            y=frame.bottom + 24,
            width=max(1.0, width - 2),
            height=4.0,
            rx=2,
            class_="band",
        )
        if glyph := fitted(band.glyph, width + 8):
            middle = x + width / 2
            yield _text(glyph, middle, frame.bottom + 42, class_="glyph", text_anchor="middle")


def _steps_axis(view: PlanView, frame: Frame) -> Iterator[str]:
    for step in named_steps(frame.steps, frame.width):
        x = frame.x(step + 0.5)
        yield _text(str(step), x, frame.bottom + 16, class_="tick", text_anchor="middle")


def _live(view: PlanView, frame: Frame) -> Iterator[str]:
    yield _text("live bytes in each step", frame.left, frame.top - 10, class_="caption")
    for tick in byte_ticks(frame.most)[:: max(1, len(byte_ticks(frame.most)) // 2)]:
        y = frame.y(tick)
        yield element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="grid")
        yield _text(short_bytes(tick), frame.left - 6, y + 4, class_="tick", text_anchor="end")
    gap = min(1.0, frame.width / frame.steps / 6)
    for step, size in enumerate(view.live_bytes):
        told = f"step {step}, {view.step_names[step]}: {size:,} bytes live"
        yield element(
            "rect",
            element("title", escape(told)),
            x=frame.x(step) + gap,
            y=frame.y(size),
            width=frame.width / frame.steps - 2 * gap,
            height=frame.bottom - frame.y(size),
            class_="live peak" if step == view.peak else "live",
        )


LEGEND_HEIGHT = 26.0
LEGEND = (
    ("peak", "alive at the peak"),
    ("input", "input"),
    ("output", "output"),
    ("other", "other buffers"),
)


def legend(x: float, y: float) -> str:
    """What the colours mean, in one line."""
    parts: list[str] = []
    for role, words in LEGEND:
        parts.append(element("rect", x=x, y=y, width=12, height=12, rx=2, class_=f"buffer {role}"))
        parts.append(_text(words, x + 18, y + 10, class_="caption"))
        x += 34 + 6.4 * len(words)
    return element("g", *parts)
