"""--explain: what sets the peak, and why each layer is tiled or not, in plain words."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fdt_mlir.paths.path_plan import Discovery


def print_explanation(discovery: Discovery, console: Console) -> None:
    """Print the reasons layer by layer, and what more work would buy."""
    console.print(
        f"\nThe peak is in layer [bold]{discovery.peak_step}[/]; the largest tensor alive there is"
        f" {discovery.peak_buffer}."
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer")
    table.add_column("live B untiled", justify="right")
    table.add_column("reason")
    for note in discovery.explanation:
        table.add_row(note.layer, f"{note.live_bytes:,}", escape(note.reason))
    console.print(table)
    console.print("\nWhat more work would buy:")
    for point in discovery.pareto:
        console.print(f"{point.arena_bytes:>12,} B  {point.mac_overhead:>7.1%} more MACs")
