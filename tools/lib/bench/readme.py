"""tools/bench readme: the table of results in README.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.configurations import CONFIGURATIONS
from bench.models import Model
from bench.peers import Peers
from bench.ram import Row, ram_rows

BEGIN = "<!-- Written by `tools/bench readme`; do not edit by hand. -->\n"
END = "<!-- End of what `tools/bench readme` writes. -->\n"

TITLES: Mapping[str, str] = {
    "kws_ref_model": "keyword spotting",
    "vww_96_int8": "visual wake words",
    "pretrainedResnet_quant": "image classification",
    "ad01_int8": "anomaly detection",
}
_PEERS: Mapping[str, str] = {"arena_used": "TFLM", "tinyengine": "TinyEngine", "vela": "Vela"}
_SHOWN: Mapping[str, str] = {"none": "fdt-mlir, untiled", "auto-0": "fdt-mlir"}
_COLUMNS = ("MLPerf Tiny model", *_PEERS.values(), *_SHOWN.values(), "of TFLM's")


def table_of(rows: Sequence[Row], peers: Peers) -> str:
    """Write the table in Markdown. Raises ValueError for a row without a figure."""
    failed = [row for row in rows if "error" in row]
    if failed:
        raise ValueError(f"{failed[0]['model']}, {failed[0]['strategy']}: {failed[0]['error']}")
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|---" + "|---:" * (len(_COLUMNS) - 1) + "|"]
    for name, title in TITLES.items():
        arenas = {row["strategy"]: row["arena_bytes"] for row in rows if row["model"] == name}
        ours = [arenas[strategy] for strategy in _SHOWN]
        figures = [*(peers[name][peer] for peer in _PEERS), *ours]
        cells = [f"{figure:,}".replace(",", " ") for figure in figures]
        cells[-1] = f"**{cells[-1]}**"
        share = f"{ours[-1] / peers[name]['arena_used']:.0%}"
        lines.append("| " + " | ".join((title, *cells, share)) + " |")
    return "\n".join(lines) + "\n"


def replace_block(text: str, block: str) -> str:
    """Put `block` between the marks. Raises ValueError where they are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("README.md lacks the marks around the table")
    return before + begin + block + end + after


def run(readme: Path, models: Sequence[Model], peers: Peers, timeout_seconds: float) -> None:
    """Measure and rewrite the table. Raises ValueError where a model or figure is missing."""
    chosen = [model for model in models if model.name in TITLES]
    if len(chosen) < len(TITLES) or not all(name in peers for name in TITLES):
        raise ValueError("the table needs the public models and the recorded peers (--shared)")
    strategies = [CONFIGURATIONS[name] for name in _SHOWN]
    rows: list[Mapping[str, Any]] = list(ram_rows(chosen, timeout_seconds, strategies))
    text = readme.read_text(encoding="utf-8")
    readme.write_text(replace_block(text, table_of(rows, peers)), encoding="utf-8")
