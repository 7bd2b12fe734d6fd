"""A small model written by hand: the contract of generated C without the compiler."""

import json
from pathlib import Path

import numpy as np

ARENA_BYTES = 20

_HEADER = """
#ifndef TWICE_H
#define TWICE_H
#define TWICE_ARENA_BYTES 20
#define TWICE_ARENA_ALIGN 4
#define TWICE_INPUT_COUNT 1
#define TWICE_INPUT_0_OFFSET 0
#define TWICE_INPUT_0_BYTES 6
#define TWICE_OUTPUT_COUNT 2
#define TWICE_OUTPUT_0_OFFSET 8
#define TWICE_OUTPUT_0_BYTES 6
#define TWICE_OUTPUT_1_OFFSET 16
#define TWICE_OUTPUT_1_BYTES 4
int twice_invoke(void *arena);
#endif
"""

_SOURCE = """
#include "twice.h"
#include <stdint.h>

extern const int8_t twice_offset[1];

int twice_invoke(void *arena) {
  const int8_t *x = (const int8_t *)arena;
  int16_t *doubled = (int16_t *)((int8_t *)arena + 8);
  int32_t *sum = (int32_t *)(void *)((int8_t *)arena + 16);
  *sum = 0;
  for (int i = 0; i < 6; ++i) {
    *sum += x[i];
    if (i < 3) doubled[i] = (int16_t)(2 * x[i] + twice_offset[0]);
  }
  %s
  return 0;
}
"""

_WEIGHTS = """
#include <stdint.h>
extern const int8_t twice_offset[1];
const int8_t twice_offset[1] = {5};
"""

_TRACED = """
#include "twice.c"

#include "fdt_trace.h"

int twice_traced_invoke(void *arena);

int twice_traced_invoke(void *arena) {
  int8_t *base = (int8_t *)arena;
  fdt_trace_start(1, TWICE_ARENA_BYTES, 3);
  fdt_trace_arena(0, base, TWICE_ARENA_BYTES);
  int8_t *x = fdt_trace_buffer(base, 0, 0, 0, 6);
  int8_t *doubled = fdt_trace_buffer(base, 0, 1, 8, 6) + 8;
  int32_t *sum = (int32_t *)(void *)(fdt_trace_buffer(base, 0, 2, 16, 4) + 16);
  fdt_trace_input(0);
  for (int32_t i = 0; i < 3; ++i) {
    int16_t value = (int16_t)(2 * x[i] + twice_offset[0]);
    fdt_trace_value(i);
    fdt_trace_value(i);
    fdt_trace_value(i + 1);
    fdt_trace_begin(0);
    doubled[2 * i] = (int8_t)(value & 0xFF);
    doubled[2 * i + 1] = (int8_t)(value >> 8);
    fdt_trace_end(0, doubled, 6);
  }
  fdt_trace_begin(1);
  *sum = 0;
  %s
  for (int32_t i = 0; i < 6; ++i) *sum += x[i];
  fdt_trace_end(1, sum, 4);
  fdt_trace_output(1, 8, 6);
  fdt_trace_output(2, 16, 4);
  fdt_trace_finish();
  return 0;
}
"""

_REPORT = {
    "name": "twice",
    "steps": [
        {"name": "double", "kind": "elementwise"},
        {"name": "add", "kind": "reduce"},
    ],
    "buffers": [{"name": "x"}, {"name": "doubled"}, {"name": "sum"}],
    "inputs": [
        {
            "name": "x",
            "shape": [1, 2, 3],
            "type": "int8",
            "scale": 0.5,
            "zero_point": -3,
            "offset": 0,
            "bytes": 6,
        }
    ],
    "outputs": [
        {"name": "doubled", "shape": [3], "type": "int16", "offset": 8, "bytes": 6},
        {"name": "sum", "shape": [], "type": "int32", "offset": 16, "bytes": 4},
    ],
}


def write_model(folder: Path, extra_statement: str = "") -> Path:
    """Write the model: 2x + 5 of the first three elements, and the sum of all six.

    `extra_statement` runs at the end of invoke and in the second step of the traced model, to make
    it misbehave.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "twice.h").write_text(_HEADER)
    (folder / "twice.c").write_text(_SOURCE % extra_statement)
    (folder / "twice_traced.inc").write_text(_TRACED % extra_statement)
    (folder / "twice_weights.c").write_text(_WEIGHTS)
    (folder / "report.json").write_text(json.dumps(_REPORT))
    return folder


def expected(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the model must give for an int8 array of six elements."""
    flat = x.astype(np.int32).reshape(6)
    return (2 * flat[:3] + 5).astype(np.int16), np.asarray(flat.sum(), np.int32)
