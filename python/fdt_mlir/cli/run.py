"""`fdt-run`: build a compiled model and run it, on the host or on an emulated core."""

import argparse
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fdt_mlir.cli.guard import run_guarded
from fdt_mlir.cli.versions import VersionAction
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import ExitStatus, UsageError, compile_error
from fdt_mlir.iree.host_run import compare_with_c, load_iree_model, run_on_host
from fdt_mlir.targets import (
    TARGETS,
    Array,
    CompiledModel,
    RunResult,
    TensorSpec,
    load_model,
    run_many,
)

_SHOWN_VALUES = 8

_EPILOG = """\
try a model on this machine, on a test pattern; or with a check of every access to memory:
  fdt-run build/kws
  fdt-run build/kws --sanitize
count instructions, code and stack on an emulated core:
  fdt-run build/kws --target cortex-m4
run what --backend iree wrote in IREE's runtime; are its outputs those of the C?
  fdt-run build/iree --backend iree --compare build/kws
run it on your own data; arrays are named as the tensors:
  fdt-run build/kws --inputs x.npz --outputs y.npz

Without --inputs, element i of every input is ((7*i + 3) mod 256) - 128; uint8 tensors get that
plus 128, float32 tensors that divided by 128.

exit status: 0 done; 1 the model cannot be built or misbehaves; 2 wrong usage; 3 internal error
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_guarded(_run_command, argv, "fdt-run")


def pattern_input(tensor: TensorSpec) -> Array:
    """Return the documented pattern: x[i] = ((7*i + 3) mod 256) - 128, shifted or scaled by type.

    uint8 elements are x[i] + 128, float32 elements x[i] / 128, all others x[i].
    """
    index = np.arange(int(np.prod(tensor.shape)), dtype=np.int64)
    values = (7 * index + 3) % 256 - 128
    if tensor.dtype == np.uint8:
        values = values + 128
    pattern = values / 128.0 if tensor.dtype.kind == "f" else values
    return np.reshape(pattern.astype(tensor.dtype), tensor.shape)


def fnv1a_32(data: bytes) -> int:
    """Return the 32-bit FNV-1a hash (Fowler, Noll, Vo; RFC 9923)."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def _run_command(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    if options.sanitize and options.target != "host":
        raise UsageError(f"--sanitize works with --target host only, not with {options.target}")
    if options.backend == "iree" and (options.target != "host" or options.sanitize):
        raise UsageError("--backend iree runs on --target host, without --sanitize")
    if options.compare and options.backend != "iree":
        raise UsageError("--compare is for --backend iree: the C back end is what it compares with")
    load = load_iree_model if options.backend == "iree" else load_model
    model = load(options.folder)
    inputs = _load_inputs(model, options.inputs) if options.inputs else _pattern_inputs(model)
    result, peak_bytes = _run_once(options, inputs)
    if options.compare:
        compare_with_c(options.compare, options.folder, model, inputs, result.outputs)
    if options.outputs:
        _save_outputs(model, result, options.outputs)
    summary = _summary(model, options.target, result, peak_bytes)
    print(json.dumps(summary, indent=2) if options.json else _as_text(summary))
    return ExitStatus.DONE


def _run_once(options: argparse.Namespace, inputs: Sequence[Array]) -> tuple[RunResult, int | None]:
    """The result of one inference, and the bytes that IREE's runtime had allocated at most."""
    if options.backend == "iree":
        run = run_on_host(options.folder, inputs)
        return RunResult(run.outputs, None, None, None), run.peak_bytes
    (result,) = run_many(
        options.folder,
        options.target,
        [inputs],
        sanitize=options.sanitize,
        timeout_seconds=options.timeout,
    )
    return result, None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fdt-run",
        usage="%(prog)s FOLDER [options]",
        description="Build the C of a compiled model, run it once, and show what it gives.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    _add_data_options(parser)
    _add_machine_options(parser)
    _add_general_options(parser)
    return parser


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("choose what to run").add_argument
    add("folder", type=Path, metavar="FOLDER", help="folder that fdt-compile wrote")
    add("--inputs", type=Path, metavar="X.npz", help="one array per input, by name or input_0, ...")
    add("--outputs", type=Path, metavar="Y.npz", help="write the outputs here, by name")


