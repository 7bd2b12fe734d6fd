"""How numbers of a report read: the same on the terminal and in report.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_FAMILIES = {
    "fdt": "channels (FDT)",
    "ffmt": "feature maps (FFMT)",
    "stream": "stream",
    "pixel_stream": "stream of pixels",
}


def count(number: int, noun: str) -> str:
    """`1 layer`, `2 layers`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def dims(shape: Sequence[int]) -> str:
    """`1x49x10`; `scalar` for a tensor without dimensions."""
    return "x".join(map(str, shape)) or "scalar"


def more_work(mac_overhead: float) -> str:
    """A fraction of the multiply-accumulates in words: `no more MACs`, `12.5% more MACs`."""
    if abs(mac_overhead) < 0.0005:
        return "no more MACs"
    return f"{abs(mac_overhead):.1%} {'more' if mac_overhead > 0 else 'fewer'} MACs"


def path_ends(path: Mapping[str, Any]) -> str:
    """Which layers a path leads through, how it is tiled, and into how large tiles."""
    layers = path["layers"]
    ends = layers[0] if len(layers) == 1 else f"{layers[0]} ... {layers[-1]}"
    if path["family"] == "merge":
        return f"{ends}: computed as one layer"
    return f"{ends}: {_FAMILIES[path['family']]}, tiles of {dims(path['tiles'])}"
