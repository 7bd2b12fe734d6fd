"""tools/bench speed: instructions, code and stack of each model on a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import geometric_mean
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
from fdt_mlir import targets
from fdt_mlir.kernels.machine import MACHINES

Row = Mapping[str, Any]
SPEED_CONFIGURATIONS = ("none", "m4-none", "m4-auto", "m4-speed")
PEERS = ("instructions_reference_kernels", "instructions_cmsis_nn")
FAST_PEER = PEERS[1]


def speed_rows(
    models: Sequence[Model],
    target: str,
    configurations: Sequence[str],
    layers: bool,
    timeout_seconds: float,
) -> Iterator[Row]:
    """Run every model in every configuration and yield a row for each; see `ram_rows`."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for model in models:
            say(f"speed: {model.name}")
            for name in configurations:
                row = {"model": model.name, "configuration": name}
                results = run_isolated(
                    _measure, model, name, target, layers, store, timeout_seconds=timeout_seconds
                )
                for result in results:
                    is_failure = isinstance(result, Failure)
                    row |= {"error": result.reason} if is_failure else result
                yield row


def _measure(
    model: Model, configuration: str, target: str, layers: bool, store: Store
) -> Iterator[Row]:
    chosen = CONFIGURATIONS[configuration]
    if "target" in chosen.choices and target in MACHINES:
        chosen = replace(chosen, choices={**chosen.choices, "target": target})
    subject = Subject(model, chosen, store)
    try:
        result = subject.run_pattern(target)
    except Exception as error:
        yield {"error": str(error) or repr(error)}
        return
    sizes = targets.build(subject.folder, target).sizes
    macs = subject.compiled.report["macs"]
    counted = result.instructions is not None and macs > 0
    yield {
        "arena_bytes": subject.compiled.arena_bytes,
        "macs": macs,
        "instructions": result.instructions,
        "instructions_per_mac": round(result.instructions / macs, 2) if counted else None,
        "code_bytes": result.code_bytes,
        "flash_bytes": sizes.code_bytes + sizes.constant_bytes,
        "stack_bytes": result.stack_bytes,
    }
    if layers:
        yield {"layers": subject.step_instructions(target)}


def print_rows(rows: Sequence[Row], target: str, peers: Peers) -> None:
    """Print the table, beside what TFLM needs for the same models."""
    own = ("arena B", "MACs", "instructions", "per MAC", "code B", "flash B", "stack B")
    others = ("TFLM reference", "TFLM CMSIS-NN", "ratio", "note")
    columns = ("model", "strategy", *own, *others)
    result = table(f"One inference on {target}", columns, left=("model", "strategy", "note"))
    for row in rows:
        recorded = [number(peers.get(row["model"], {}).get(peer)) for peer in PEERS]
        if "error" in row:
            note = f"[red]{escape(row['error'].splitlines()[0])}[/]"
            result.add_row(row["model"], row["configuration"], *["-"] * 7, *recorded, "-", note)
            continue
        keys = ("arena_bytes", "macs", "instructions", "instructions_per_mac")
        sizes = ("code_bytes", "flash_bytes", "stack_bytes")
        figures = [number(row[key]) for key in (*keys, *sizes)]
        ratio = _ratio(row, peers)
        shown = "-" if ratio is None else f"{ratio:.3f}"
        result.add_row(row["model"], row["configuration"], *figures, *recorded, shown, "")
    console().print(result)
    for configuration in dict.fromkeys(row["configuration"] for row in rows):
        ratios = [_ratio(row, peers) for row in rows if row["configuration"] == configuration]
        known = [ratio for ratio in ratios if ratio is not None]
        if known:
            mean = geometric_mean(known)
            text = f"{configuration}: {mean:.3f} of TFLM + CMSIS-NN, geometric mean of {len(known)}"
            console().print(text, soft_wrap=True)


def _print_layers(rows: Sequence[Row]) -> None:
    for row in rows:
        title = f"{row['model']}, {row['configuration']}"
        result = table(title, ("instructions", "%", "step"), left=("step",))
        for name, counted in row.get("layers", ()):
            share = f"{100 * counted / row['instructions']:.1f}"
            result.add_row(number(counted), share, escape(name))
        if "layers" in row:
            console().print(result)


def _ratio(row: Row, peers: Peers) -> float | None:
    """Instructions as a fraction of those of TFLM with CMSIS-NN."""
    peer = peers.get(row["model"], {}).get(FAST_PEER)
    counted = row.get("instructions")
    return counted / peer if counted and peer else None


def run(
    models: Sequence[Model],
    target: str,
    configurations: Sequence[str],
    layers: bool,
    peers: Peers,
    timeout_seconds: float,
) -> tuple[int, Any]:
    """Measure and print; returns the exit status and what --json writes."""
    rows = list(speed_rows(models, target, configurations, layers, timeout_seconds))
    # Recorded on a Cortex-M4: beside another core they would mislead.
    shown = peers if target == "cortex-m4" else {}
    print_rows(rows, target, shown)
    _print_layers(rows)
    known = {model.name: shown[model.name] for model in models if model.name in shown}
    failed = any("error" in row for row in rows)
    return int(failed), {"target": target, "rows": rows, "peers": known}
