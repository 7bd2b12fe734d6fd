"""Tables of activation functions, all 256 values, against LiteRT and TensorFlow Lite Micro."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fdt_mlir.importer.fixed_point_table import micro_table
from fdt_mlir.importer.lookup_table import litert_table
from fdt_mlir.importer.tflite_model import Quantization, TfliteModel
from fdt_mlir.importer.tflite_writer import write_model
from models import oracle, single_op
from models.tflite_writer import serialize
from unit.importer.importer_models import read_graph

VALUES = np.arange(-128, 128).astype(np.int8).reshape(1, 256)
BUILDS = {"LOGISTIC": lambda g, x: g.logistic(x), "TANH": lambda g, x: g.tanh(x)}


def with_input_scale(model: TfliteModel, quantization: Quantization) -> TfliteModel:
    tensors = list(model.tensors)
    tensors[model.inputs[0]] = replace(tensors[model.inputs[0]], quantization=quantization)
    return replace(model, tensors=tuple(tensors))


def written(code: str, scale: float, zero_point: int, path: Path) -> float:
    """Write a model of one operator; return the scale of its input as the file holds it."""
    graph = single_op.model([(1, 256)], BUILDS[code])
    stored_scale = float(np.float32(scale))
    model = with_input_scale(read_graph(graph), Quantization((stored_scale,), (zero_point,)))
    path.write_bytes(write_model(model, serialize(graph)))
    return stored_scale


# At 1/128 with zero point -18, a logistic in double precision differs.
@pytest.mark.parametrize("code", BUILDS)
@pytest.mark.parametrize(
    ("scale", "zero_point"), [(2.0**-7, -18), (2.0**-5, 0), (0.0712, 37), (0.0079, 59), (0.013, 0)]
)
def test_tables_of_litert(code: str, scale: float, zero_point: int, tmp_path: Path):
    path = tmp_path / "table.tflite"
    stored_scale = written(code, scale, zero_point, path)
    (expected,) = oracle.reference_outputs(path, [VALUES])
    np.testing.assert_array_equal(litert_table(code, stored_scale, zero_point), expected[0])


@pytest.mark.parametrize("code", BUILDS)
@pytest.mark.parametrize(
    ("scale", "zero_point"), [(0.5, 0), (2.0**-5, 127), (0.0712, -128), (0.0079, 59), (0.0006, 3)]
)
def test_tables_of_tflite_micro(code: str, scale: float, zero_point: int, tmp_path: Path):
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
    path = tmp_path / "table.tflite"
    stored_scale = written(code, scale, zero_point, path)
    interpreter = runtime.Interpreter.from_file(str(path))
    interpreter.set_input(VALUES, 0)
    interpreter.invoke()
    expected = interpreter.get_output(0)
    np.testing.assert_array_equal(micro_table(code, stored_scale, zero_point), expected[0])
