"""--version and --help of the three commands."""

import re
from importlib.metadata import version

import pytest

from fdt_mlir.cli import compile as compile_command
from fdt_mlir.cli import opt, run
from fdt_mlir.cli.compile_options import compile_parser
from fdt_mlir.cli.versions import version_text

MAINS = {"fdt-compile": compile_command.main, "fdt-run": run.main, "fdt-opt": opt.main}


def test_versions_are_those_installed_and_what_they_were_built_from() -> None:
    lines = version_text().splitlines()
    assert lines[0] == f"fdt-mlir {version('fdt-mlir')}"
    compiler, converter = lines[1:3]
    assert re.fullmatch(
        rf"iree-base-compiler {re.escape(version('iree-base-compiler'))}"
        r" \(IREE [0-9a-f]{12}, LLVM and MLIR \d+\.\d+\S*\)",
        compiler,
    )
    assert re.fullmatch(
        r"tosa-\S+ \S+ \(TensorFlow [0-9a-f]{12}, LLVM .* [0-9a-f]{12}\)", converter
    )
    assert {line.split()[0] for line in lines} >= {"tflite", "onnx", "ortools", "Python"}


@pytest.mark.parametrize("name", MAINS)
def test_every_command_prints_them(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert MAINS[name](["--version"]) == 0
    assert capfd.readouterr().out.startswith(f"fdt-mlir {version('fdt-mlir')}\niree-base-compiler ")


@pytest.mark.parametrize("name", MAINS)
def test_help_names_the_command_and_shows_examples(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert MAINS[name](["--help"]) == 0
    printed = capfd.readouterr().out
    assert printed.startswith(f"usage: {name} ")
    assert f"\n  {name} " in printed
    # Options without a heading of ours would land under one of these.
    assert "\noptions:" not in printed
    assert "\npositional arguments:" not in printed


def test_every_example_of_compile_is_valid() -> None:
    parser = compile_parser()
    examples = re.findall(r"^  fdt-compile (.+)$", parser.epilog or "", re.MULTILINE)
    assert examples
    for example in examples:
        parser.parse_args(example.split())
