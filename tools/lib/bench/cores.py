"""tools/bench cores: does every emulated core compute what the reference computes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.markup import escape

from bench.configurations import Configuration
from bench.isolate import Failure, run_isolated
from bench.models import Model
from bench.store import Store
from bench.subject import Subject
from bench.tables import console, number, say, table
from fdt_mlir.kernels.machine import MACHINES
from fdt_mlir.targets import TARGETS

Row = Mapping[str, Any]
CORES = tuple(name for name, target in TARGETS.items() if target.board is not None)
_FIGURES = ("arena_bytes", "instructions", "code_bytes", "stack_bytes")


def cores_alike(cores: Sequence[str]) -> list[list[str]]:
    """Group cores for which the compiler writes the same C."""
    groups: dict[object, list[str]] = {}
    for core in cores:
        groups.setdefault(MACHINES[core], []).append(core)
    return list(groups.values())


def core_rows(
    models: Sequence[Model], cores: Sequence[str], strategy: str, timeout_seconds: float
) -> Iterator[Row]:
    """Yield a row for each model on each core: samples, how many differ, and what a run took.

    A row without figures has an `error`, which says why.
    """
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for model in models:
            for alike in cores_alike(cores):
                say(f"cores: {model.name} on {', '.join(alike)}")
                arguments = (model, alike, strategy, store)
                results = run_isolated(_measure, *arguments, timeout_seconds=timeout_seconds)
                measured = {}
                reason = "not measured"
                for result in results:
                    if isinstance(result, Failure):
                        reason = result.reason
                    else:
                        measured[result["core"]] = result
                for core in alike:
                    missing = {"model": model.name, "core": core, "error": reason}
                    yield measured.get(core, missing)


def _measure(model: Model, cores: Sequence[str], strategy: str, store: Store) -> Iterator[Row]:
    """Compile once, run on each core."""
    choices = {"strategy": strategy, "target": cores[0]}
    subject = Subject(model, Configuration("cores", choices), store)
    for core in cores:
        row = {"model": model.name, "core": core}
        try:
            differing, samples = subject.core_differences(core)
            result = subject.run_pattern(core)
        except Exception as error:
            yield row | {"error": str(error) or repr(error)}
            continue
        yield row | {
            "differing": differing,
            "samples": samples,
            "arena_bytes": subject.compiled.arena_bytes,
            "instructions": result.instructions,
            "code_bytes": result.code_bytes,
            "stack_bytes": result.stack_bytes,
        }


def print_rows(rows: Sequence[Row], strategy: str) -> None:
    """Print the table."""
    columns = ("model", "core", "differing", "arena B", "instructions", "code B", "stack B", "note")
    title = f"Samples that differ from the reference, strategy {strategy}"
    result = table(title, columns, left=("model", "core", "note"))
    for row in rows:
        if "error" in row:
            note = f"[red]{escape(row['error'].splitlines()[0])}[/]"
            result.add_row(row["model"], row["core"], *["-"] * 5, note)
            continue
        style = "red" if row["differing"] else "green"
        verdict = f"[{style}]{row['differing']} of {row['samples']}[/]"
        figures = [number(row[key]) for key in _FIGURES]
        result.add_row(row["model"], row["core"], verdict, *figures, "")
    console().print(result)


def run(
    models: Sequence[Model], cores: Sequence[str], strategy: str, timeout_seconds: float
) -> tuple[int, Any]:
    """Measure and print; the exit status is 1 where a sample differs or cannot be had."""
    rows = list(core_rows(models, cores, strategy, timeout_seconds))
    print_rows(rows, strategy)
    held = rows and all(row.get("differing") == 0 for row in rows)
    return int(not held), {"strategy": strategy, "rows": rows}
