"""The shadow memory: each kind of access that it traps, and what it says of it."""

from pathlib import Path

import numpy as np
import pytest
from sample_model import expected, write_model
from test_targets_run import samples

from fdt_mlir.errors import CompileError, UsageError
from fdt_mlir.targets import run_many
from fdt_mlir.targets.variants import SHADOW


def test_what_is_right_runs(tmp_path: Path) -> None:
    inputs = samples(3)
    results = run_many(write_model(tmp_path), "host", inputs, variant=SHADOW)
    for (x,), result in zip(inputs, results, strict=True):
        for given, wanted in zip(result.outputs, expected(x), strict=True):
            np.testing.assert_array_equal(given, wanted)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        # Through the pointer of one buffer into the bytes of another.
        (
            "x[8] = 1;",
            "step 1 'add' writes byte 8 of buffer 'x', outside of it",
        ),
        ("*sum += x[-1];", "step 1 'add' reads byte -1 of buffer 'x', outside of it"),
        # Beyond the arena: its guards are memory, so that this does not just crash.
        ("*sum += x[30];", "step 1 'add' reads byte 30 of buffer 'x', outside of it"),
        (
            "fdt_trace_allocate(0);",
            "step 1 'add' reads byte 0 of buffer 'x', which nothing has written since the buffer",
        ),
        # The sum is put over the input: two buffers at one place, in their own bounds both.
        (
            "sum = (int32_t *)(void *)(fdt_trace_buffer(base, 0, 2, 0, 4)); *sum = 0;",
            "step 1 'add' reads byte 0 of buffer 'x', which step 1 'add' has overwritten with byte"
            " 0 of buffer 'sum'",
        ),
        (
            "x = fdt_trace_buffer(base, 0, 0, 8, 6) + 8; fdt_trace_input(0);",
            "the caller reads byte 0 of buffer 'doubled', which step 1 'add' has overwritten with"
            " byte 0 of buffer 'x'",
        ),
    ],
)
def test_traps(tmp_path: Path, statement: str, message: str) -> None:
    model = write_model(tmp_path)
    traced = model / "twice_traced.inc"
    text = traced.read_text().replace("  *sum = 0;\n", f"  *sum = 0;\n  {statement}\n")
    traced.write_text(text)
    with pytest.raises(CompileError) as caught:
        run_many(model, "host", samples(1), variant=SHADOW)
    assert f"{message}" in str(caught.value)
    assert "(sample 0)" in str(caught.value)


def test_host_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the shadow memory needs the host's address space"):
        run_many(write_model(tmp_path), "cortex-m4", samples(1), variant=SHADOW)


def test_models_of_an_older_version(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    (model / "twice_traced.inc").unlink()
    with pytest.raises(CompileError, match=r"there is no twice_traced\.inc") as caught:
        run_many(model, "host", samples(1), variant=SHADOW)
    assert "compile the model again" in str(caught.value)