def _add_machine_options(parser: argparse.ArgumentParser) -> None:
    targets = "; ".join(f"{target.name}: {target.description}" for target in TARGETS.values())
    add = parser.add_argument_group("choose where and how").add_argument
    add(
        "--target",
        choices=tuple(TARGETS),
        default="host",
        metavar="TARGET",
        help=f"where to run it ({targets})",
    )
    add(
        "--backend",
        choices=("c", "iree"),
        default="c",
        help="run the C (default), or the module that fdt-compile --backend iree wrote",
    )
    add(
        "--compare",
        type=Path,
        metavar="FOLDER",
        help="with --backend iree: C of the same model, whose outputs have to be equal",
    )
    add("--sanitize", action="store_true", help="build with ASan and UBSan (host only)")
    add(
        "--timeout", type=_seconds, default=300.0, metavar="S", help="seconds to wait (%(default)g)"
    )


def _add_general_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("the command").add_argument
    add("-h", "--help", action="help", help="print this")
    add("--version", action=VersionAction)
    add("--json", action="store_true", help="print the result as JSON")
    add("--debug", action="store_true", help="show tracebacks")


def _seconds(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value


def _pattern_inputs(model: CompiledModel) -> list[Array]:
    return [pattern_input(tensor) for tensor in model.inputs]


def _load_inputs(model: CompiledModel, path: Path) -> list[Array]:
    """Read the arrays of an .npz by the names of the inputs, or `input_0` and so on."""
    location = SourceLocation(str(path))
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays: dict[str, Array] = dict(archive)
    except OSError as error:
        raise compile_error(f"cannot read the inputs: {error.strerror}", location) from error
    except (TypeError, ValueError, zipfile.BadZipFile) as error:
        hint = "write it with numpy.savez(path, name=array)"
        raise compile_error(f"this is not an .npz archive: {error}", location, hint) from error

    inputs: list[Array] = []
    for index, tensor in enumerate(model.inputs):
        names = [name for name in (tensor.name, f"input_{index}") if name in arrays]
        if not names:
            present = ", ".join(sorted(arrays)) or "nothing"
            message = f"no array for input {tensor}; the file has {present}"
            hint = f"name the array '{tensor.name}' or 'input_{index}'"
            raise compile_error(message, location, hint)
        inputs.append(arrays.pop(names[0]))
    if arrays:
        names = ", ".join(sorted(arrays))
        hint = "inputs are: " + (", ".join(map(str, model.inputs)) or "none")
        raise compile_error(f"no input of '{model.name}' is called {names}", location, hint)
    return inputs


def _save_outputs(model: CompiledModel, result: RunResult, path: Path) -> None:
    """Write an .npz, complete or not at all; the same arrays always give the same bytes."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fdt-run-") as folder:
            draft = Path(folder) / path.name
            # NOTE: numpy.savez cannot store an array called "file".
            with zipfile.ZipFile(draft, "w") as archive:
                for tensor, array in zip(model.outputs, result.outputs, strict=True):
                    entry = zipfile.ZipInfo(f"{tensor.name}.npy")
                    with archive.open(entry, "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, array, allow_pickle=False)
            os.replace(draft, path)
    except OSError as error:
        raise compile_error(
            f"cannot write the outputs: {error.strerror}", SourceLocation(str(path))
        ) from error


def _summary(
    model: CompiledModel, target: str, result: RunResult, peak_bytes: int | None
) -> dict[str, Any]:
    outputs = [
        _output_summary(tensor, array)
        for tensor, array in zip(model.outputs, result.outputs, strict=True)
    ]
    return {
        "model": model.name,
        "target": target,
        "instructions": result.instructions,
        "code_bytes": result.code_bytes,
        "stack_bytes": result.stack_bytes,
        "peak_bytes": peak_bytes,
        "outputs": outputs,
    }


def _output_summary(tensor: TensorSpec, array: Array) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "type": tensor.type,
        "fnv1a": f"0x{fnv1a_32(array.tobytes()):08x}",
        "min": array.min().item() if array.size else None,
        "max": array.max().item() if array.size else None,
        "first": np.ravel(array)[:_SHOWN_VALUES].tolist(),
    }


def _as_text(summary: Mapping[str, Any]) -> str:
    lines = [f"{summary['model']} on {summary['target']}"]
    for output in summary["outputs"]:
        shape = "x".join(map(str, output["shape"])) or "scalar"
        values = " ".join(f"{value:.6g}" for value in output["first"])
        more = " ..." if np.prod(output["shape"]) > len(output["first"]) else ""
        lines += [
            f"  output {output['name']}: {output['type']} {shape}, FNV-1a {output['fnv1a']}",
            f"    min {output['min']:.6g}, max {output['max']:.6g}, values {values}{more}",
        ]
    for key, unit in (
        ("instructions", "instructions per inference"),
        ("code_bytes", "bytes of code"),
        ("stack_bytes", "bytes of stack"),
        ("peak_bytes", "bytes allocated at most (with inputs and outputs)"),
    ):
        if summary[key] is not None:
            lines.append(f"  {summary[key]:,} {unit}".replace(",", " "))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
