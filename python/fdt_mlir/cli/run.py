"""`fdt-run`: build a compiled model and run it, on the host or on an emulated core."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fdt_mlir.cli.arguments import CommandParser
from fdt_mlir.cli.guard import run_guarded
from fdt_mlir.cli.run_report import as_text, summarise, targets_text
from fdt_mlir.cli.versions import VersionAction
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import ExitStatus, UsageError, compile_error
from fdt_mlir.iree.host_run import compare_with_c, load_iree_model, run_on_host
from fdt_mlir.targets import TARGETS, Array, CompiledModel, RunResult, load_model, run_many
from fdt_mlir.targets.archive import write_archive
from fdt_mlir.targets.check import check_samples
from fdt_mlir.targets.layers import layer_arrays
from fdt_mlir.targets.samples import (
    Sample,
    pattern_sample,
    random_samples,
    read_labels,
    read_samples,
)
from fdt_mlir.targets.variants import LAYERS, PROFILE, SELFTEST, SHADOW

_FOR_C_ONLY = ("shadow", "profile", "dump_layers", "selftest")

_EPILOG = """\
try a model on this machine, on a test pattern; or with a check of every access to memory:
  fdt-run build/kws
  fdt-run build/kws --sanitize
  fdt-run build/kws --shadow
count instructions, code and stack on an emulated core; or those of each layer:
  fdt-run build/kws --target cortex-m4
  fdt-run build/kws --target cortex-m4 --profile
run what --backend iree wrote in IREE's runtime; are its outputs those of the C?
  fdt-run build/iree --backend iree --compare build/kws
what does every layer compute? an array for each:
  fdt-run build/kws --dump-layers layers.npz
run it on your own data; arrays are named as the tensors:
  fdt-run build/kws --inputs x.npz --outputs y.npz
is it right? compare with LiteRT or onnxruntime, on random samples or on a folder of your own:
  fdt-run build/kws --check kws.tflite --random 20
  fdt-run build/kws --check kws.tflite --inputs samples/ --labels labels.csv

A folder of samples holds .npz, .npy, images or .wav files, taken in the order of their names as
raw tensors: pixels as they are for uint8, less 128 for int8, divided by 255 for float32; 16-bit
sound as it is for int16, its upper byte for int8, divided by 32768 for float32. Nothing is scaled
to another size.

Without --inputs, element i of every input is ((7*i + 3) mod 256) - 128; uint8 tensors get that
plus 128, float32 tensors that divided by 128.

exit status: 0 done; 1 the model cannot be built, misbehaves or differs; 2 wrong usage; 3 internal
error
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_guarded(_run_command, argv, "fdt-run")


