"""--explain: what sets the peak, and why each layer is tiled or not, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fdt_mlir.paths.path_plan import Discovery
from fdt_mlir.report.table import steps_table
from fdt_mlir.report.words import count, more_work


def print_explanation(report: Mapping[str, Any], discovery: Discovery, console: Console) -> None:
    """Print the plan step by step, the reasons layer by layer, and what more work would buy."""
    for paragraph in _paragraphs(report, discovery):
        console.print(f"\n{paragraph}", highlight=False)
    console.print("\n[bold]Step by step[/]", highlight=False)
    console.print(steps_table(report), highlight=False)
    console.print("\n[bold]Layer by layer[/]: why it is tiled or not", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer")
    table.add_column("live B untiled", justify="right")
    table.add_column("reason")
    for note in discovery.explanation:
        table.add_row(escape(note.layer), f"{note.live_bytes:,}", escape(note.reason))
    console.print(table, highlight=False)
    console.print("\n[bold]What more work would buy[/]", highlight=False)
    for point in report["pareto"]:
        chosen = "  [green]<- chosen[/]" if _is_chosen(point, report) else ""
        console.print(
            f"{point['arena_bytes']:>12,} B  {more_work(point['mac_overhead'])}{chosen}",
            highlight=False,
        )


def _paragraphs(report: Mapping[str, Any], discovery: Discovery) -> list[str]:
    told: list[str] = []
    peak = report["peak"]
    if peak is not None:
        live, arena = peak["live_bytes"], report["arena_bytes"]
        told.append(
            f"The peak is in layer [bold]{escape(discovery.peak_step)}[/]; the largest tensor alive"
            f" there is {escape(discovery.peak_buffer)}. While it runs,"
            f" {count(len(peak['buffers']), 'buffer')} of together {live:,} B hold something that"
            " is still needed."
            + (
                f" They fit {arena:,} B because a result may take the place of an input while"
                " that is read for the last time."
                if live > arena
                else ""
            )
        )
    bound, arena = report["lower_bound_bytes"], report["arena_bytes"]
    told.append(
        f"With these tiles and in this order, {bound:,} B is the least that any layout can need: "
        + (
            "the arena is exactly that."
            if bound == arena
            else f"{arena - bound:,} B are not proved."
        )
    )
    if not report["order_proved_optimal"]:
        told.append(
            "Another order of the operations might need up to"
            f" {report['order_gap_bytes']:,} B less; none was found."
        )
    return told


def _is_chosen(point: Mapping[str, Any], report: Mapping[str, Any]) -> bool:
    """Whether a point of the front is what was compiled."""
    same_work = abs(point["mac_overhead"] - report["mac_overhead"]) < 1e-5
    return point["arena_bytes"] == report["arena_bytes"] and same_work
