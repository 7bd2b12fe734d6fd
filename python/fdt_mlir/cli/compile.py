"""fdt-compile: a model becomes C."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from fdt_mlir.cli.compile_options import compile_parser
from fdt_mlir.cli.guard import run_guarded
from fdt_mlir.errors import ExitStatus, UsageError

_FILE_COLUMNS = 120


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    return run_guarded(_run, argv, "fdt-compile")


def _run(argv: Sequence[str]) -> int:
    options = compile_parser().parse_args(argv)
    if options.package and (options.output is None or options.emit != "c"):
        raise UsageError("--package adds folders to the C: name the output with -o, and emit C")
    if options.emit == "tflite-plan":
        return _emit_tflite_plan(options)
    # Imported here, so that --help and --version answer at once.
    from rich.console import Console

    from fdt_mlir.api import CompileOptions, compile_model, write_file
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
        stream_input=options.stream_input,
        outputs=options.outputs,
        io=options.io,
        numerics=options.numerics,
        shapes=dict(options.shape),
        io_layout=options.io_layout,
        target=options.target if options.backend == "c" else "generic",
        optimize=options.optimize,
        selftest=options.selftest or options.selftest_vectors is not None,
        selftest_vectors=options.selftest_vectors,
    )
    if options.backend == "iree":
        from fdt_mlir.cli.compile_iree import compile_iree

        return compile_iree(options, choices, messages)
    code = None
    with messages.status("importer") as status:
        compiled = compile_model(options.model, choices, status.update)
        if not (options.json or options.quiet):
            status.update("measuring the code")
            weights_bytes = compiled.report["weights_bytes"]
            code = measure_code(compiled.sources, weights_bytes, options.target)
    if options.output is not None:
        compiled.write(options.output, options.package)
    if options.plot is not None:
        write_file(options.plot, compiled.plot())
    if options.json:
        sys.stdout.write(json.dumps(compiled.report, indent=2) + "\n")
    elif not options.quiet:
        console = Console(width=_width())
        print_summary(compiled.report, console, code)
        if options.explain:
            print_explanation(compiled.report, compiled.discovery, console)
        if options.output is not None:
            written = [*compiled.files, *(f"{kind}/" for kind in options.package)]
            messages.print(f"wrote {', '.join(written)} to {options.output}")
    return ExitStatus.DONE


def _width() -> int | None:
    """Columns to print in: files and pipes, which have no width, get room for long names."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else _FILE_COLUMNS


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


if __name__ == "__main__":
    sys.exit(main())
