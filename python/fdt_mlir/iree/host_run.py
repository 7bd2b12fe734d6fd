"""Run a module for IREE on this machine, through the optional package iree-base-runtime."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fdt_mlir.bindings import mlir_context
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fdt_mlir.iree.compiler import DEVICE, RESUME, device_of, run_iree_compile
from fdt_mlir.iree.machines import find_iree_machine
from fdt_mlir.iree.stream_module import without_loops
from fdt_mlir.targets.model import Array, CompiledModel, load_interface
from fdt_mlir.targets.runner import check_sample, run

_DRIVER = "local-sync"
"""One dispatch after the other on the calling thread, as on a device."""


@dataclass(frozen=True)
class IreeRun:
    """The outputs of one inference, and the most memory that IREE's runtime had allocated for it.

    `peak_bytes` counts inputs, outputs and transient memory, and runs before it in this process.
    """

    outputs: tuple[Array, ...]
    peak_bytes: int


def load_iree_model(folder: Path) -> CompiledModel:
    """Read the report of a model that was compiled for IREE.

    Raises CompileError where `folder` is not one that `fdt-compile --backend iree` wrote.
    """
    model = load_interface(folder)
    if not _module_path(model).is_file():
        raise compile_error(
            f"there is no {model.name}.mlir beside the report of '{model.name}'",
            SourceLocation(str(folder / "report.json")),
            f"compile the model for IREE: fdt-compile MODEL --backend iree -o {folder}",
        )
    return model


def run_on_host(folder: Path, sample: Sequence[Array]) -> IreeRun:
    """Compile the module of a folder for this machine and run it on one set of inputs.

    Raises CompileError where the runtime is not installed, iree-compile fails, or the inputs are
    not the model's.
    """
    model = load_iree_model(folder)
    check_sample(model, sample)
    _require_runtime()
    return run_module(_for_host(_module_path(model).read_text(encoding="utf-8")), model, sample)


def run_module(binary: bytes, model: CompiledModel, sample: Sequence[Array]) -> IreeRun:
    """Run a module for this machine's CPU that IREE compiled to bytecode."""
    import iree.runtime as runtime

    device = runtime.get_device(_DRIVER, cache=False)
    context = runtime.SystemContext(config=runtime.Config(device=device))
    context.add_vm_module(runtime.VmModule.copy_buffer(context.instance, binary))
    (name,) = (name for name in context.modules if name != "hal")
    results = context.modules[name]["main"](*map(_signless, sample))
    arrays = results if isinstance(results, tuple) else (results,)
    outputs = tuple(
        np.array(array.to_host()).view(tensor.dtype).reshape(tensor.shape)
        for tensor, array in zip(model.outputs, arrays, strict=True)
    )
    statistics = device.allocator.statistics
    return IreeRun(outputs, statistics["device_bytes_peak"] + statistics["host_bytes_peak"])


def compare_with_c(
    c_folder: Path,
    folder: Path,
    model: CompiledModel,
    sample: Sequence[Array],
    outputs: Sequence[Array],
) -> None:
    """Raise CompileError where the C of the same model in `c_folder` gives other outputs.

    Integers and booleans have to be equal, floating point numbers within 1e-5 of the largest.
    """
    expected = run(c_folder, "host", sample).outputs
    for tensor, ours, theirs in zip(model.outputs, outputs, expected, strict=True):
        allowed = 0.0
        if tensor.dtype.kind == "f":
            allowed = 1e-5 * float(np.max(np.abs(theirs), initial=0.0))
        differences = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
        wrong = int(np.count_nonzero(~(differences <= allowed)))
        if wrong:
            raise compile_error(
                f"{wrong} of {ours.size} elements of output {tensor} differ from the C of"
                f" {c_folder}, by at most {float(differences.max()):.6g}",
                SourceLocation(str(folder)),
                "check that both folders were compiled from the same model",
            )


def _require_runtime() -> None:
    try:
        import iree.runtime as _  # noqa: F401  (whether it is there is all that counts)
    except ImportError as error:
        raise compile_error(
            "running a module of IREE needs the package iree-base-runtime, which is not installed",
            hint="pip install 'fdt-mlir[iree]'",
        ) from error


def _for_host(text: str) -> bytes:
    """Compile a module's text for this machine, whatever target its device is."""
    machine = find_iree_machine("host")
    with tempfile.TemporaryDirectory(prefix="fdt-iree-") as scratch, mlir_context():
        folder = Path(scratch)
        device = device_of(machine, machine.flags(), folder)
        module = without_loops(DEVICE.sub(lambda _match: device, text, count=1))
        run_iree_compile(module, [*machine.flags(), RESUME], "module.vmfb", folder)
        return (folder / "module.vmfb").read_bytes()


def _module_path(model: CompiledModel) -> Path:
    return model.folder / f"{model.name}.mlir"


def _signless(array: Array) -> Array:
    """The module's integers have no sign: the runtime takes numpy's signed ones for them."""
    return array.view(f"i{array.dtype.itemsize}") if array.dtype.kind == "u" else array
