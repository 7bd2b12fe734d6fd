"""Runs the tests in .mlir files: `lit -q test`, with the Python environment that lit runs in."""

import os
import sys
from pathlib import Path

import lit.formats

repository = Path(__file__).resolve().parent.parent

config = config  # noqa: F821 -- lit defines it before it runs this file
config.name = "fdt-mlir"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["unit", "e2e", "golden", "Output"]
config.test_source_root = str(repository / "test")
config.test_exec_root = str(repository / "build" / "lit")

search_path = [str(repository / "python"), os.environ.get("PYTHONPATH", "")]
config.environment["PYTHONPATH"] = os.pathsep.join(filter(None, search_path))


def substitute_tool(name: str, module: str) -> None:
    """Run a command as a module of this interpreter; paths that contain its name stay as is."""
    pattern = rf"(?<![\w./-]){name}(?![\w./-])"
    config.substitutions.append((pattern, f'"{sys.executable}" -m {module}'))


for command in ("compile", "opt", "run"):
    substitute_tool(f"fdt-{command}", f"fdt_mlir.cli.{command}")
substitute_tool("FileCheck", "filecheck")
