"""The steps of a plan as a table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import JustifyMethod
from rich.markup import escape
from rich.table import Table

from fdt_mlir.report.words import dims

_COLUMNS: tuple[tuple[str, JustifyMethod], ...] = (
    ("step", "right"),
    ("layer", "left"),
    ("kind", "left"),
    ("result", "left"),
    ("MACs", "right"),
    ("buffer B", "right"),
    ("at", "right"),
    ("live B", "right"),
    ("", "left"),
)


def steps_table(report: Mapping[str, Any]) -> Table:
    """One row per step: what it computes, where its result lies, and what is live."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title, justify in _COLUMNS:
        table.add_column(title, justify=justify, overflow="fold")
    most = report["live_sum_bytes"]
    buffers = {buffer["name"]: buffer for buffer in report["buffers"]}
    for number, step in enumerate(report["steps"]):
        result = buffers[step["writes"]]
        path = "" if step["path"] is None else f"path {step['path']}"
        table.add_row(
            str(number),
            escape(step["name"]),
            step["kind"],
            dims(step["shape"]),
            f"{step['macs']:,}" if step["macs"] else "",
            f"{result['bytes']:,}",
            _place(result, report["arenas"]),
            f"{step['live_bytes']:,}",
            "[yellow]< most[/]" if step["live_bytes"] == most else f"[dim]{path}[/]",
        )
    return table


def _place(buffer: Mapping[str, Any], arenas: Sequence[Mapping[str, Any]]) -> str:
    offset = f"{buffer['offset']:,}"
    return offset if len(arenas) == 1 else f"{arenas[buffer['arena']]['name']} {offset}"
