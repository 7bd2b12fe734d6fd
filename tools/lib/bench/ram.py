"""tools/bench ram: how much RAM each strategy leaves of each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape

from bench.configurations import STRATEGIES, Configuration
from bench.isolate import Failure, run_isolated
from bench.models import Model
from bench.peers import Peers
from bench.tables import console, glyphs, number, say, table
from fdt_mlir import api

Row = Mapping[str, Any]
PEERS = ("arena_used", "head", "tinyengine", "vela", "msf_cnn")
_COLUMNS = (
    *("model", "strategy", "arena B", "saved", "more MACs", "live sum B", "bound B", "search s"),
    "paths",
)


def ram_rows(
    models: Sequence[Model],
    timeout_seconds: float,
    strategies: Sequence[Configuration] = STRATEGIES,
) -> Iterator[Row]:
    """Compile every model with every strategy and yield a row for each.

    A row of a model that does not compile holds `error` instead of figures.
    """
    for model in models:
        say(f"ram: {model.name}")
        for configuration in strategies:
            row = {"model": model.name, "strategy": configuration.name}
            results = run_isolated(_measure, model, configuration, timeout_seconds=timeout_seconds)
            for result in results:
                is_failure = isinstance(result, Failure)
                row |= {"error": result.reason} if is_failure else result
            yield row


def _measure(model: Model, configuration: Configuration) -> Iterator[Row]:
    try:
        choices = {**model.choices(), **configuration.choices}
        compiled = api.compile(model.path, **choices)
    except Exception as error:
        yield {"error": str(error) or repr(error)}
        return
    report = compiled.report
    keys = ("arena_bytes", "arena_bytes_untiled", "live_sum_bytes", "lower_bound_bytes")
    yield {
        **{key: report[key] for key in keys},
        "saved": 1 - report["arena_bytes"] / report["arena_bytes_untiled"],
        "mac_overhead": report["mac_overhead"],
        "macs": report["macs"],
        "paths": [path["glyph"] for path in report["paths"]],
        "search_seconds": round(compiled.seconds["paths"], 3),
    }


def print_rows(rows: Sequence[Row], peers: Peers) -> None:
    """Print the table, then what other tools need for the same models."""
    results = table("RAM by strategy", _COLUMNS, left=("model", "strategy", "paths"))
    previous = None
    for row in rows:
        if previous not in (None, row["model"]):
            results.add_section()
        results.add_row(row["model"] if row["model"] != previous else "", *_cells(row))
        previous = row["model"]
    out = console()
    out.print(results)
    known = [name for name in dict.fromkeys(row["model"] for row in rows) if name in peers]
    if known:
        out.print()
        out.print(_peer_table(rows, known, peers))


def _cells(row: Row) -> list[str]:
    if "error" in row:
        return [row["strategy"], *["-"] * 6, f"[red]{escape(row['error'].splitlines()[0])}[/]"]
    return [
        row["strategy"],
        number(row["arena_bytes"]),
        f"{row['saved']:.1%}",
        f"{row['mac_overhead']:.1%}",
        number(row["live_sum_bytes"]),
        number(row["lower_bound_bytes"]),
        f"{row['search_seconds']:.2f}",
        escape(glyphs(row["paths"])),
    ]


def _peer_table(rows: Sequence[Row], known: Sequence[str], peers: Peers) -> Any:
    titles = ("TFLM arena used B", "of it head B", "TinyEngine B", "Vela B", "msf-CNN least B")
    columns = ("model", "ours untiled B", "ours at 0 % B", "ours at 10 % B", *titles)
    result = table("Beside other tools (recorded)", columns)
    for name in known:
        arenas = {r["strategy"]: r.get("arena_bytes") for r in rows if r["model"] == name}
        ours = (number(arenas.get(key)) for key in ("none", "auto-0", "auto-10"))
        result.add_row(name, *ours, *(number(peers[name].get(peer)) for peer in PEERS))
    return result


def run(models: Sequence[Model], peers: Peers, timeout_seconds: float) -> tuple[int, Any]:
    """Measure and print; returns the exit status and what --json writes."""
    rows = list(ram_rows(models, timeout_seconds))
    print_rows(rows, peers)
    known = {model.name: peers[model.name] for model in models if model.name in peers}
    failed = any("error" in row for row in rows)
    return int(failed), {"rows": rows, "peers": known}
