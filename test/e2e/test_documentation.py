"""Every command and every example of the documentation does what the page says: it runs.

The blocks of a page run in their order and in one folder, in which the files lie that the pages
speak of: `model.tflite`, `model.onnx` and so on stand for a model of the reader's.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).parents[2]
# Its commands need the tools of many vendors: test/package/test_page.py runs those that are here.
OF_PACKAGES = "docs/packaging.md"
PAGES = sorted(
    {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"))
    }
    - {OF_PACKAGES}
)
LANGUAGES = ("sh", "python", "c")
# Why other commands of the pages do not run here.
ELSEWHERE = {
    ".": "the environment is this one",
    "pip": "the tests of the wheel install",
    "tools/demo": "test_demo.py runs it",
    "tools/test": "it would run this test",
    "tools/bench": "it measures for minutes; test_bench.py has its parts",
    "tools/docs": "test_docs_pages.py runs it",
    "tools/fuzz": "it compiles for minutes; the fuzz stage has its parts",
    ".venv/bin/ruff": "it would change files",
}
NEEDED = {"arm-none-eabi-gcc": ("cortex-m", "arm-none-eabi"), "qemu-system-arm": ("cortex-m",)}
C_FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")


@dataclass(frozen=True)
class Block:
    """A block of a page: its language, its text, and its line, counted from 1."""

    language: str
    text: str
    line: int


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page that are to run, in order."""
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [
        Block(match[1], match[2], text[: match.start()].count("\n") + 1)
        for match in found
        if match[1] in LANGUAGES and not is_excerpt(match[1], match[2])
    ]


def joined(blocks: Sequence[Block]) -> list[Block]:
    """Python that no command interrupts is one program."""
    programs: list[Block] = []
    for block in blocks:
        if programs and block.language == programs[-1].language == "python":
            before = programs.pop()
            block = Block("python", before.text + block.text, before.line)
        programs.append(block)
    return programs


def is_excerpt(language: str, text: str) -> bool:
    """Whether a block shows a part of a file, which does not compile by itself."""
    return language == "c" and '#include "' not in text


def commands_of(block: Block) -> list[list[str]]:
    """The words of each line of a block of commands, without comments."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that stand for the reader's own."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copy(ROOT / "examples" / "models" / "ae.tflite", folder / "model.tflite")
    shutil.copy(ROOT / "test" / "importer" / "make-batch-static.mlir", folder / "model.mlir")
    onnx.save(quantised_audio_model(), folder / "model.onnx")
    write_layers(folder)
    return folder


def quantised_audio_model() -> onnx.ModelProto:
    """A convolution between quantised edges; the shape of its input is open."""
    scale = numpy_helper.from_array(np.float32(0.05), "scale")
    zero = numpy_helper.from_array(np.int8(3), "zero")
    weights = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.int8), "weights")
    nodes = [
        helper.make_node("QuantizeLinear", ["audio", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["x"]),
        helper.make_node("DequantizeLinear", ["weights", "scale"], ["w"]),
        helper.make_node("Conv", ["x", "w"], ["y"]),
        helper.make_node("QuantizeLinear", ["y", "scale", "zero"], ["r"]),
        helper.make_node("DequantizeLinear", ["r", "scale", "zero"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "audio",
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["n", 1, 49, 10])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, None)],
        [scale, zero, weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def write_layers(folder: Path) -> None:
    """A module in layer form with paths, and the schedule that belongs to it."""
    from fdt_mlir.bindings import ir, mlir_context
    from fdt_mlir.schedules.generate import schedule_text

    text = (ROOT / "test" / "schedules" / "tile-and-fuse.mlir").read_text()
    maps = re.findall(r"^#\w+ = .*\n", text, re.MULTILINE)
    case = re.search(r"^func\.func @fan_in\(.*?^}\n", text, re.DOTALL | re.MULTILINE)
    assert case is not None
    (folder / "layers.mlir").write_text("".join(maps) + case[0])
    with mlir_context():
        module = ir.Module.parse((folder / "layers.mlir").read_text())
        (folder / "schedule.mlir").write_text(schedule_text(module))


def run(command: Sequence[str], folder: Path, where: str) -> None:
    commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": commands},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert done.returncode == 0, f"{where}:\n{done.stdout}"


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str, models: Path, tmp_path: Path) -> None:
    blocks = joined(blocks_of((ROOT / page).read_text()))
    if not blocks:
        return
    for tool, signs in NEEDED.items():
        if not shutil.which(tool) and any(s in b.text for b in blocks for s in signs):
            pytest.skip(f"{tool} is not installed")
    shutil.copytree(models, tmp_path, dirs_exist_ok=True)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "test").symlink_to(ROOT / "test")
    for block in blocks:
        where = f"{page}, line {block.line}"
        if block.language == "python":
            run([sys.executable, "-c", block.text], tmp_path, where)
        elif block.language == "c":
            compile_c(block, tmp_path, where)
        else:
            commands = commands_of(block)
            kept = [shlex.join(words) for words in commands if words[0] not in ELSEWHERE]
            script = unquoted_redirections("\n".join(kept))
            run(["bash", "-euo", "pipefail", "-c", script], tmp_path, where)


def unquoted_redirections(script: str) -> str:
    """`shlex.join` quotes the sign of a redirection; it has to mean one."""
    return script.replace(" '>' ", " > ")


def compile_c(block: Block, folder: Path, where: str) -> None:
    """Compile an example against the header of the model that it includes, compiled before."""
    (header,) = re.findall(r'#include "(\w+)\.h"', block.text)
    found = sorted(folder.glob(f"build/*/{header}.h"))
    if not found:
        model = ROOT / "examples" / "models" / f"{header}.tflite"
        name = ("fdt-compile", str(model), "-q", "-o", f"build/{header}")
        run(name, folder, where)
        found = sorted(folder.glob(f"build/*/{header}.h"))
    (folder / "example.c").write_text(block.text)
    command = ("gcc", *C_FLAGS, f"-I{found[0].parent}", "-c", "example.c", "-o", "example.o")
    run(command, folder, where)


def test_what_does_not_run_here_exists() -> None:
    """A command that runs elsewhere is no excuse for one that is misspelt."""
    for page in PAGES:
        for block in blocks_of((ROOT / page).read_text()):
            if block.language != "sh":
                continue
            for words in commands_of(block):
                if words[0].startswith("tools/"):
                    assert os.access(ROOT / words[0], os.X_OK), f"{page}: {words[0]}"


def test_every_command_is_in_a_block_that_runs() -> None:
    """A command in a block without a language would never be tried."""
    for page in PAGES:
        text = (ROOT / page).read_text()
        for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            commands = re.findall(r"^(?:\$ )?(?:fdt-\w+|tools/\w+) .*$", match[2], re.MULTILINE)
            assert not commands or match[1] == "sh", f"{page}: {commands}"
