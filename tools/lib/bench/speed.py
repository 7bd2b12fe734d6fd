"""tools/bench speed: instructions, code and stack of each model on a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.markup import escape

from bench.configurations import CONFIGURATIONS
from bench.isolate import Failure, run_isolated
from bench.models import Model
from bench.peers import Peers
from bench.store import Store
from bench.subject import Subject
from bench.tables import console, number, say, table

Row = Mapping[str, Any]
SPEED_CONFIGURATIONS = ("none", "auto-0", "auto-10")
PEERS = ("instructions_reference_kernels", "instructions_cmsis_nn")


def speed_rows(
    models: Sequence[Model], target: str, configurations: Sequence[str], timeout_seconds: float
) -> Iterator[Row]:
    """Run every model in every configuration and yield a row for each; see `ram_rows`."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for model in models:
            say(f"speed: {model.name}")
            for name in configurations:
                row = {"model": model.name, "configuration": name}
                results = run_isolated(
                    _measure, model, name, target, store, timeout_seconds=timeout_seconds
                )
                for result in results:
                    is_failure = isinstance(result, Failure)
                    row |= {"error": result.reason} if is_failure else result
                yield row


def _measure(model: Model, configuration: str, target: str, store: Store) -> Iterator[Row]:
    subject = Subject(model, CONFIGURATIONS[configuration], store)
    try:
        result = subject.run_pattern(target)
    except Exception as error:
        yield {"error": str(error) or repr(error)}
        return
    macs = subject.compiled.report["macs"]
    counted = result.instructions is not None and macs > 0
    yield {
        "arena_bytes": subject.compiled.arena_bytes,
        "macs": macs,
        "instructions": result.instructions,
        "instructions_per_mac": round(result.instructions / macs, 2) if counted else None,
        "code_bytes": result.code_bytes,
        "stack_bytes": result.stack_bytes,
    }


def print_rows(rows: Sequence[Row], target: str, peers: Peers) -> None:
    """Print the table, beside what TFLM needs for the same models."""
    own = ("arena B", "MACs", "instructions", "per MAC", "code B", "stack B")
    others = ("TFLM reference", "TFLM CMSIS-NN", "note")
    columns = ("model", "strategy", *own, *others)
    result = table(f"One inference on {target}", columns, left=("model", "strategy", "note"))
    for row in rows:
        recorded = [number(peers.get(row["model"], {}).get(peer)) for peer in PEERS]
        if "error" in row:
            note = f"[red]{escape(row['error'].splitlines()[0])}[/]"
            result.add_row(row["model"], row["configuration"], *["-"] * 6, *recorded, note)
            continue
        keys = ("arena_bytes", "macs", "instructions", "instructions_per_mac")
        sizes = ("code_bytes", "stack_bytes")
        figures = [number(row[key]) for key in (*keys, *sizes)]
        result.add_row(row["model"], row["configuration"], *figures, *recorded, "")
    console().print(result)


def run(
    models: Sequence[Model],
    target: str,
    configurations: Sequence[str],
    peers: Peers,
    timeout_seconds: float,
) -> tuple[int, Any]:
    """Measure and print; returns the exit status and what --json writes."""
    rows = list(speed_rows(models, target, configurations, timeout_seconds))
    # Recorded on a Cortex-M4: beside another core they would mislead.
    shown = peers if target == "cortex-m4" else {}
    print_rows(rows, target, shown)
    known = {model.name: shown[model.name] for model in models if model.name in shown}
    failed = any("error" in row for row in rows)
    return int(failed), {"target": target, "rows": rows, "peers": known}
