"""fdt-compile: a model becomes C."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from fdt_mlir import __version__
from fdt_mlir.cli.guard import run_guarded
from fdt_mlir.errors import ExitStatus, UsageError
from fdt_mlir.package import PACKAGE_KINDS

_EXAMPLES = """examples:
  fdt-compile model.tflite -o build/model      write model.c, model.h, report.json, schedule.mlir
  fdt-compile model.tflite --ram 24K           least extra work that fits 24 KiB
  fdt-compile model.tflite --memory dtcm=64K,sram=256K
                                               an arena in each memory, the fastest first
  fdt-compile model.tflite --explain           what sets the peak, why layers are (not) tiled
  fdt-compile model.tflite --json              compile, print the report, write nothing
  fdt-compile model.tflite -o build/model --package zephyr
                                               also a Zephyr module, in build/model/zephyr
  fdt-compile model.tflite --emit tflite-plan -o planned.tflite
                                               the same model, laid out for TensorFlow Lite Micro
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    return run_guarded(_run, argv, "fdt-compile")


def _run(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    if options.package and (options.output is None or options.emit != "c"):
        raise UsageError("--package adds folders to the C: name the output with -o, and emit C")
    if options.emit == "tflite-plan":
        return _emit_tflite_plan(options)
    # Imported here, so that --help and --version answer at once.
    from rich.console import Console

    from fdt_mlir.api import CompileOptions, compile_model
    from fdt_mlir.report.code_size import measure_code
    from fdt_mlir.report.explain import print_explanation
    from fdt_mlir.report.summary import print_summary

    messages = Console(stderr=True, quiet=options.quiet)
    choices = CompileOptions(
        name=options.name,
        strategy=options.strategy,
        ram_bytes=options.ram,
        max_mac_overhead=options.max_mac_overhead,
        transform_script=options.transform_script,
        keep_inputs=options.keep_inputs,
        pins=dict(options.pin),
        memories=options.memory,
        outputs=options.outputs,
        io=options.io,
        numerics=options.numerics,
        shapes=dict(options.shape),
        io_layout=options.io_layout,
        target=options.target,
        optimize=options.optimize,
    )
    code = None
    with messages.status("importer") as status:
        compiled = compile_model(options.model, choices, status.update)
        if not (options.json or options.quiet):
            status.update("measuring the code")
            weights_bytes = compiled.report["weights_bytes"]
            code = measure_code(compiled.sources, weights_bytes, options.target)
    if options.output is not None:
        compiled.write(options.output, options.package)
    if options.json:
        sys.stdout.write(json.dumps(compiled.report, indent=2) + "\n")
    elif not options.quiet:
        print_summary(compiled.report, Console(), code)
        if options.explain:
            print_explanation(compiled.report, compiled.discovery, Console())
        if options.output is not None:
            written = [*compiled.files, *(f"{kind}/" for kind in options.package)]
            messages.print(f"wrote {', '.join(written)} to {options.output}")
    return ExitStatus.DONE


def _emit_tflite_plan(options: argparse.Namespace) -> int:
    """Write the model with a plan for TensorFlow Lite Micro to the file of -o."""
    from rich.console import Console

    from fdt_mlir.tflite_plan import plan_tflite

    if options.output is None:
        raise UsageError("--emit tflite-plan writes a model: name its file with -o")
    planned = plan_tflite(options.model)
    planned.write(options.output)
    if not options.quiet:
        proved = "proved least" if planned.plan.proved_optimal else "not proved least"
        Console().print(
            f"{options.output}: the tensors need {planned.head_bytes} bytes at the head of the"
            f" arena, {proved} for this order of operators",
            soft_wrap=True,
        )
    return ExitStatus.DONE


def parse_bytes(text: str) -> int:
    """Read a size such as 24576, 24K or 1.5M. Raises ArgumentTypeError for anything else."""
    factors = {"K": 1024, "M": 1024 * 1024}
    digits, factor = (
        (text[:-1], factors[text[-1].upper()]) if text[-1:].upper() in factors else (text, 1)
    )
    try:
        size = float(digits) * factor
    except ValueError:
        size = -1.0
    if not 0 < size < 2**31:
        raise argparse.ArgumentTypeError(f"'{text}' is no size: write 24576, 24K or 1.5M")
    return int(size)


def parse_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """Read `name=1x49x10`. Raises ArgumentTypeError for anything else."""
    name, _, extents = text.rpartition("=")
    numbers = extents.split("x")
    if not name or not all(number.isdecimal() and int(number) > 0 for number in numbers):
        raise argparse.ArgumentTypeError(f"'{text}' is no shape: write name=1x49x10")
    return name, tuple(int(number) for number in numbers)


def parse_pin(text: str) -> tuple[int, int | tuple[str, int]]:
    """Read input:0=OFFSET as (0, OFFSET), input:0=sram:OFFSET as (0, ("sram", OFFSET)).

    Raises ArgumentTypeError for anything else.
    """
    match = re.fullmatch(r"input:(\d+)=(?:(\w+):)?(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no pin: write input:0=4096, or input:0=sram:4096"
        )
    offset = int(match[3])
    return int(match[1]), offset if match[2] is None else (match[2], offset)


def parse_memories(text: str) -> dict[str, int]:
    """Read `dtcm=64K,sram=256K`. Raises ArgumentTypeError for anything else."""
    memories: dict[str, int] = {}
    for part in text.split(","):
        name, _, size = part.partition("=")
        if not name or not size or name in memories:
            raise argparse.ArgumentTypeError(
                f"'{text}' is no list of memories: write dtcm=64K,sram=256K, the fastest first"
            )
        memories[name] = parse_bytes(size)
    return memories


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fdt-compile",
        description="Compile a TinyML model to plain C that needs the least RAM.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="a .tflite, .onnx, .mlir or .mlirbc file")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="PLACE", help="folder for the C files (or the model)"
    )
    parser.add_argument(
        "--emit",
        choices=("c", "tflite-plan"),
        default="c",
        help="C (default), or the same .tflite model with a plan for TensorFlow Lite Micro",
    )
    parser.add_argument(
        "--package",
        action="append",
        choices=PACKAGE_KINDS,
        default=[],
        metavar="TOOL",
        help="also write a folder for this build system, with an example: "
        f"{', '.join(PACKAGE_KINDS)}; may be repeated",
    )
    parser.add_argument("--name", help="prefix of all C names (default: the file's name)")
    _add_memory_options(parser)
    _add_code_options(parser)
    _add_model_options(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument("--debug", action="store_true", help="show tracebacks of internal errors")
    parser.add_argument("--version", action="version", version=f"fdt-mlir {__version__}")
    return parser


def _add_memory_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("memory")
    group.add_argument(
        "--ram", type=parse_bytes, default=0, metavar="SIZE", help="fit this: least extra work"
    )
    group.add_argument(
        "--max-mac-overhead",
        type=float,
        default=0.0,
        metavar="PERCENT",
        help="least RAM with at most this much more work (default: 0)",
    )
    group.add_argument(
        "--strategy",
        choices=("none", "fdt", "ffmt", "paper", "auto"),
        default="auto",
        help="what may be tiled: channels (fdt), feature maps (ffmt), both (auto, the default)",
    )
    group.add_argument(
        "--keep-inputs",
        action="store_true",
        help="leave the inputs intact: never reuse their bytes",
    )
    group.add_argument(
        "--pin",
        type=parse_pin,
        action="append",
        default=[],
        metavar="input:N=[MEMORY:]OFFSET",
        help="fix the place of input N in the arena, such as a buffer that DMA fills",
    )
    group.add_argument(
        "--memory",
        type=parse_memories,
        default={},
        metavar="NAME=SIZE,...",
        help="the memories to use, the fastest first: with several, each has an arena of its own,"
        " and what is accessed most lies in the fastest",
    )
    group.add_argument("--explain", action="store_true", help="say why each layer is tiled or not")
    group.add_argument(
        "--transform-script",
        type=Path,
        metavar="FILE",
        help="apply this schedule (schedule.mlir of an earlier run, perhaps edited)",
    )


def _add_code_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the code")
    group.add_argument(
        "--target",
        default="generic",
        metavar="CORE",
        help="make the C fast on this core, such as cortex-m4; it runs on any (default: generic)",
    )
    group.add_argument(
        "--optimize",
        choices=("size", "balanced", "speed"),
        default="balanced",
        help="what counts after RAM; speed stores all weights in 16 bits, size none, balanced (the"
        " default) those that are used often",
    )


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the model")
    group.add_argument(
        "--outputs",
        type=_names,
        default=(),
        metavar="NAME,...",
        help="cut the graph: these tensors are the outputs",
    )
    group.add_argument(
        "--io", choices=("int8",), help="drop float conversions at inputs and outputs"
    )
    group.add_argument(
        "--numerics",
        choices=("litert", "tflm"),
        default="litert",
        help="equal LiteRT's reference kernels (default) or TensorFlow Lite Micro",
    )
    group.add_argument(
        "--shape",
        type=parse_shape,
        action="append",
        default=[],
        metavar="NAME=1x49x10",
        help="shape of an input that the ONNX model leaves open; may be repeated",
    )
    group.add_argument(
        "--io-layout",
        choices=("model", "nhwc"),
        default="model",
        help="ONNX inputs and outputs of 4 dimensions: as the model has them (default), or"
        " channels last",
    )


if __name__ == "__main__":
    sys.exit(main())
