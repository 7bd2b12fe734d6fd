"""The verbs of the command line as Python functions."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fdt_mlir.allocate.memories import write_memories
from fdt_mlir.allocate.promises import write_promises
from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.emitc.c_header import print_header, prototypes
from fdt_mlir.emitc.c_printer import print_c, print_traced
from fdt_mlir.emitc.trace import erase_traced, traced_file
from fdt_mlir.emitc.traced_results import traced_results
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.importer.importer import import_model
from fdt_mlir.normalize.names import identifier
from fdt_mlir.options import CompileOptions, parse_size
from fdt_mlir.package.model import Files, firmware_model
from fdt_mlir.package.registry import package_files
from fdt_mlir.paths.build_graph import entry_of
from fdt_mlir.paths.discover import discover
from fdt_mlir.paths.discover_paths import write_paths
from fdt_mlir.paths.path_plan import Discovery, DiscoveryOptions
from fdt_mlir.pipeline import parse_pipeline
from fdt_mlir.report.facts import Facts, collect_facts
from fdt_mlir.report.html.page import report_fragment, report_page
from fdt_mlir.report.html.pictures import plot_svg
from fdt_mlir.report.report import build_report
from fdt_mlir.schedules.generate import schedule_text
from fdt_mlir.schedules.tile_and_fuse import TileAndFusePass
from fdt_mlir.stages import (
    BUFFERIZE,
    IMPORT,
    KERNELS,
    NORMALIZE,
    ORDER_LAYERS,
    Stage,
    allocate_stage,
    emitc_stage,
    order_steps_stage,
)

if TYPE_CHECKING:
    import numpy as np
    from typing_extensions import Unpack

    from fdt_mlir.options import Choices

Progress = Callable[[str], None]
"""Called with the name of a stage as it begins."""


@dataclass(frozen=True, repr=False)
class Compiled:
    """A compiled model: its C, and what is known of it.

    `files` maps file names to contents; `seconds` holds the time that each stage took, which is
    no part of the result.
    """

    name: str
    files: Mapping[str, str]
    report: Mapping[str, Any]
    discovery: Discovery
    emitc: str
    seconds: Mapping[str, float] = field(compare=False)

    def __repr__(self) -> str:
        return f"Compiled(name='{self.name}', arena_bytes={self.arena_bytes})"

    @property
    def arena_bytes(self) -> int:
        """RAM that the model needs, inputs and outputs included, in bytes."""
        return self.report["arena_bytes"]

    @property
    def sources(self) -> Mapping[str, str]:
        """The C files and the header: all that a firmware project needs."""
        return {name: text for name, text in self.files.items() if name.endswith((".c", ".h"))}

    def write(self, folder: Path | str, packages: Sequence[str] = ()) -> None:
        """Write C, header and report into `folder`: all of them, or nothing.

        `packages` are names of build systems (docs/packaging.md); each gets a folder of its name
        inside. A folder that this function wrote before is replaced; any other that has files in it
        is left alone. Raises CompileError where the folder cannot be written, UsageError for an
        unknown package.
        """
        files: Files = {**self.files, "timing.json": json_text(self.seconds)}
        for kind in packages:
            files |= package_files(kind, firmware_model(self.files, self.report))
        write_folder(Path(folder), files)

    def plot(self) -> str:
        """The memory map before and after as a picture: the text of an SVG file."""
        return plot_svg(self.report)

    def _repr_html_(self) -> str:
        """What a notebook shows: the figures and the memory map."""
        return report_fragment(self.report)

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
    ram: int | str | None = None,
    progress: Progress | None = None,
    **choices: Unpack[Choices],
) -> Compiled:
    """Compile a model file to C; `choices` are the fields of CompileOptions.

    `ram` is another way to write `ram_bytes`: bytes, or a text such as "24K". `progress` is called
    with the name of each stage as it begins.

    Raises CompileError where the model cannot be compiled or nothing fits the memory, UsageError
    for options that make no sense.
    """
    if ram is not None:
        choices["ram_bytes"] = parse_size(ram)
    return compile_model(Path(path), CompileOptions(**choices), progress)


def compile_model(
    path: Path, options: CompileOptions, progress: Progress | None = None
) -> Compiled:
    """Compile a model file to C; see `compile`."""
    name = options.name or identifier(path.stem) or "model"
    clock = Clock(progress)
    with mlir_context():
        module = import_layers(path, options, clock)
        discovery, schedule = tile_layers(module, options, clock)
        plan_memory(module, options, discovery, clock)
        facts = collect_facts(module)
        results = traced_results(module, discovery.untiled.shapes)
        clock.run(emitc_stage(name, options.target, options.optimize, trace=True), module)
        traced = print_traced(module)
        erase_traced(module)
        emitc = str(module)
        source = print_c(module)
    clock.end()
    report = build_report(path.name, name, discovery_options(options), facts, discovery)
    files = {
        f"{name}.c": _file_comment(path.name, report, facts) + source,
        f"{name}.h": print_header(name, facts, options.selftest),
        "report.json": json_text(report),
        "report.html": report_page(report, schedule),
        "schedule.mlir": schedule,
    }
    declared = prototypes(f"{name}_traced", facts).values()
    files[f"{name}_traced.inc"] = traced_file(name, declared, traced)
    files[f"{name}_traced.json"] = json.dumps(results) + "\n"
    if options.selftest:
        from fdt_mlir.targets.selftest import selftest_files  # needed rarely

        given = options.selftest_vectors
        files |= selftest_files(name, files, Path(given) if given is not None else None)
    return Compiled(name, files, report, discovery, emitc, clock.seconds)


def import_layers(path: Path, options: CompileOptions, clock: Clock) -> ir.Module:
    """Read a model file and bring it into layer form, in the order of least need.

    Raises CompileError where the model cannot be compiled.
    """
    clock.begin("importer")
    module = import_model(path, _import_options(options))
    clock.run(IMPORT, module)
    clock.run(NORMALIZE, module)
    write_memories(entry_of(module), options.memories)
    write_promises(entry_of(module), options.keep_inputs, options.pins, options.stream_input)
    clock.run(ORDER_LAYERS, module)
    return module


def tile_layers(
    module: ir.Module, options: CompileOptions, clock: Clock, external_io: bool = False
) -> tuple[Discovery, str]:
    """Decide what to tile, and tile it; gives the decision and the schedule.

    `external_io`: inputs and outputs are the caller's and no part of the arena. Raises CompileError
    where nothing fits the memory or a given schedule cannot be applied.
    """
    clock.begin("paths")
    discovery = _discover(module, options, external_io)
    clock.begin("schedules")
    return discovery, _schedule(module, options)


def plan_memory(
    module: ir.Module,
    options: CompileOptions,
    discovery: Discovery,
    clock: Clock,
    external_io: bool = False,
) -> None:
    """Bring a tiled module to kernel calls on buffers that have their places."""
    in_place = options.strategy != "paper"  # the original computes nothing in place
    for stage in (
        KERNELS,
        order_steps_stage(discovery.reorders or options.transform_script is not None, in_place),
        BUFFERIZE,
        allocate_stage(in_place, external_io),
    ):
        clock.run(stage, module)


def discovery_options(options: CompileOptions) -> DiscoveryOptions:
    """What path discovery is asked for."""
    return DiscoveryOptions(options.strategy, options.max_mac_overhead, options.ram_bytes)


def _import_options(options: CompileOptions) -> ImportOptions:
    return ImportOptions(
        options.outputs, options.io, options.numerics, options.shapes, options.io_layout
    )


def _discover(module: ir.Module, options: CompileOptions, external_io: bool) -> Discovery:
    """Decide what to tile and write it on the module; a given schedule decides for itself."""
    sought = discovery_options(options)
    if options.transform_script is not None:
        sought = replace(sought, strategy="none", ram_bytes=0)
    discovery = discover(module, sought, external_io)
    write_paths(entry_of(module), discovery.paths)
    return discovery


def _schedule(module: ir.Module, options: CompileOptions) -> str:
    """Apply the schedule of the paths, or the given one; returns its text."""
    if options.transform_script is not None:
        script = Path(options.transform_script)
        TileAndFusePass(script=str(script)).run(module)
        return script.read_text(encoding="utf-8")
    text = schedule_text(module)
    TileAndFusePass().run(module)
    return text


class Clock:
    """Measures how long each stage takes, and tells of its begin."""

    def __init__(self, progress: Progress | None):
        self._progress = progress
        self._stage: str | None = None
        self._start = 0.0
        self.seconds: dict[str, float] = {}

    def run(self, stage: Stage, module: ir.Module) -> None:
        self.begin(stage.name)
        parse_pipeline(stage.pipeline).run(module)

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


def _file_comment(model_file: str, report: Mapping[str, Any], facts: Facts) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    lines = [
        f"{report['name']}: compiled from {model_file}",
        f"by {versions}; strategy {report['strategy']}.",
        "",
        f"Arena: {facts.arena_bytes} bytes. {facts.macs} multiply-accumulates.",
    ]
    for number, arena in enumerate(facts.arenas):
        if len(facts.arenas) > 1:
            lines += ["", f"In {arena.name}, {arena.bytes} bytes:"]
        lines += ["", "  offset    bytes  steps     buffer"]
        buffers = [buffer for buffer in facts.buffers if buffer.arena == number]
        for buffer in sorted(buffers, key=lambda b: (b.first, b.offset)):
            steps = f"{buffer.first}-{buffer.last - 1}"
            lines.append(f"{buffer.offset:8} {buffer.bytes:8}  {steps:8}  {buffer.name}")
    body = "\n".join(f" * {line}".rstrip() for line in lines)
    return f"/*\n{body}\n */\n"


def json_text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2) + "\n"


def write_file(path: Path, text: str) -> None:
    """Write a text file, complete or not at all. Raises CompileError where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
            complete = Path(scratch) / path.name
            complete.write_text(text, encoding="utf-8")
            complete.replace(path)
    except OSError as error:
        raise _unwritable(error, SourceLocation(str(path))) from error


def _unwritable(error: OSError, where: SourceLocation) -> CompileError:
    hint = "choose another place, which you may write to"
    return compile_error(f"cannot write the output: {error.strerror}", where, hint)


def write_folder(folder: Path, files: Files) -> None:
    """Write files into a folder that is empty, absent or written by us: all of them, or nothing.

    Raises CompileError where that cannot be done.
    """
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
            for name, content in files.items():
                path = complete / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
            if folder.exists():
                shutil.move(folder, Path(scratch) / "replaced")
            complete.rename(folder)
    except OSError as error:
        raise _unwritable(error, where) from error


def _is_replaceable(folder: Path) -> bool:
    """Whether a folder is empty or was written by us: it has a report."""
    if not folder.is_dir():
        return False
    return (folder / "report.json").is_file() or not any(folder.iterdir())
