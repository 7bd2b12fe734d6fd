"""A plan as the pictures need it: the tiled one and the untiled one in the same terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any, Literal

from fdt_mlir.report.words import dims

Role = Literal["input", "output", "peak", "other"]
_ROLES: Mapping[str, Role] = {"input": "input", "output": "output", "inner": "other"}


@dataclass(frozen=True)
class Box:
    """A buffer as a rectangle: steps `[first, last)` by bytes `[low, high)`."""

    name: str
    told: str
    role: Role
    first: int
    last: int
    low: int
    high: int

    def meets(self, other: Box) -> bool:
        """Whether two rectangles have an area in common."""
        in_time = self.first < other.last and other.first < self.last
        return in_time and self.low < other.high and other.low < self.high


@dataclass(frozen=True)
class Band:
    """Steps `[first, last)` that one tile loop repeats."""

    glyph: str
    first: int
    last: int


@dataclass(frozen=True)
class PlanView:
    """A plan of one arena or several, which are stacked onto each other.

    `arenas` holds their names and ends. `peak` is the number of the step that sets one of them,
    None without steps.
    """

    title: str
    arenas: tuple[tuple[str, int], ...]
    boxes: tuple[Box, ...]
    step_names: tuple[str, ...]
    live_bytes: tuple[int, ...]
    peak: int | None
    bands: tuple[Band, ...] = ()

    @property
    def arena_bytes(self) -> int:
        """Bytes of all arenas together."""
        return self.arenas[-1][1]

    @property
    def steps(self) -> int:
        """How many columns there are to draw."""
        return max(1, len(self.step_names))


def view_untiled(report: Mapping[str, Any]) -> PlanView:
    """The plan before anything is tiled."""
    return _view("untiled", report["untiled"], (("arena", report["untiled"]["arena_bytes"]),), ())


def view_compiled(report: Mapping[str, Any]) -> PlanView:
    """The plan of the generated code."""
    sizes: list[int] = [arena["bytes"] for arena in report["arenas"]]
    names: list[str] = [arena["name"] for arena in report["arenas"]]
    arenas = tuple(zip(names, accumulate(sizes), strict=True))
    return _view("compiled", report, arenas, tuple(_bands(report)))


def _view(
    title: str,
    plan: Mapping[str, Any],
    arenas: tuple[tuple[str, int], ...],
    bands: tuple[Band, ...],
) -> PlanView:
    starts = [0, *[end for _, end in arenas]]
    peak = plan["peak"]
    steps = plan["steps"]
    at_peak = frozenset(peak["buffers"] if peak else ())
    boxes = (_box(buffer, starts, at_peak) for buffer in plan["buffers"])
    return PlanView(
        title,
        arenas,
        tuple(sorted(boxes, key=lambda box: (box.first, -box.last, box.low))),
        tuple(step["name"] for step in steps),
        tuple(step["live_bytes"] for step in steps),
        peak["number"] if peak else None,
        bands,
    )


def _box(buffer: Mapping[str, Any], starts: Sequence[int], at_peak: frozenset[str]) -> Box:
    name, first, last = buffer["name"], buffer["first"], buffer["last"]
    role = _ROLES[buffer["role"]]
    if name in at_peak:
        role = "peak"
    kind = f" {buffer['type']}" if "type" in buffer else ""
    told = (
        f"{name}: {dims(buffer['shape'])}{kind}, {buffer['bytes']:,} bytes at"
        f" {buffer['offset']:,}, steps {first} to {last - 1}"
    )
    arena: int = buffer["arena"]
    low = starts[arena] + int(buffer["offset"])
    return Box(name, told, role, first, last, low, low + int(buffer["bytes"]))


def _bands(report: Mapping[str, Any]) -> Iterator[Band]:
    steps: Sequence[Mapping[str, Any]] = report["steps"]
    number = 0
    for path, members in groupby(steps, key=lambda step: step["path"]):
        size = len(list(members))
        if path is not None:
            yield Band(report["paths"][path]["glyph"], number, number + size)
        number += size
