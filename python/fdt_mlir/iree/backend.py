"""Compile a model to an IREE module whose memory fdt-mlir plans, and what a device needs of it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fdt_mlir import __version__
from fdt_mlir.api import (
    Clock,
    CompileOptions,
    Progress,
    discovery_options,
    import_layers,
    json_text,
    plan_memory,
    tile_layers,
    write_folder,
)
from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.errors import UsageError, compile_error
from fdt_mlir.iree.compiler import RESUME, device_of, own_transient_bytes, run_iree_compile
from fdt_mlir.iree.machines import IreeMachine, find_iree_machine
from fdt_mlir.iree.project import Interface, project_files, read_interface
from fdt_mlir.iree.stream_module import stream_module, without_loops
from fdt_mlir.normalize.names import identifier
from fdt_mlir.paths.build_graph import entry_of
from fdt_mlir.paths.discover import discover
from fdt_mlir.paths.path_plan import Discovery, overhead

# The loader of static libraries runs dispatches in place, without a queue or threads.
_BARE_METAL_FLAGS = ("--iree-execution-model=inline-dynamic", "--output-format=vm-c")
_QUIET = "--iree-llvmcpu-debug-symbols=false"


@dataclass(frozen=True)
class IreeCompiled:
    """A model compiled for IREE: its files, and what is known of it.

    `module` is the text of the module that iree-compile got, `untiled` the linalg module that
    IREE's own scheduling was measured on.
    """

    name: str
    files: Mapping[str, str | bytes]
    report: Mapping[str, Any]
    discovery: Discovery = field(repr=False)
    module: str = field(repr=False)
    untiled: str = field(repr=False)
    seconds: Mapping[str, float] = field(compare=False, repr=False)

    @property
    def transient_bytes(self) -> int:
        """Bytes of the arena, the only transient allocation; inputs and outputs do not count."""
        return self.report["transient_bytes"]

    def write(self, folder: Path | str) -> None:
        """Write all files into `folder`, or nothing; see `Compiled.write`."""
        write_folder(Path(folder), {**self.files, "timing.json": json_text(self.seconds)})


def compile_for_iree(
    path: Path, options: CompileOptions, target: str = "host", progress: Progress | None = None
) -> IreeCompiled:
    """Compile a model file for IREE; `options.ram_bytes` limits the transient bytes.

    Raises CompileError where the model cannot be compiled or nothing fits the memory, UsageError
    for a target that IREE is not told of and for options that place inputs.
    """
    machine = find_iree_machine(target)
    if options.pins or options.memories or options.stream_input:
        raise UsageError(
            "--pin, --memory and --stream-input say where inputs are, which belong to the caller"
            " of an IREE module: leave them out, or take --backend c"
        )
    name = options.name or identifier(path.stem) or "model"
    clock = Clock(progress)
    with mlir_context(), tempfile.TemporaryDirectory(prefix="fdt-iree-") as scratch:
        folder = Path(scratch)
        module = import_layers(path, options, clock)
        untiled = str(module)
        clock.begin("paths")
        own = discover(module, discovery_options(replace(options, ram_bytes=0)))
        discovery, schedule = tile_layers(module, options, clock, external_io=True)
        plan_memory(module, options, discovery, clock, external_io=True)
        clock.begin("iree")
        interface = read_interface(name, module)
        untiled_bytes = own_transient_bytes(untiled, machine.flags(), folder)
        _check_transients(interface.arena_bytes, untiled_bytes)
        text, built = _build(module, name, machine, folder)
    clock.end()
    report = _report(path.name, interface, options, target, discovery, own, untiled_bytes)
    files: dict[str, str | bytes] = {
        f"{name}.mlir": text,
        **built,
        **project_files(interface, machine),
        "report.json": json_text(report),
        "schedule.mlir": schedule,
    }
    return IreeCompiled(name, files, report, discovery, text, untiled, clock.seconds)


def _check_transients(planned_bytes: int, own_bytes: int) -> None:
    """Planning must not cost memory: where IREE fuses what is apart here, its own way is better."""
    if planned_bytes > own_bytes:
        raise compile_error(
            f"IREE needs {own_bytes} bytes of transient memory by its own scheduling, but"
            f" {planned_bytes} as planned here",
            hint="give the model to iree-compile as it is",
        )


def _build(
    module: ir.Module, name: str, machine: IreeMachine, folder: Path
) -> tuple[str, dict[str, str | bytes]]:
    """The module's text, and the C and the object that iree-compile makes of it."""
    library = f"{name}_kernels"
    flags = [*machine.library_flags(f"{library}.o"), _QUIET]
    device = device_of(machine, flags, folder)
    text = stream_module(module, entry_of(module), name, device)
    run_iree_compile(
        without_loops(text), [*flags, RESUME, *_BARE_METAL_FLAGS], f"{name}_module.c", folder
    )
    code = (folder / f"{name}_module.c").read_text(encoding="utf-8")
    return text, {
        f"{name}_module.c": f"#define EMITC_IMPLEMENTATION\n{code}",
        f"{library}.h": (folder / f"{library}.h").read_text(encoding="utf-8"),
        f"{library}.o": (folder / f"{library}.o").read_bytes(),
    }


def _report(
    model_file: str,
    interface: Interface,
    options: CompileOptions,
    target: str,
    discovery: Discovery,
    own: Discovery,
    untiled_bytes: int,
) -> Mapping[str, Any]:
    return {
        "model": model_file,
        "name": interface.name,
        "backend": "iree",
        "target": target,
        "strategy": options.strategy,
        "transient_bytes": interface.arena_bytes,
        "transient_bytes_untiled": discovery.untiled_arena_bytes,
        "iree_transient_bytes_untiled": untiled_bytes,
        "arena_bytes": own.predicted_arena_bytes,
        "macs": discovery.predicted_macs,
        "macs_untiled": discovery.untiled_macs,
        "mac_overhead": overhead(discovery.predicted_macs, discovery.untiled_macs),
        "inputs": [asdict(port) for port in interface.inputs],
        "outputs": [asdict(port) for port in interface.outputs],
        "paths": [
            {
                "glyph": path.glyph,
                "family": path.family,
                "layers": list(path.layers),
                "dims": list(path.dims),
                "tiles": list(path.tiles),
                "saved_bytes": path.saved_bytes,
            }
            for path in discovery.paths
        ],
        "versions": {
            "fdt-mlir": __version__,
            "iree-base-compiler": version("iree-base-compiler"),
        },
    }
