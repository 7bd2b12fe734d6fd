"""What path discovery answers.

A path is printed as one glyph per layer, in program order:

- `<` Fan-Out: reads all of its input in every tile and computes a slice of its channels;
- `=` pass-through: computes the channels that it is given, the end layer too where it writes its
  slice of the result in place (concat end);
- `>` Fan-In: adds a partial sum of every channel;
- `[--]` the layers of a feature-map path, tiled along rows, columns or tokens;
- `|--|` the layers of a stream, which keeps the rows that are needed again;
- `|::|` those of a stream that computes its rows pixel by pixel, and keeps pixels;
- `(-)` layers that become one, named after all of them; paths that follow speak of that.

`<==>` thus is Fan-Out, two layers of pass-through, Fan-In.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Problem

Strategy = Literal["none", "fdt", "ffmt", "stream", "paper", "auto"]
STRATEGIES: tuple[Strategy, ...] = ("none", "fdt", "ffmt", "stream", "paper", "auto")

STREAMING: tuple[Strategy, ...] = ("stream", "auto")
"""The strategies that keep rows instead of computing them again."""

Role = Literal["input", "output", "inner"]
"""What a buffer holds: a tensor of the model's interface, or one between its layers."""

Family = Literal["fdt", "ffmt", "stream", "pixel_stream", "merge"]


@dataclass(frozen=True)
class DiscoveryOptions:
    """What is sought: the least arena at no more than `max_mac_overhead` percent of extra
    multiply-accumulates, or, where `ram_bytes` is given, the least overhead that fits it.
    """

    strategy: Strategy = "auto"
    max_mac_overhead: float = 0.0
    ram_bytes: int = 0


@dataclass(frozen=True)
class PathPlan:
    """Layers that run tile by tile, or are merged, in program order, the end layer last.

    `dims` are loops of the end layer and `tiles` the sizes of their tiles, none where layers are
    merged. `saved_bytes` is what the arena would grow by without this path, all others kept; for
    merged layers, which the others build on, without any of them and the best other paths.
    """

    layers: tuple[str, ...]
    dims: tuple[int, ...]
    tiles: tuple[int, ...]
    family: Family
    glyph: str
    saved_bytes: int


@dataclass(frozen=True)
class ParetoPoint:
    """An arena size that can be reached and its work, as a fraction (0.25 is 25 % more)."""

    arena_bytes: int
    mac_overhead: float


@dataclass(frozen=True)
class LayerNote:
    """Why a layer is tiled or not. `live_bytes` live in its step where nothing is tiled."""

    layer: str
    live_bytes: int
    path: int | None
    reason: str


@dataclass(frozen=True)
class UntiledPlan:
    """The arena of the model where nothing is tiled: names of steps, the problem, its plan.

    `shapes` holds the shape of each buffer, `roles` whether it is an input or output of the model.
    """

    steps: tuple[str, ...]
    problem: Problem
    plan: Plan
    shapes: Mapping[str, tuple[int, ...]]
    roles: Mapping[str, Role]


@dataclass(frozen=True)
class Discovery:
    """The decision, what it is predicted to cost, and what else could have been chosen.

    `peak_step` and `peak_buffer` name the step at the peak and the largest buffer alive in it.
    `reorders` says whether the prediction is for the steps in the order of least need, with loops
    as single steps, and not in that of the layers.
    """

    paths: tuple[PathPlan, ...]
    predicted_arena_bytes: int
    predicted_macs: int
    untiled: UntiledPlan
    untiled_macs: int
    pareto: tuple[ParetoPoint, ...]
    explanation: tuple[LayerNote, ...]
    peak_step: str
    peak_buffer: str
    reorders: bool = False

    @property
    def untiled_arena_bytes(self) -> int:
        return self.untiled.plan.arena_bytes

    @property
    def mac_overhead(self) -> float:
        """Additional work as a fraction: 0.25 is 25 % more."""
        return overhead(self.predicted_macs, self.untiled_macs)


def overhead(macs: int, untiled_macs: int) -> float:
    """Additional multiply-accumulates as a fraction; 0 where there are none at all."""
    return macs / untiled_macs - 1 if untiled_macs else 0.0