def _run_command(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    _check_usage(options)
    load = load_iree_model if options.backend == "iree" else load_model
    model = load(options.folder)
    samples = _samples(model, options)
    arrays = [sample.inputs for sample in samples]
    results, peak_bytes = _run_product(options, arrays)
    for inputs, result in zip(arrays, results, strict=True) if options.compare else ():
        compare_with_c(options.compare, options.folder, model, inputs, result.outputs)
    profile = _run_watched(options, arrays)
    check = check_samples(options.check, model, samples, results) if options.check else None
    if options.outputs:
        write_archive(options.outputs, _by_name(model, results), "the outputs")
    summary = summarise(model, options.target, samples, results, profile, check)
    summary["peak_bytes"] = peak_bytes
    summary["selftest"] = "passed" if options.selftest else None
    print(json.dumps(summary, indent=2) if options.json else as_text(summary))
    return ExitStatus.INPUT_ERROR if check and check.differences else ExitStatus.DONE


def _run_product(
    options: argparse.Namespace, arrays: Sequence[Sequence[Array]]
) -> tuple[list[RunResult], int | None]:
    """The results of all samples, and the bytes that IREE's runtime had allocated at most."""
    if options.backend == "iree":
        runs = [run_on_host(options.folder, inputs) for inputs in arrays]
        results = [RunResult(run.outputs, None, None, None) for run in runs]
        return results, max(run.peak_bytes for run in runs)
    results = run_many(
        options.folder,
        options.target,
        arrays,
        sanitize=options.sanitize,
        timeout_seconds=options.timeout,
    )
    return results, None


def _run_watched(options: argparse.Namespace, arrays: Sequence[Sequence[Array]]) -> tuple[int, ...]:
    """Run the traced model as often as is asked for; returns the instructions of each step."""
    folder, seconds = options.folder, options.timeout
    if options.shadow:
        run_many(folder, "host", arrays, variant=SHADOW, timeout_seconds=seconds)
    if options.selftest:
        _run_selftest(load_model(folder), options.target, arrays[:1], seconds)
    if options.dump_layers:
        (first,) = run_many(
            folder, options.target, arrays[:1], variant=LAYERS, timeout_seconds=seconds
        )
        layers = layer_arrays(load_model(folder), first.step_results)
        write_archive(options.dump_layers, layers, "the layers")
    if not options.profile:
        return ()
    (first,) = run_many(
        folder, options.target, arrays[:1], variant=PROFILE, timeout_seconds=seconds
    )
    return first.step_instructions


def _run_selftest(
    model: CompiledModel, target: str, arrays: Sequence[Sequence[Array]], seconds: float
) -> None:
    """Run the stored samples. Raises CompileError where one differs, or none is stored."""
    if not model.selftest_source.is_file():
        location = SourceLocation(str(model.folder))
        hint = "compile the model with --selftest"
        raise compile_error(f"'{model.name}' has no stored samples", location, hint)
    run_many(model.folder, target, arrays, variant=SELFTEST, timeout_seconds=seconds)


def _check_usage(options: argparse.Namespace) -> None:
    """Raise UsageError for options that contradict each other."""
    for flag in ("sanitize", "shadow"):
        if getattr(options, flag) and options.target != "host":
            raise UsageError(f"--{flag} works with --target host only, not with {options.target}")
    if options.backend == "iree" and (options.target != "host" or options.sanitize):
        raise UsageError("--backend iree runs on --target host, without --sanitize")
    watching = [flag for flag in _FOR_C_ONLY if getattr(options, flag)]
    if options.backend == "iree" and watching:
        flag = watching[0].replace("_", "-")
        raise UsageError(f"--{flag} is about the C: leave --backend iree away")
    if options.compare and options.backend != "iree":
        raise UsageError("--compare is for --backend iree: the C back end is what it compares with")
    if options.profile and options.target == "host":
        raise UsageError(
            "--profile counts instructions on an emulated core: add --target cortex-m4"
        )
    if options.random and options.inputs:
        raise UsageError("--random makes samples and --inputs reads them: give one of the two")
    if options.labels and not options.inputs:
        raise UsageError("--labels belong to the samples of --inputs: name these too")


def _samples(model: CompiledModel, options: argparse.Namespace) -> list[Sample]:
    if options.random:
        return random_samples(model, options.random)
    if not options.inputs:
        return [pattern_sample(model)]
    samples = read_samples(model, options.inputs)
    if not options.labels:
        return samples
    labels = read_labels(options.labels, samples)
    pairs = zip(samples, labels, strict=True)
    return [replace(sample, label=label) for sample, label in pairs]


def _by_name(model: CompiledModel, results: Sequence[RunResult]) -> dict[str, Any]:
    """The outputs of one sample; those of several on top of each other."""
    return {
        tensor.name: results[0].outputs[number]
        if len(results) == 1
        else np.stack([result.outputs[number] for result in results])
        for number, tensor in enumerate(model.outputs)
    }


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="fdt-run",
        usage="%(prog)s FOLDER [options]",
        description="Build the C of a compiled model, run it, and show what it gives.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    _add_data_options(parser)
    _add_machine_options(parser)
    _add_question_options(parser)
    _add_general_options(parser)
    return parser


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("choose what to run").add_argument
    add("folder", type=Path, metavar="FOLDER", help="folder that fdt-compile wrote")
    add(
        "--inputs",
        type=Path,
        metavar="X.npz",
        help="one array per input, by name or input_0, ...; or another file, or a folder of them",
    )
    add("--outputs", type=Path, metavar="Y.npz", help="write the outputs here, by name")
    add("--random", type=_count, default=0, metavar="N", help="run N random samples instead")


def _add_machine_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("choose where and how").add_argument
    add(
        "--target",
        choices=tuple(TARGETS),
        default="host",
        metavar="TARGET",
        help=f"where to run it, host by default: {', '.join(TARGETS)}",
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
    add("--list-targets", action=_ListTargets, nargs=0, help="say what each target is and needs")
    add("--sanitize", action="store_true", help="build with ASan and UBSan (host only)")
    add(
        "--shadow",
        action="store_true",
        help="trap reads of bytes that are no longer live, and name step and buffer (host only)",
    )
    add(
        "--timeout", type=_seconds, default=300.0, metavar="S", help="seconds to wait (%(default)g)"
    )


class _ListTargets(argparse.Action):
    """Prints the targets and ends the command, whatever else is given."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(targets_text(TARGETS.values()))
        parser.exit()


def _add_question_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("ask more of it").add_argument
    add("--profile", action="store_true", help="instructions of each layer (first sample)")
    add(
        "--selftest", action="store_true", help="run the samples that fdt-compile --selftest stored"
    )
    add(
        "--dump-layers",
        type=Path,
        metavar="L.npz",
        help="write the result of every layer here (first sample), although buffers are reused",
    )
    add(
        "--check",
        type=Path,
        metavar="MODEL",
        help="compare with LiteRT or onnxruntime running this .tflite or .onnx file",
    )
    add(
        "--labels",
        type=Path,
        metavar="FILE",
        help="class of each sample, for the accuracy: .npy, or text of lines CLASS or NAME,CLASS",
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


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of samples")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
