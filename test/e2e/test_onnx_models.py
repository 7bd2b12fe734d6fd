"""The keyword model in ONNX's three kinds, as onnxruntime computes it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from e2e.harness import FLOAT_TOLERANCE
from e2e.shared_models import shared_model
from fdt_mlir import api, targets
from models.onnx_oracle import OnnxReference, random_floats

KINDS = ("fp32", "qdq", "qoperator")
INPUT = (1, 1960)
RADIUS = 10.0  # beyond the quantised range at both ends
# What enters the softmax, whose outputs are 0 and 1 for most inputs. In the QDQ model onnxruntime
# averages dequantised floats, whose rounding decides the many halves; what comes before is equal.
INSIDE = {
    "fp32": ("Add__25:0", 1.0),
    "qdq": ("Relu__8:0_QuantizeLinear_Output", 1.0),
    "qoperator": ("Add__25:0_quantized", 1.0),
}
PROBABILITY_STEP = 1 / 255
EQUAL_SHARE = 0.99
LARGEST_STEPS = 2


def _outputs(compiled: api.Compiled, target: str, samples: list[np.ndarray]) -> np.ndarray:
    with TemporaryDirectory() as folder:
        compiled.write(folder)
        results = targets.run_many(Path(folder), target, [[sample] for sample in samples])
    return np.stack([result.outputs[0] for result in results]).astype(np.float64)


def _check(kind: str, target: str, count: int, step: float, **options: Any) -> api.Compiled:
    path = shared_model(f"micro_kws_m_{kind}.onnx")
    samples = random_floats(INPUT, count, RADIUS)
    reference = OnnxReference(path, options.get("outputs", ()))
    expected = np.stack([reference.run([sample])[0] for sample in samples]).astype(np.float64)
    compiled = api.compile(path, **options)
    difference = np.abs(_outputs(compiled, target, samples) - expected)
    if kind == "fp32":
        assert difference.max() <= FLOAT_TOLERANCE * np.abs(expected).max()
    else:
        steps = np.rint(difference / step)
        assert (steps == 0).mean() >= EQUAL_SHARE
        assert steps.max() <= LARGEST_STEPS
    return compiled


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_equal_onnxruntime_on_the_host(kind: str) -> None:
    _check(kind, "host", 100, PROBABILITY_STEP, strategy="none")


@pytest.mark.parametrize("kind", KINDS)
def test_layers_inside_equal_onnxruntime_on_the_host(kind: str) -> None:
    name, step = INSIDE[kind]
    _check(kind, "host", 20, step, strategy="none", outputs=(name,))


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_equal_onnxruntime_on_a_cortex_m4(kind: str) -> None:
    _check(kind, "cortex-m4", 2, PROBABILITY_STEP)


def test_quantised_layers_compute_with_integers() -> None:
    """Floats appear where the model's input is quantised and its output becomes a float."""
    compiled = api.compile(shared_model("micro_kws_m_qdq.onnx"), strategy="none")
    functions = compiled.files["micro_kws_m_qdq.c"].split("\nstatic ")
    computing = [text for text in functions if "float" in text and "for (" in text]
    assert len(computing) == 2


def test_integer_edges_leave_no_float() -> None:
    compiled = api.compile(shared_model("micro_kws_m_qdq.onnx"), strategy="none", io="int8")
    assert "float " not in compiled.files["micro_kws_m_qdq.c"]
    (source,), (result,) = compiled.report["inputs"], compiled.report["outputs"]
    assert (source["type"], source["zero_point"]) == ("int8", 0)
    assert (result["type"], result["zero_point"]) == ("int8", -128)
    assert result["scale"] == pytest.approx(PROBABILITY_STEP)


@pytest.mark.parametrize("kind", KINDS)
def test_tiling_halves_the_memory_without_more_work(kind: str) -> None:
    report = api.compile(shared_model(f"micro_kws_m_{kind}.onnx")).report
    assert report["arena_bytes"] <= 0.5 * report["arena_bytes_untiled"]
    assert report["mac_overhead"] <= 0
