"""The README's example of using a compiled model is C that compiles."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fdt_mlir import api

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "examples" / "models" / "kws.tflite"
GCC = ("gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_readme_example_compiles(tmp_path: Path) -> None:
    (example,) = re.findall(r"```c\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (tmp_path / "example.c").write_text(example)
    api.compile(MODEL).write(tmp_path / "kws")
    command = [*GCC, "-Ikws", "-c", "example.c"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
