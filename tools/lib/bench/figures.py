"""The figures that limits are set for: how each is measured."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.configurations import CONFIGURATIONS
from bench.iree import SAMPLES, differing_samples, least_bytes
from bench.models import Model
from bench.store import Store
from bench.subject import Subject
from fdt_mlir.tflite_plan import plan_tflite

Value = int | float | str


@dataclass(frozen=True)
class Measured:
    """A figure; `note` says what belongs to it, such as the number of samples."""

    value: Value
    note: str = ""


@dataclass(frozen=True)
class Unmeasured:
    """Why there is no figure. `excusable`: something is not installed here."""

    reason: str
    excusable: bool = False


def measure(
    model: Model, configuration: str, figures: Sequence[str], store: Store
) -> Iterator[tuple[str, Measured | Unmeasured]]:
    """Yield each of the named figures of a model in a configuration."""
    subject = Subject(model, CONFIGURATIONS[configuration], store)
    compiled = _measure(_arena, subject)
    for figure in figures:
        # What does not compile need not be tried again for every figure.
        failed = isinstance(compiled, Unmeasured)
        yield figure, compiled if failed else _measure(FIGURES[figure], subject)


def _measure(figure: Callable[[Subject], Measured], subject: Subject) -> Measured | Unmeasured:
    try:
        return figure(subject)
    except ModuleNotFoundError as error:
        return Unmeasured(f"{error.name} is not installed", excusable=True)
    except Exception as error:
        text = str(error).strip() or traceback.format_exc(limit=-1)
        text = text.replace(str(subject.model.path), subject.model.path.name)
        # The first lines say what is wrong; a compile error may hold hundreds.
        reason = " | ".join(line.strip() for line in text.splitlines()[:3])
        return Unmeasured(reason, excusable="which is not installed" in text)


def _samples(counts: tuple[int, int]) -> Measured:
    differing, samples = counts
    return Measured(differing, f"of {samples} samples")


def _arena(subject: Subject) -> Measured:
    report = subject.compiled.report
    return Measured(report["arena_bytes"], f"{report['mac_overhead']:.1%} more MACs")


def _paths_note(subject: Subject) -> str:
    return f"{len(subject.compiled.report['paths'])} paths"


def _iree_differences(subject: Subject) -> Measured:
    differing = differing_samples(subject.model, subject.iree)
    return _samples((differing, SAMPLES))


def _percent_of_iree(subject: Subject) -> Measured:
    planned, least = subject.iree.transient_bytes, least_bytes(subject.iree)
    return Measured(round(100 * planned / least, 1), f"{planned} of {least} bytes")


FIGURES: Mapping[str, Callable[[Subject], Measured]] = {
    "arena_bytes": _arena,
    "percent_of_untiled": lambda s: Measured(
        round(100 * s.compiled.arena_bytes / s.untiled_live_bytes, 2)
    ),
    "mac_overhead_percent": lambda s: Measured(round(100 * s.compiled.report["mac_overhead"], 3)),
    "bytes_beyond_prediction": lambda s: Measured(
        s.compiled.arena_bytes - s.compiled.discovery.predicted_arena_bytes
    ),
    "macs_beyond_prediction": lambda s: Measured(
        s.compiled.report["macs"] - s.compiled.discovery.predicted_macs
    ),
    "bytes_beyond_budget": lambda s: Measured(
        max(s.compiled.arena_bytes - s.ram_budget, 0),
        f"{s.compiled.arena_bytes} in {s.ram_budget}",
    ),
    "layout_gap_bytes": lambda s: Measured(
        s.compiled.arena_bytes - s.compiled.report["lower_bound_bytes"]
    ),
    "order_gap_bytes": lambda s: Measured(s.compiled.report["order_gap_bytes"]),
    "planned_head_bytes": lambda s: Measured(
        plan_tflite(s.model.path).head_bytes, "of TFLM's arena, with our plan in the model"
    ),
    "host_differences": lambda s: _samples(s.host_differences),
    "device_differences": lambda s: _samples(s.device_differences),
    "tflm_differences": lambda s: _samples(s.tflm_differences),
    "golden_hash": lambda s: Measured(s.golden_hash),
    "compile_seconds": lambda s: Measured(round(s.compile_seconds, 2), "the less of two"),
    "search_seconds": lambda s: Measured(round(s.compiled.seconds["paths"], 2)),
    "code_bytes": lambda s: Measured(s.device_sizes.code_bytes),
    "writable_bytes": lambda s: Measured(s.device_sizes.writable_bytes),
    "code_growth_per_path": lambda s: Measured(round(s.code_growth_per_path), _paths_note(s)),
    "instructions": lambda s: Measured(s.instructions),
    "percent_of_untiled_instructions": lambda s: Measured(
        round(s.percent_of_untiled_instructions, 1), "halo work apart"
    ),
    "flash_bytes": lambda s: Measured(s.flash_bytes, "code and constants"),
    "iree_differences": _iree_differences,
    "iree_percent_of_own": _percent_of_iree,
    "files_differing_when_rebuilt": lambda s: Measured(
        len(s.differing_files), ", ".join(s.differing_files)
    ),
}
