"""fdt-compile: a model becomes C."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from fdt_mlir import __version__
from fdt_mlir.cli.guard import run_guarded
from fdt_mlir.errors import ExitStatus

_EXAMPLES = """examples:
  fdt-compile model.tflite -o build/model      write build/model/model.c, model.h, report.json
  fdt-compile model.tflite --json              compile, print the report, write nothing
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    return run_guarded(_run, argv, "fdt-compile")


def _run(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    # Imported here, so that --help and --version answer at once.
    from rich.console import Console

    from fdt_mlir.api import compile as compile_model
    from fdt_mlir.report.table import print_summary

    messages = Console(stderr=True)
    with messages.status("reading") as status:
        compiled = compile_model(
            options.model,
            name=options.name,
            strategy=options.strategy,
            progress=lambda stage: status.update(stage),
        )
    if options.output is not None:
        compiled.write(options.output)
    if options.json:
        sys.stdout.write(json.dumps(compiled.report, indent=2) + "\n")
    elif not options.quiet:
        print_summary(compiled.report, Console())
        if options.output is not None:
            messages.print(f"wrote {', '.join(compiled.files)} to {options.output}")
    return ExitStatus.DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fdt-compile",
        description="Compile a TinyML model to plain C that needs the least RAM.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="a .tflite, .mlir or .mlirbc file")
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder for the C files")
    parser.add_argument("--name", help="prefix of all C names (default: the file's name)")
    parser.add_argument(
        "--strategy", choices=("none",), default="none", help="how to tile (default: none)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument("--debug", action="store_true", help="show tracebacks of internal errors")
    parser.add_argument("--version", action="version", version=f"fdt-mlir {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
