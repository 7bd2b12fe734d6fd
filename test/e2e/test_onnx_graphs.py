"""Structures that exporters make, tiled, in floats and quantised by onnxruntime's tools."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from e2e.harness import FLOAT_TOLERANCE
from fdt_mlir import api, targets
from models.onnx_graphs import FLOAT_GRAPHS, GraphBuilder, input_shape, quantised
from models.onnx_oracle import OnnxReference, random_floats

SAMPLES = 10
# QOperator's averages are sums of integers in onnxruntime too; QDQ's are floats, whose rounding
# decides the many halves: the U-net has such a layer.
QUANTISED = [
    (name, qdq, unsigned, per_channel)
    for name in ("encoder", "image_net", "u_net")
    for qdq, unsigned, per_channel in (
        (True, True, False),
        (True, False, True),
        (False, True, True),
        (False, False, False),
    )
    if not (qdq and name == "u_net")
]


def _outputs(path: Path, shape: tuple[int, ...], folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """What onnxruntime and the program compute."""
    samples = random_floats(shape, SAMPLES)
    reference = OnnxReference(path)
    expected = np.stack([reference.run([sample])[0] for sample in samples])
    api.compile(path).write(folder)
    results = targets.run_many(folder, "host", [[sample] for sample in samples], sanitize=True)
    return expected, np.stack([result.outputs[0] for result in results])


@pytest.mark.parametrize("name", FLOAT_GRAPHS)
def test_float_graph(name: str, tmp_path: Path) -> None:
    model = FLOAT_GRAPHS[name]()
    path = tmp_path / f"{name}.onnx"
    onnx.save(model, path)
    expected, actual = _outputs(path, input_shape(model), tmp_path / "c")
    assert np.abs(actual - expected).max() <= FLOAT_TOLERANCE * np.abs(expected).max()


@pytest.mark.parametrize(("name", "qdq", "unsigned", "per_channel"), QUANTISED)
def test_quantised_graph(
    name: str, qdq: bool, unsigned: bool, per_channel: bool, tmp_path: Path
) -> None:
    model = FLOAT_GRAPHS[name]()
    path = quantised(model, tmp_path, qdq, unsigned, per_channel)
    expected, actual = _outputs(path, input_shape(model), tmp_path / "c")
    # Outputs are multiples of a scale, so that equal integers are equal floats save for rounding.
    equal = np.isclose(actual, expected, rtol=FLOAT_TOLERANCE, atol=FLOAT_TOLERANCE)
    assert equal.mean() >= 0.99


@pytest.mark.parametrize("operator", ["Cos", "Sin"])
def test_function_of_bytes_is_a_table(operator: str, tmp_path: Path) -> None:
    g = GraphBuilder()
    angle = g.constant(np.float32(0.05)), g.constant(np.int8(3))
    unit = g.constant(np.float32(1 / 128)), g.constant(np.int8(0))
    wide = g.add("Mul", "x", g.constant(np.float32(6)))
    x = g.add("DequantizeLinear", g.add("QuantizeLinear", wide, *angle), *angle)
    y = g.add("QuantizeLinear", g.add(operator, x), *unit)
    path = tmp_path / "function.onnx"
    onnx.save(g.model([1, 256], g.add("DequantizeLinear", y, *unit)), path)
    expected, actual = _outputs(path, (1, 256), tmp_path / "c")
    assert np.array_equal(actual, expected)
    sources = [source.read_text() for source in (tmp_path / "c").glob("*.c")]
    assert sources
    assert not any(f"{operator.lower()}_f32" in source for source in sources)
