"""The memory table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table


def print_summary(report: Mapping[str, Any], console: Console) -> None:
    """Print one screen: what the model needs, step by step, and what sets its peak."""
    console.print(
        f"[bold]{report['name']}[/]  {report['macs']:,} MACs, strategy {report['strategy']}"
    )
    console.print(_steps(report))
    for path in report["paths"]:
        layers = path["layers"]
        ends = layers[0] if len(layers) == 1 else f"{layers[0]} ... {layers[-1]}"
        # Glyphs such as [--] are no markup.
        console.print(f"path    {escape(path['glyph'])}  {ends}, saves {path['saved_bytes']:,} B")
    proof = "proved least" if report["layout_proved_optimal"] else "not proved least"
    console.print(
        f"arena   [bold]{report['arena_bytes']:,} B[/]  (layout {proof},"
        f" lower bound {report['lower_bound_bytes']:,} B)"
    )
    untiled = report["arena_bytes_untiled"]
    if report["paths"]:
        console.print(
            f"untiled {untiled:,} B, saved {1 - report['arena_bytes'] / untiled:.1%}"
            f" for {report['mac_overhead']:.1%} more MACs"
        )
    console.print(f"weights {report['weights_bytes']:,} B")


def _steps(report: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    columns: tuple[tuple[str, JustifyMethod], ...] = (
        ("step", "right"),
        ("layer", "left"),
        ("kind", "left"),
        ("MACs", "right"),
        ("result B", "right"),
        ("at", "right"),
        ("live B", "right"),
        ("", "left"),
    )
    for title, justify in columns:
        table.add_column(title, justify=justify)
    peak = report["live_sum_bytes"]
    buffers = {buffer["name"]: buffer for buffer in report["buffers"]}
    for number, step in enumerate(report["steps"]):
        result = buffers.get(step["name"])
        table.add_row(
            str(number),
            step["name"],
            step["kind"],
            f"{step['macs']:,}" if step["macs"] else "",
            f"{result['bytes']:,}" if result else "",
            f"{result['offset']:,}" if result else "",
            f"{step['live_bytes']:,}",
            "[yellow]◀ peak[/]" if step["live_bytes"] == peak else "",
        )
    return table
