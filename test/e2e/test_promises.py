"""Inputs that stay where and what they are: predicted, planned, and true of the running C."""

import subprocess
from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from e2e.shared_models import shared_model
from fdt_mlir.allocate.promises import write_promises
from fdt_mlir.api import compile
from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.errors import UsageError

CHOICES = {
    "kept": {"keep_inputs": True},
    "pinned": {"pins": {0: 4096}},
    "both": {"keep_inputs": True, "pins": {0: 64}},
}


# Wrong if paths reckon without the promise, or the planner breaks it.
@pytest.mark.parametrize("strategy", ["none", "auto"])
@pytest.mark.parametrize("case", CHOICES)
def test_arena_is_as_predicted(case: str, strategy: str):
    choices = CHOICES[case]
    compiled = compile(shared_model("kws_ref_model.tflite"), strategy=strategy, **choices)
    free = compile(shared_model("kws_ref_model.tflite"), strategy=strategy)
    report = compiled.report
    assert compiled.arena_bytes == compiled.discovery.predicted_arena_bytes >= free.arena_bytes
    (given,) = (buffer for buffer in report["buffers"] if buffer["name"] == "input_0")
    last_step = len(report["steps"])
    assert (given["last"] == last_step) == ("keep_inputs" in choices)
    if "pins" in choices:
        assert given["offset"] == report["inputs"][0]["offset"] == choices["pins"][0]
    if "keep_inputs" in choices:
        others = [buffer for buffer in report["buffers"] if buffer is not given]
        end = given["offset"] + given["bytes"]
        assert all(
            b["offset"] >= end or b["offset"] + b["bytes"] <= given["offset"] for b in others
        )
    assert report["layout_proved_optimal"]


_KEPT_MAIN = """
#include <stdio.h>
#include <string.h>
#include "kws.h"
static KWS_ARENA(arena);
int main(void) {
  uint8_t *input = arena.bytes + KWS_INPUT_0_OFFSET;
  uint8_t before[KWS_INPUT_0_BYTES];
  for (int run = 0; run < 2; ++run) {
    for (int i = 0; i < KWS_INPUT_0_BYTES; ++i) input[i] = (uint8_t)(37 * i + 101 * run + 7);
    memcpy(before, input, sizeof before);
    if (kws_invoke(&arena)) return 2;
    if (memcmp(before, input, sizeof before)) return 1;
  }
  printf("%d\\n", (int)(input - arena.bytes));
  return 0;
}
"""


# Wrong if the running C writes where an input is to stay, or the input lies elsewhere.
@pytest.mark.parametrize(
    ("case", "strategy", "status"),
    [
        ("kept", "none", 0),
        ("kept", "auto", 0),
        ("both", "none", 0),
        ("both", "auto", 0),
        ("pinned", "none", 1),
    ],
)
def test_inputs_are_intact_after_invoke(case: str, strategy: str, status: int, tmp_path: Path):
    choices = CHOICES[case]
    compiled = compile(
        shared_model("kws_ref_model.tflite"), strategy=strategy, name="kws", **choices
    )
    compiled.write(tmp_path / "kws")
    (tmp_path / "main.c").write_text(_KEPT_MAIN)
    command = ["gcc", "-std=c99", "-Ikws", "-fsanitize=address,undefined", "main.c", "kws/kws.c"]
    subprocess.run([*command, "-o", "main"], cwd=tmp_path, check=True, timeout=120)
    done = subprocess.run(
        [tmp_path / "main"], capture_output=True, text=True, timeout=60, check=False
    )
    # Without the promise, the bytes are used: the test could not fail otherwise.
    assert done.returncode == status, done.stderr
    if status == 0 and "pins" in choices:
        assert int(done.stdout) == choices["pins"][0]


# Wrong if the outputs of a model with promises are others.
@pytest.mark.parametrize("case", CHOICES)
def test_outputs_are_the_same(case: str):
    model = shared_model("kws_ref_model.tflite")
    check_bit_exact(model, sanitize=True, random_inputs=4, shadow=True, **CHOICES[case])


# Wrong if a pin that cannot be kept is found out too late, by a validator or a linker.
@pytest.mark.parametrize(
    ("pins", "message"),
    [
        ({1: 0}, "input 1 is pinned, but the model has 1 inputs"),
        ({0: 6}, "input 0 is pinned to 6, which is no multiple of its alignment 4"),
    ],
)
def test_pins_that_no_plan_can_keep(pins: dict[int, int], message: str):
    with pytest.raises(UsageError, match=message):
        compile(shared_model("cifar10.tflite"), pins=pins)


def test_pins_that_exclude_each_other():
    text = "func.func @main(%x: tensor<8xi8>, %y: tensor<3xi8>) { return }"
    message = "pinned onto each other: input 1 ends at 6, input 0 begins at 5"
    with mlir_context():
        module = ir.Module.parse(text)
        function = module.body.operations[0].operation
        with pytest.raises(UsageError, match=message):
            write_promises(function, keep_inputs=False, pins={0: 5, 1: 3})
