"""The generated C: little stack, nothing writable, two arenas at once."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from e2e.shared_models import shared_model
from fdt_mlir import api, targets
from models import oracle

STACK_LIMIT = 1024
EXAMPLES = Path(__file__).parents[2] / "examples" / "models"
OWN = ["kws", "cif", "mw", "txt"]
SHARED = ["kws_ref_model", "ad01_int8", "magic_wand"]
SHARED_SLOW = ["vww_96_int8", "pretrainedResnet_quant", "cifar10", "text_class"]


def path_of(name: str) -> Path:
    return EXAMPLES / f"{name}.tflite" if name in OWN else shared_model(f"{name}.tflite")


@pytest.mark.parametrize(
    "name",
    [*OWN, *SHARED, *(pytest.param(name, marks=pytest.mark.slow) for name in SHARED_SLOW)],
)
def test_stack_is_bounded_and_small_on_a_cortex_m4(name: str, tmp_path: Path) -> None:
    path = path_of(name)
    api.compile(path, target="cortex-m4").write(tmp_path / "model")
    program = targets.build(tmp_path / "model", "cortex-m4")
    assert program.sizes.writable_bytes == 0
    (result,) = targets.execute(program, [oracle.pattern_inputs(path)])
    assert program.stack is not None, "recursion or a frame of unknown size"
    assert result.stack_bytes is not None
    # What is painted may include an interrupt of the counter: 32 bytes, and 72 of FPU registers.
    library = 128 * len(program.stack.library)
    assert result.stack_bytes <= program.stack.size_bytes + library + 104
    assert program.stack.size_bytes + library < STACK_LIMIT


# Two threads, each with an arena of its own, invoke over and over: an inference that shares
# anything with the other one ends with its numbers.
_THREADS = """
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "model.h"

enum { TURNS = 200 };

static pthread_barrier_t barrier;

struct job {
  const unsigned char *input;
  unsigned char output[MODEL_OUTPUT_0_BYTES];
  int failures;
};

static void *run(void *argument) {
  struct job *job = argument;
  MODEL_ARENA(arena);
  for (int turn = 0; turn < TURNS; ++turn) {
    unsigned char *bytes = (unsigned char *)&arena;
    memcpy(bytes + MODEL_INPUT_0_OFFSET, job->input, MODEL_INPUT_0_BYTES);
    pthread_barrier_wait(&barrier);
    job->failures += model_invoke(&arena) != 0;
    const unsigned char *output = bytes + MODEL_OUTPUT_0_OFFSET;
    if (turn > 0) job->failures += memcmp(job->output, output, sizeof job->output) != 0;
    memcpy(job->output, output, sizeof job->output);
  }
  return NULL;
}

int main(void) {
  static unsigned char inputs[2][MODEL_INPUT_0_BYTES];
  if (fread(inputs, 1, sizeof inputs, stdin) != sizeof inputs) return 1;
  struct job jobs[2] = {{.input = inputs[0]}, {.input = inputs[1]}};
  pthread_t threads[2];
  pthread_barrier_init(&barrier, NULL, 2);
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, run, &jobs[i]);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  for (int i = 0; i < 2; ++i) fwrite(jobs[i].output, 1, sizeof jobs[i].output, stdout);
  return jobs[0].failures + jobs[1].failures;
}
"""


def test_two_arenas_at_once(tmp_path: Path) -> None:
    path = EXAMPLES / "kws.tflite"
    api.compile(path, name="model").write(tmp_path / "model")
    (tmp_path / "main.c").write_text(_THREADS)
    program = tmp_path / "program"
    sources = [str(tmp_path / "main.c"), str(tmp_path / "model" / "model.c")]
    flags = ["-O1", "-pthread", f"-I{tmp_path / 'model'}"]
    subprocess.run(["gcc", *flags, *sources, "-o", str(program)], check=True)
    samples = oracle.random_inputs(path, 2)
    given = b"".join(array.tobytes() for sample in samples for array in sample)
    done = subprocess.run([str(program)], input=given, capture_output=True)
    assert done.returncode == 0
    expected = [oracle.reference_outputs(path, sample)[0] for sample in samples]
    assert not np.array_equal(*expected)
    assert done.stdout == b"".join(array.tobytes() for array in expected)
