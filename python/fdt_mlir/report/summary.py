"""What fdt-compile says on the terminal: one screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fdt_mlir.report.code_size import CodeSize
from fdt_mlir.report.words import count, dims, more_work, path_ends

_BAR_CELLS = 24
_MOST_BUFFERS = 4
_MOST_PATHS = 6
_MOST_OFFERS = 2
_BLOCKS = "▁▂▃▄▅▆▇█"


def print_summary(report: Mapping[str, Any], console: Console, code: CodeSize | None) -> None:
    """Print what the model is, what it needs and why, and what could be tried next."""
    console.print(
        f"[bold]{report['name']}[/]  {report['model']}: {report['element_type']},"
        f" {report['macs_untiled']:,} MACs in {count(len(report['untiled']['steps']), 'layer')};"
        f" strategy {report['strategy']}",
        highlight=False,
    )
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for rows in (
        _memory(report, console),
        _arenas(report),
        _peak(report, console),
        _paths(report["paths"]),
        _flash(report, code),
        _offers(report),
    ):
        for title, figure, text in rows:
            table.add_row(title, figure, text)
    console.print(table, highlight=False)


_Row = tuple[str, str, str]


def _memory(report: Mapping[str, Any], console: Console) -> Iterable[_Row]:
    before, after = report["arena_bytes_untiled"], report["arena_bytes"]
    bound, limit = report["lower_bound_bytes"], report["limits"]["ram_bytes"]
    scale = max(before, after, 1)
    bar = "=" if console.options.ascii_only else "━"

    def row(title: str, size: int, colour: str, text: str) -> _Row:
        cells = max(1, round(_BAR_CELLS * size / scale))
        blank = " " * (_BAR_CELLS - cells)
        return title, f"{size:,} B", f"[{colour}]{bar * cells}[/]{blank} {text}"

    yield row("untiled", before, "dim", "before anything is tiled")
    yield row("[bold]arena[/]", after, "green", f"[bold]{_saving(report)}[/]")
    proved = "no layout needs less" if bound == after else "none needs less than this"
    yield row("bound", bound, "dim", f"proved: {proved}")
    if limit is not None:
        yield "limit", f"{limit:,} B", f"kept, {limit - after:,} B to spare"


def _arenas(report: Mapping[str, Any]) -> Iterable[_Row]:
    """What lies in which memory, where there are several."""
    arenas: Sequence[Mapping[str, Any]] = report["arenas"]
    if len(arenas) == 1:
        return
    accesses = [0] * len(arenas)
    for buffer in report["buffers"]:
        accesses[buffer["arena"]] += buffer["accesses"]
    for arena, number in zip(arenas, accesses, strict=True):
        share = number / max(1, sum(accesses))
        text = f"of {arena['capacity_bytes']:,} B, {share:.1%} of all accesses"
        yield f"  {arena['name']}", f"{arena['bytes']:,} B", text


def _saving(report: Mapping[str, Any]) -> str:
    before, after = report["arena_bytes_untiled"], report["arena_bytes"]
    if not report["paths"] and before == after:
        return "nothing is tiled"
    return f"{1 - after / before:.1%} saved, {more_work(report['mac_overhead'])}"


def _peak(report: Mapping[str, Any], console: Console) -> Iterable[_Row]:
    peak = report["peak"]
    if peak is None:
        return
    buffers = {buffer["name"]: buffer for buffer in report["buffers"]}
    live = sorted((buffers[name] for name in peak["buffers"]), key=lambda b: -b["bytes"])
    steps: Sequence[Mapping[str, Any]] = report["steps"]
    number = peak["number"]
    shared = peak["live_bytes"] - report["arena_bytes"]
    yield (
        "peak",
        f"{peak['live_bytes']:,} B",
        f"step {number}, [bold]{escape(peak['step'])}[/] ({steps[number]['kind']}):"
        f" {count(len(live), 'buffer')}" + (f", {shared:,} B of it in place" if shared > 0 else ""),
    )
    for buffer in live[:_MOST_BUFFERS]:
        text = f"{escape(buffer['name'])}  [dim]{dims(buffer['shape'])} {buffer['type']}[/]"
        yield "", f"{buffer['bytes']:,} B", text
    if len(live) > _MOST_BUFFERS:
        rest = sum(buffer["bytes"] for buffer in live[_MOST_BUFFERS:])
        yield "", f"{rest:,} B", f"[dim]{len(live) - _MOST_BUFFERS} more[/]"
    # Bars of blocks say nothing where there are no blocks, or more steps than fit a line.
    if not console.options.ascii_only and 1 < len(steps) <= console.width - 24:
        yield "by step", "", _sparkline([step["live_bytes"] for step in steps])


def _sparkline(values: Sequence[int]) -> str:
    top = max(*values, 1)
    signs = [_BLOCKS[min(len(_BLOCKS) - 1, value * len(_BLOCKS) // top)] for value in values]
    return "".join(
        f"[yellow]{sign}[/]" if value == top else f"[cyan]{sign}[/]"
        for sign, value in zip(signs, values, strict=True)
    )


def _paths(paths: Sequence[Mapping[str, Any]]) -> Iterable[_Row]:
    best = sorted(paths, key=lambda path: -path["saved_bytes"])
    for number, path in enumerate(best[:_MOST_PATHS]):
        # Glyphs such as [--] are no markup.
        yield (
            "" if number else "paths",
            f"-{path['saved_bytes']:,} B",
            f"[bold cyan]{escape(path['glyph'])}[/]  {escape(path_ends(path))}",
        )
    if len(paths) > _MOST_PATHS:
        yield "", "", f"[dim]{count(len(paths) - _MOST_PATHS, 'more path')}[/]"


def _flash(report: Mapping[str, Any], code: CodeSize | None) -> Iterable[_Row]:
    weights = report["weights_bytes"]
    if code is None:
        yield "flash", f"{weights:,} B", "weights; the code comes on top"
        return
    total = code.code_bytes + code.constant_bytes
    yield (
        "flash",
        f"{total:,} B",
        f"{code.code_bytes:,} B code, {code.constant_bytes:,} B constants"
        f" [dim](gcc {code.optimize} for {code.target})[/]",
    )


def _offers(report: Mapping[str, Any]) -> Iterable[_Row]:
    """Which options would give a smaller arena."""
    title = "next"
    if report["strategy"] != "auto":
        yield title, "", "[bold]--strategy auto[/] looks for every kind of path"
        title = ""
    smaller = [p for p in report["pareto"] if p["arena_bytes"] < report["arena_bytes"]]
    for point in smaller[:_MOST_OFFERS]:
        yield (
            title,
            f"{point['arena_bytes']:,} B",
            f"with [bold]--ram {point['arena_bytes']}[/]:"
            + (f" {more_work(point['mac_overhead'])}"),
        )
        title = ""
