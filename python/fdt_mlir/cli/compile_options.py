"""The options of fdt-compile, grouped by what people want to do with them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from fdt_mlir.cli.arguments import CommandParser
from fdt_mlir.cli.versions import VersionAction
from fdt_mlir.errors import UsageError
from fdt_mlir.package import PACKAGE_KINDS

_EPILOG = """\
get C that needs the least RAM, at no more work:
  fdt-compile model.tflite -o build/model
fit a budget, with the least additional work; or see what 20 % more work would buy:
  fdt-compile model.tflite --ram 24K -o build/model
  fdt-compile model.tflite --max-mac-overhead 20
make it fast on the chip it is for:
  fdt-compile model.tflite -o build/model --target cortex-m4
use two memories, an arena in each, the fastest first:
  fdt-compile model.tflite -o build/model --memory dtcm=64K,sram=256K
hand it to a build system, here as a Zephyr module in build/model/zephyr:
  fdt-compile model.tflite -o build/model --package zephyr
understand what sets the peak, and why layers are tiled or not:
  fdt-compile model.tflite --explain
stay with IREE's runtime, in less memory:
  fdt-compile model.tflite --backend iree -o build/iree --target cortex-m4
stay with TensorFlow Lite Micro, and give it a better memory plan:
  fdt-compile model.tflite --emit tflite-plan -o planned.tflite

Then run it, here or on an emulated core: fdt-run build/model --target cortex-m4

exit status: 0 done; 1 the model cannot be compiled; 2 wrong usage; 3 internal error
"""


def compile_parser() -> argparse.ArgumentParser:
    """Return the parser; each group of options answers one wish."""
    parser = CommandParser(
        prog="fdt-compile",
        usage="%(prog)s MODEL [-o FOLDER] [options]",
        description="Compile a TinyML model to plain C that needs the least RAM.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    _add_input_and_output(parser)
    _add_memory_options(parser)
    _add_code_options(parser)
    _add_place_options(parser)
    _add_model_options(parser)
    _add_insight_options(parser)
    _add_general_options(parser)
    return parser


# --- Values ---------------------------------------------------------------------------------------


def parse_bytes(text: str) -> int:
    """Read a size such as 24576, 24K or 1.5M. Raises ArgumentTypeError for anything else."""
    # Imported here, so that --help answers at once.
    from fdt_mlir.options import parse_size

    try:
        return parse_size(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


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


# --- Groups of options ----------------------------------------------------------------------------


def _add_input_and_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("from a model to files")
    group.add_argument(
        "model", type=Path, metavar="MODEL", help="a .tflite, .onnx, .mlir or .mlirbc file"
    )
    group.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="folder for the C and the report"
    )
    group.add_argument(
        "--package",
        action="append",
        choices=PACKAGE_KINDS,
        default=[],
        metavar="TOOL",
        help="also write a folder for this build system, with an example: "
        f"{', '.join(PACKAGE_KINDS)}; may be repeated",
    )
    group.add_argument(
        "--emit",
        choices=("c", "tflite-plan"),
        default="c",
        help="C (default), or the same .tflite model with a plan for TensorFlow Lite Micro, written"
        " to the file of -o",
    )
    group.add_argument(
        "--selftest",
        action="store_true",
        help="store samples in C: NAME_selftest() runs them on the device and compares",
    )
    group.add_argument(
        "--selftest-vectors",
        type=Path,
        metavar="VECTORS.npz",
        help="store these samples (inputs, and outputs where they are known) for --selftest",
    )
    group.add_argument(
        "--backend",
        choices=("c", "iree"),
        default="c",
        help="plain C (default), or C and kernels for IREE's runtime (docs/iree.md)",
    )
    group.add_argument("--name", help="prefix of all C names (default: the file's name)")


def _add_memory_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("trade RAM for work")
    group.add_argument(
        "--ram",
        type=parse_bytes,
        default=0,
        metavar="SIZE",
        help="fit this much RAM, such as 24K, with the least additional work",
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


def _add_code_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("make it fast")
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


def _add_place_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("choose where tensors lie")
    group.add_argument(
        "--memory",
        type=parse_memories,
        default={},
        metavar="NAME=SIZE,...",
        help="the memories to use, the fastest first: with several, each has an arena of its own,"
        " and what is accessed most lies in the fastest",
    )
    group.add_argument(
        "--keep-inputs",
        action="store_true",
        help="leave the inputs intact: never reuse their bytes",
    )
    group.add_argument(
        "--stream-input",
        action="store_true",
        help="take the input row by row, with <name>_push_rows: it is never whole in RAM",
    )
    group.add_argument(
        "--streamed-input",
        dest="stream_input",
        metavar="INPUT",
        help="the same for one of several inputs: its name, or input:N",
    )
    group.add_argument(
        "--pin",
        type=parse_pin,
        action="append",
        default=[],
        metavar="input:N=[MEMORY:]OFFSET",
        help="fix the place of input N in the arena, such as a buffer that DMA fills",
    )


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("say how the model is meant")
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


def _add_insight_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("understand and steer the result")
    group.add_argument("--explain", action="store_true", help="say why each layer is tiled or not")
    group.add_argument(
        "--plot",
        type=Path,
        metavar="FILE.svg",
        help="draw where every buffer lies while it lives, before and after",
    )
    group.add_argument("--json", action="store_true", help="print the report as JSON")
    group.add_argument(
        "--transform-script",
        type=Path,
        metavar="FILE",
        help="apply this schedule (schedule.mlir of an earlier run, perhaps edited)",
    )


def _add_general_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the command")
    group.add_argument("-h", "--help", action="help", help="print this")
    group.add_argument("--version", action=VersionAction)
    group.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    group.add_argument("--debug", action="store_true", help="show tracebacks of internal errors")
