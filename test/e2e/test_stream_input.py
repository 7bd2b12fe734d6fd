"""Inputs that come row by row: exact, in less memory than the input itself, and safe to misuse."""

import re
import subprocess
from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from e2e.shared_models import shared_model
from fdt_mlir import api
from fdt_mlir.errors import CompileError, UsageError
from models.graph import Graph, Tensor
from models.single_op import model
from models.tflite_writer import write_file

# Bytes, found reachable by an estimator that shares nothing with this project.
ARENA_LIMITS = {"kws_ref_model": 4_900, "vww_96_int8": 14_600}


def chain(graph: Graph, x: Tensor) -> Tensor:
    """Strides, padding, a shortcut, pools: rows are taken at several rates."""
    x = graph.conv2d(x, 6, 3, strides=2, activation="RELU")
    y = graph.depthwise_conv2d(x, 3, activation="RELU")
    x = graph.add(x, y)
    x = graph.max_pool(x, 2)
    x = graph.conv2d(x, 5, (5, 3))
    return graph.average_pool(x, (2, 1))


def elementwise(graph: Graph, x: Tensor) -> Tensor:
    """The result has as many rows as the input, of which none is needed twice."""
    return graph.conv2d(graph.conv2d(x, 8, 1, activation="RELU6"), 3, 1)


SHAPES = {chain: (1, 29, 11, 3), elementwise: (1, 9, 4, 3)}


@pytest.mark.parametrize("element", ["int8", "float32"])
@pytest.mark.parametrize("build", SHAPES)
def test_on_the_host(build, element: str, tmp_path: Path) -> None:
    path = tmp_path / f"{build.__name__}.tflite"
    write_file(model([SHAPES[build]], build, element), path)
    whole = api.compile(path)
    compiled = check_bit_exact(path, sanitize=True, random_inputs=5, shadow=True, stream_input=True)
    assert compiled.arena_bytes == compiled.discovery.predicted_arena_bytes
    if build is chain:
        assert compiled.arena_bytes < whole.report["inputs"][0]["bytes"] + whole.arena_bytes // 4


@pytest.mark.parametrize("name", ARENA_LIMITS)
@pytest.mark.parametrize("device", ["host", "cortex-m4"])
def test_public_models(name: str, device: str) -> None:
    few = {"random_inputs": 3, "constant_inputs": 1}
    path, host = shared_model(f"{name}.tflite"), device == "host"
    compiled = check_bit_exact(
        path, device, sanitize=host, shadow=host, stream_input=True, target="cortex-m4", **few
    )
    assert compiled.arena_bytes <= ARENA_LIMITS[name]
    assert compiled.arena_bytes == compiled.discovery.predicted_arena_bytes


MISUSE = """
#include <string.h>
#include "chain.h"

static CHAIN_ARENA(arena);
static CHAIN_INPUT_0_TYPE rows[CHAIN_INPUT_0_BYTES / sizeof(CHAIN_INPUT_0_TYPE)];

int main(void) {
  uint8_t first[CHAIN_OUTPUT_0_BYTES];
  memset(&arena, 0x5A, sizeof arena);
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; ++i) {
    rows[i] = (CHAIN_INPUT_0_TYPE)(i * 37u);
  }
  chain_reset(arena.bytes);
  if (chain_invoke(arena.bytes) != 1) return 1; /* nothing was pushed */
  if (chain_push_rows(arena.bytes, rows, 3) != 0) return 2;
  if (chain_push_rows(arena.bytes, rows, 0) != 0) return 3;
  if (chain_invoke(arena.bytes) != 1) return 4; /* not enough */
  chain_reset(arena.bytes); /* start anew in the middle */
  if (chain_push_rows(arena.bytes, rows, CHAIN_INPUT_0_ROWS) != 0) return 5;
  if (chain_push_rows(arena.bytes, rows, 1) != 1) return 6; /* too many: not taken */
  if (chain_invoke(arena.bytes) != 0) return 7;
  memcpy(first, arena.bytes + CHAIN_OUTPUT_0_OFFSET, sizeof first);
  /* The next inference needs no reset; more rows than there are at once are cut. */
  if (chain_push_rows(arena.bytes, rows, CHAIN_INPUT_0_ROWS + 1) != 1) return 8;
  if (chain_invoke(arena.bytes) != 0) return 9;
  return memcmp(first, arena.bytes + CHAIN_OUTPUT_0_OFFSET, sizeof first) ? 10 : 0;
}
"""


def test_misuse(tmp_path: Path) -> None:
    """Rows that are missing, too many, or of an inference given up: told, and without harm."""
    path = tmp_path / "chain.tflite"
    write_file(model([SHAPES[chain]], chain, "int8"), path)
    folder = tmp_path / "chain"
    api.compile(path, stream_input=True).write(folder)
    # The last byte is read beyond `rows` where the surplus row were taken.
    (folder / "main.c").write_text(MISUSE, encoding="utf-8")
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-pedantic"]
    command += ["-fsanitize=address,undefined", "-fno-sanitize-recover", "chain.c", "main.c"]
    subprocess.run([*command, "-o", "misuse"], cwd=folder, check=True)
    assert subprocess.run([folder / "misuse"], check=False).returncode == 0


def test_what_cannot_be_streamed(tmp_path: Path) -> None:
    path = tmp_path / "chain.tflite"
    write_file(model([SHAPES[chain]], chain, "int8"), path)
    with pytest.raises(UsageError, match="strategy 'fdt' streams nothing"):
        api.compile(path, stream_input=True, strategy="fdt")
    with pytest.raises(UsageError, match="is not in the arena"):
        api.compile(path, stream_input=True, keep_inputs=True)


def test_a_schedule_that_streams_nothing(tmp_path: Path) -> None:
    path = tmp_path / "chain.tflite"
    write_file(model([SHAPES[chain]], chain, "int8"), path)
    streamed = tmp_path / "streamed"
    api.compile(path, stream_input=True).write(streamed)
    script = streamed / "schedule.mlir"
    replayed = api.compile(path, stream_input=True, transform_script=script)
    assert replayed.files["chain.c"] == (streamed / "chain.c").read_text(encoding="utf-8")
    text = script.read_text(encoding="utf-8")
    script.write_text(re.sub(r" *transform.include @path_\d.*\n", "", text), encoding="utf-8")
    with pytest.raises(CompileError, match="does not let the rows of the input come"):
        api.compile(path, stream_input=True, transform_script=script)
