"""The verbs of the command line as Python functions."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fdt_mlir.bindings import mlir_context
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.emitc.c_header import print_header
from fdt_mlir.emitc.c_printer import print_c
from fdt_mlir.errors import UsageError, compile_error
from fdt_mlir.importer.importer import import_model
from fdt_mlir.normalize.names import identifier
from fdt_mlir.pipeline import parse_pipeline
from fdt_mlir.report.facts import Facts, collect_facts
from fdt_mlir.report.report import build_report
from fdt_mlir.stages import STAGES, emitc_stage

if TYPE_CHECKING:
    import numpy as np

Strategy = Literal["none"]
STRATEGIES: tuple[Strategy, ...] = ("none",)

Progress = Callable[[str], None]
"""Called with the name of a stage as it begins."""


@dataclass(frozen=True)
class Compiled:
    """A compiled model: its C, and what is known of it.

    `files` maps file names to contents; `seconds` holds the time that each stage took, which is
    no part of the result.
    """

    name: str
    files: Mapping[str, str]
    report: Mapping[str, Any]
    emitc: str = field(repr=False)
    seconds: Mapping[str, float] = field(compare=False, repr=False)

    @property
    def arena_bytes(self) -> int:
        """RAM that the model needs, inputs and outputs included, in bytes."""
        return self.report["arena_bytes"]

    def write(self, folder: Path | str) -> None:
        """Write C, header and report into `folder`: all of them, or nothing.

        A folder that this function wrote before is replaced; any other that has files in it is
        left alone. Raises CompileError where the folder cannot be written.
        """
        _write_folder(Path(folder), {**self.files, "timing.json": _json(self.seconds)})

    def run(self, inputs: Sequence[np.ndarray], target: str = "host") -> tuple[np.ndarray, ...]:
        """Build the model for a target, run it once, and return its outputs.

        `inputs` have the model's shapes and types. Raises CompileError where a toolchain is
        missing.
        """
        from fdt_mlir.targets import run

        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / self.name
            self.write(place)
            return run(place, target, inputs).outputs


def compile(
    path: Path | str,
    *,
    name: str | None = None,
    strategy: Strategy = "none",
    progress: Progress | None = None,
) -> Compiled:
    """Compile a model file to C.

    `name` prefixes all public C names; by default it is the file's name.

    Raises CompileError where the model cannot be compiled, UsageError for options that make no
    sense.
    """
    path = Path(path)
    c_name = _c_name(name, path)
    if strategy not in STRATEGIES:
        raise UsageError(f"unknown strategy '{strategy}': choose one of {', '.join(STRATEGIES)}")
    clock = _Clock(progress)
    with mlir_context():
        clock.begin("importer")
        module = import_model(path)
        for stage in STAGES:
            clock.begin(stage.name)
            parse_pipeline(stage.pipeline).run(module)
        facts = collect_facts(module)
        clock.begin("emitc")
        parse_pipeline(emitc_stage(c_name).pipeline).run(module)
        emitc = str(module)
        source = print_c(module)
    clock.end()
    report = build_report(path.name, c_name, strategy, facts)
    files = {
        f"{c_name}.c": _file_comment(path.name, report, facts) + source,
        f"{c_name}.h": print_header(c_name, facts),
        "report.json": _json(report),
    }
    return Compiled(c_name, files, report, emitc, clock.seconds)


class _Clock:
    def __init__(self, progress: Progress | None):
        self._progress = progress
        self._stage: str | None = None
        self._start = 0.0
        self.seconds: dict[str, float] = {}

    def begin(self, stage: str) -> None:
        self.end()
        if self._progress is not None:
            self._progress(stage)
        self._stage, self._start = stage, time.perf_counter()

    def end(self) -> None:
        if self._stage is not None:
            spent = time.perf_counter() - self._start
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + spent
            self._stage = None


def _c_name(name: str | None, path: Path) -> str:
    if name is None:
        return identifier(path.stem) or "model"
    if identifier(name) != name:
        raise UsageError(f"'{name}' is no C identifier: use letters, digits and underscores")
    return name


def _file_comment(model_file: str, report: Mapping[str, Any], facts: Facts) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    lines = [
        f"{report['name']}: compiled from {model_file}",
        f"by {versions}; strategy {report['strategy']}.",
        "",
        f"Arena: {facts.arena_bytes} bytes. {facts.macs} multiply-accumulates.",
        "",
        "  offset    bytes  steps     buffer",
    ]
    for buffer in sorted(facts.buffers, key=lambda b: (b.first, b.offset)):
        steps = f"{buffer.first}-{buffer.last - 1}"
        lines.append(f"{buffer.offset:8} {buffer.bytes:8}  {steps:8}  {buffer.name}")
    body = "\n".join(f" * {line}".rstrip() for line in lines)
    return f"/*\n{body}\n */\n"


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2) + "\n"


def _write_folder(folder: Path, files: Mapping[str, str]) -> None:
    where = SourceLocation(str(folder))
    if folder.exists() and not _is_replaceable(folder):
        raise compile_error(
            "the output folder holds files of something else", where, "choose a new folder with -o"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Written beside its final place, then renamed: it appears complete or not at all.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
            complete = Path(scratch) / folder.name
            complete.mkdir()
            for name, text in files.items():
                (complete / name).write_text(text, encoding="utf-8")
            if folder.exists():
                shutil.move(folder, Path(scratch) / "replaced")
            complete.rename(folder)
    except OSError as error:
        raise compile_error(f"cannot write the output: {error.strerror}", where) from error


def _is_replaceable(folder: Path) -> bool:
    """Whether a folder is empty or was written by us: it has a report."""
    if not folder.is_dir():
        return False
    return (folder / "report.json").is_file() or not any(folder.iterdir())
