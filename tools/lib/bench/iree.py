"""tools/bench iree: transient memory of IREE modules, and whether their outputs are those of C."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.markup import escape

from bench.isolate import Failure, run_isolated
from bench.models import Model
from bench.tables import console, glyphs, number, say, table
from fdt_mlir import api
from fdt_mlir.iree.backend import IreeCompiled, compile_for_iree
from fdt_mlir.iree.compiler import own_transient_bytes
from fdt_mlir.iree.host_run import run_on_host
from fdt_mlir.iree.machines import MACHINES

Row = Mapping[str, Any]
STRATEGIES = ("none", "fdt", "auto")
SAMPLES = 4
FLOAT_TOLERANCE = 1e-5  # of the largest output: IREE's exp and the like are its own

# What IREE has against padded copies: the least of all ways is what is compared with.
_PAD_FLAGS = (
    (),
    ("--iree-dispatch-creation-enable-fuse-padding-into-linalg-consumer-ops",),
    ("--iree-dispatch-creation-enable-fuse-padding-into-linalg-producer-ops",),
)
_BYTES = (
    *("iree_default_bytes", "iree_least_bytes"),
    *("untiled_bytes", "transient_bytes", "arena_bytes"),
)
_COLUMNS = (
    *("model", "strategy", "IREE's own B", "at its least B", "planned untiled B", "planned B"),
    *("of C B", "less than IREE's least", "differing", "compile s", "paths"),
)


def iree_rows(models: Sequence[Model], timeout_seconds: float) -> Iterator[Row]:
    """Yield a row for every model and strategy; one that fails holds `error` instead."""
    for model in models:
        say(f"iree: {model.name}")
        for strategy in STRATEGIES:
            row: dict[str, Any] = {"model": model.name, "strategy": strategy}
            for result in run_isolated(_measure, model, strategy, timeout_seconds=timeout_seconds):
                row |= {"error": result.reason} if isinstance(result, Failure) else result
            yield row


def _measure(model: Model, strategy: str) -> Iterator[Row]:
    try:
        options = api.CompileOptions(strategy=strategy, **model.choices())
        compiled = compile_for_iree(model.path, options)
        least = least_bytes(compiled)
        differing = differing_samples(model, compiled)
    except Exception as error:
        yield {"error": str(error) or repr(error)}
        return
    report = compiled.report
    yield {
        "iree_default_bytes": report["iree_transient_bytes_untiled"],
        "iree_least_bytes": least,
        "untiled_bytes": report["transient_bytes_untiled"],
        "transient_bytes": report["transient_bytes"],
        "arena_bytes": report["arena_bytes"],
        "saved": 1 - report["transient_bytes"] / least if least else 0.0,
        "differing": differing,
        "samples": SAMPLES,
        "compile_seconds": round(sum(compiled.seconds.values()), 3),
        "paths": [path["glyph"] for path in report["paths"]],
    }


def least_bytes(compiled: IreeCompiled) -> int:
    """What IREE allocates for the untiled module at its best."""
    with TemporaryDirectory() as folder:
        host = MACHINES["host"].flags()
        return min(
            own_transient_bytes(compiled.untiled, [*host, *flags], Path(folder))
            for flags in _PAD_FLAGS
        )


def differing_samples(model: Model, compiled: IreeCompiled) -> int:
    """How many samples give other outputs than the C of the untiled model."""
    c = api.compile(model.path, strategy="none", **model.choices())
    random = np.random.default_rng(0)
    differing = 0
    with TemporaryDirectory() as folder:
        place = Path(folder) / compiled.name
        compiled.write(place)
        for _ in range(SAMPLES):
            sample = [_random(random, tensor) for tensor in compiled.report["inputs"]]
            outputs = zip(run_on_host(place, sample).outputs, c.run(sample), strict=True)
            differing += not all(_is_equal(ours, theirs) for ours, theirs in outputs)
    return differing


def _random(random: np.random.Generator, tensor: Mapping[str, Any]) -> Any:
    """All of an integer type; of floating point whole numbers that may be indices of a table."""
    dtype = np.dtype(tensor["type"])
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype.kind in "iu" else (0, 50)
    return random.integers(low, high, tensor["shape"], endpoint=True).astype(dtype)


def _is_equal(ours: Any, theirs: Any) -> bool:
    if ours.dtype.kind != "f":
        return bool(np.array_equal(ours, theirs))
    largest = np.max(np.abs(theirs), initial=0.0)
    return bool(np.all(np.abs(ours - theirs) <= FLOAT_TOLERANCE * largest))


def print_rows(rows: Sequence[Row]) -> None:
    """Print the table."""
    result = table("Transient memory of IREE modules", _COLUMNS, ("model", "strategy", "paths"))
    for row in rows:
        if "error" in row:
            reason = f"[red]{escape(row['error'].splitlines()[0])}[/]"
            result.add_row(row["model"], row["strategy"], *["-"] * 8, reason)
            continue
        style = "red" if row["differing"] else "green"
        result.add_row(
            row["model"],
            row["strategy"],
            *(number(row[key]) for key in _BYTES),
            f"{row['saved']:.1%}",
            f"[{style}]{row['differing']} of {row['samples']}[/]",
            f"{row['compile_seconds']:.1f}",
            escape(glyphs(row["paths"])),
        )
    console().print(result)


def run(models: Sequence[Model], timeout_seconds: float) -> tuple[int, Any]:
    """Measure and print; the exit status is 1 where outputs differ or planning costs memory."""
    rows = list(iree_rows(models, timeout_seconds))
    print_rows(rows)
    held = all(
        row.get("differing") == 0 and row["transient_bytes"] <= row["iree_least_bytes"]
        for row in rows
    )
    return int(not (rows and held)), {"rows": rows}
