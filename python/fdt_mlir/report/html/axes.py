"""Scales of the pictures: where bytes and steps lie, and which of them are named."""

from __future__ import annotations

from dataclasses import dataclass

_MOST_TICKS = 6
_CHARACTER = 6.8
"""Width of a character of the pictures' text, in user units, on average."""


@dataclass(frozen=True)
class Frame:
    """The area of a picture in which data lies, in user units; `top` is at `most`."""

    left: float
    top: float
    width: float
    height: float
    steps: int
    most: int

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def right(self) -> float:
        return self.left + self.width

    def x(self, step: float) -> float:
        return self.left + self.width * step / self.steps

    def y(self, value: float) -> float:
        return self.bottom - self.height * value / max(self.most, 1)


def byte_ticks(most: int) -> list[int]:
    """Round numbers of bytes from 0 to `most`, a power of two apart."""
    step = 1
    while most // step >= _MOST_TICKS:
        step *= 2
    return list(range(0, most + 1, step))


def short_bytes(size: int) -> str:
    """`512`, `2K`, `1.5M`: with K and M as the --ram option reads them."""
    for unit, letter in ((1024 * 1024, "M"), (1024, "K")):
        if size >= unit:
            return f"{size / unit:.3g}{letter}"
    return str(size)


def named_steps(steps: int, width: float) -> list[int]:
    """Which step numbers fit below an axis of this width."""
    room = width / steps
    stride = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if s * room >= 22)
    return list(range(0, steps, stride))


def fitted(text: str, width: float) -> str:
    """As much of a text as fits, with an ellipsis; nothing where that would say nothing."""
    characters = int(width / _CHARACTER)
    if len(text) <= characters:
        return text
    return text[: characters - 1] + "…" if characters >= 5 else ""
