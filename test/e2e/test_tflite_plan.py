"""Models with our layout as metadata, run by unmodified TensorFlow Lite Micro."""

import re
from pathlib import Path

import numpy as np
import pytest

from e2e.shared_models import shared_model
from fdt_mlir.cli.compile import main
from fdt_mlir.tflite_plan import plan_tflite

HEADS = {
    "ad01_int8": 768,
    "kws_ref_model": 16000,
    "pretrainedResnet_quant": 49152,
    "vww_96_int8": 55296,  # TFLM's own plan needs 73728
    "magic_wand": 13824,
}


def run_on_tflm(data: bytes, capfd: pytest.CaptureFixture[str]) -> tuple[bytes, int]:
    """Run once on seeded inputs; returns the output, and the bytes at the head of the arena."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 20)
    details = interpreter.get_input_details(0)
    numbers = np.random.default_rng(0).integers(-100, 100, details["shape"])
    interpreter.set_input(numbers.astype(details["dtype"]), 0)
    interpreter.invoke()
    capfd.readouterr()
    interpreter.print_allocations()
    printed = "".join(capfd.readouterr())
    head = re.search(r"Arena allocation head (\d+) bytes", printed)
    assert head, printed
    return interpreter.get_output(0).tobytes(), int(head.group(1))


# Wrong if TFLM does not find the plan, places anything beside it, or computes something else.
@pytest.mark.parametrize("name", HEADS)
def test_tflm_needs_the_live_sum(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    path, planned = shared_model(f"{name}.tflite"), tmp_path / "planned.tflite"
    assert main([str(path), "--emit", "tflite-plan", "-o", str(planned), "-q"]) == 0
    expected, own_head = run_on_tflm(path.read_bytes(), capfd)
    output, head = run_on_tflm(planned.read_bytes(), capfd)
    assert output == expected
    assert head == HEADS[name] <= own_head


# Wrong if a plan stays behind when the model is planned again.
def test_an_old_plan_is_replaced(tmp_path: Path):
    once = plan_tflite(shared_model("ad01_int8.tflite"))
    path = tmp_path / "once.tflite"
    once.write(path)
    twice = plan_tflite(path)
    assert twice.data.count(b"OfflineMemoryAllocation") == 2  # the old name, unreferenced, and ours
    assert twice.plan == once.plan
