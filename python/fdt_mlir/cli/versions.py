"""--version: every number that decides what a compilation gives."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fdt_mlir import __version__

_SHOWN_DIGITS = 12  # of a commit's hash


class VersionAction(argparse.Action):
    """Prints the versions and ends the command; they are gathered only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any):
        super().__init__(option_strings, dest, nargs=0, help="print all versions that matter")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        # Not as the message of exit, which goes to standard error.
        print(version_text())
        parser.exit()


def version_text() -> str:
    """One line per package, this one first; commits behind those that are built from others."""
    # Imported here: it takes longer than a command needs to answer --help.
    import tosa_converter_for_tflite as converter

    from fdt_mlir.bindings import compiler_revisions

    built_from = {
        "iree-base-compiler": compiler_revisions(),
        "tosa-converter-for-tflite": {
            "TensorFlow": converter.__tensorflow_commit__[:_SHOWN_DIGITS],
            "LLVM and MLIR": converter.__llvm_commit__[:_SHOWN_DIGITS],
        },
        **{name: {} for name in ("tflite", "onnx", "ortools", "numpy")},
    }
    lines = [f"fdt-mlir {__version__}"]
    for package, parts in built_from.items():
        made_of = ", ".join(f"{name} {number}" for name, number in parts.items())
        lines.append(f"{package} {version(package)}" + (f" ({made_of})" if made_of else ""))
    system = f"{platform.system()} {platform.machine()}"
    return "\n".join([*lines, f"Python {platform.python_version()} on {system}"])
