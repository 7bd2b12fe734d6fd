"""`fdt-compile --backend iree`: a model becomes a module of IREE."""

from __future__ import annotations

import argparse
import json
import sys

from rich.console import Console

from fdt_mlir.api import CompileOptions
from fdt_mlir.errors import ExitStatus, UsageError
from fdt_mlir.iree.backend import IreeCompiled, compile_for_iree


def compile_iree(
    options: argparse.Namespace, choices: CompileOptions, messages: Console
) -> ExitStatus:
    """Compile for IREE, and write and show what the options ask for.

    Raises UsageError for options that show or package the C.
    """
    if options.package or options.selftest or options.explain or options.plot:
        raise UsageError("--package, --selftest, --explain and --plot are for the C back end")
    target = "host" if options.target == "generic" else options.target
    with messages.status("importer") as status:
        compiled = compile_for_iree(options.model, choices, target, status.update)
    if options.output is not None:
        compiled.write(options.output)
    if options.json:
        sys.stdout.write(json.dumps(compiled.report, indent=2) + "\n")
    elif not options.quiet:
        Console().print(_summary(compiled), soft_wrap=True, highlight=False)
        if options.output is not None:
            messages.print(f"wrote {', '.join(compiled.files)} to {options.output}")
    return ExitStatus.DONE


def _summary(compiled: IreeCompiled) -> str:
    report = compiled.report
    before, after = report["iree_transient_bytes_untiled"], report["transient_bytes"]
    less = f" ({100 * (1 - after / before):.1f} % less)" if before else ""
    paths = ", ".join(path["glyph"] for path in report["paths"]) or "none"
    return (
        f"{report['name']} for IREE on {report['target']}\n"
        f"  transient memory: {before:,} B as IREE allocates it, {after:,} B planned{less}\n"
        f"  the C back end needs {report['arena_bytes']:,} B, inputs and outputs included\n"
        f"  tiled paths: {paths}"
    )
