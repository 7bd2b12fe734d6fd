"""Our C of random EmitC programs behaves as the C that MLIR's own translation gives."""

import shutil
import subprocess
from pathlib import Path

import pytest
from emitc_programs import random_module

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.emitc.c_printer import print_c

_FUNCTIONS = 8
_WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-pedantic"]
# Random programs compare values that cannot be equal, which is no fault of the printer.
_RANDOM_ARITHMETIC = ["-Wno-type-limits", "-Wno-tautological-compare"]
_MAIN = """
#include <inttypes.h>
#include <stdio.h>

int main(void) {
  int64_t (*const functions[])(int32_t, int64_t, uint32_t, int8_t, int32_t *) = {%s};
  for (int run = 0; run < 12; ++run) {
    for (int f = 0; f < (int)(sizeof functions / sizeof *functions); ++f) {
      int32_t memory[8] = {5, -3, 100, 0, 9, -77, 1, run};
      int64_t result = functions[f](run * 37 - 200, (int64_t)run * 99999999 - 300000000,
                                    (uint32_t)run * 2654435761u, (int8_t)(run * 21 - 120), memory);
      printf("%%" PRId64, result);
      for (int i = 0; i < 8; ++i) printf(" %%" PRId32, memory[i]);
      printf("\\n");
    }
  }
  return 0;
}
"""


def _program(c_text: str) -> str:
    return c_text + _MAIN % ", ".join(f"f{number}" for number in range(_FUNCTIONS))


def _run(source: str, folder: Path, name: str, flags: list[str]) -> str:
    path = folder / f"{name}.c"
    path.write_text(source)
    subprocess.run(["gcc", *flags, str(path), "-o", str(folder / name)], check=True)
    return subprocess.run([str(folder / name)], check=True, capture_output=True, text=True).stdout


def _printed(text: str) -> str:
    with mlir_context():
        module = ir.Module.parse(text)
        module.operation.verify()
        return print_c(module)


@pytest.mark.parametrize("compiler", ["clang", "arm-none-eabi-gcc"])
def test_other_compilers_find_nothing_to_warn_about(compiler: str, tmp_path: Path):
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    source = tmp_path / "program.c"
    source.write_text(_printed(random_module(99, 40, statements=40)))
    flags = [*_WARNINGS, *_RANDOM_ARITHMETIC, "-fsyntax-only"]
    subprocess.run([compiler, *flags, str(source)], check=True)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_compute_what_mlirs_translation_computes(seed: int, tmp_path: Path):
    translate = shutil.which("mlir-translate-22") or shutil.which("mlir-translate")
    if translate is None:
        pytest.skip("needs mlir-translate")
    text = random_module(seed, _FUNCTIONS, statements=40)
    ours = _printed(text)
    emitc = tmp_path / "program.mlir"
    emitc.write_text(text)
    theirs = subprocess.run(
        [translate, "--mlir-to-cpp", str(emitc)], check=True, capture_output=True, text=True
    ).stdout

    checked = [*_WARNINGS, *_RANDOM_ARITHMETIC, "-fsanitize=undefined", "-fno-sanitize-recover"]
    actual = _run(_program(ours), tmp_path, "ours", checked)
    assert actual == _run(_program(theirs), tmp_path, "theirs", ["-std=c99", "-w", "-O1"])
    assert actual == _run(_program(ours), tmp_path, "optimised", ["-std=c99", "-O2"])
