"""Tables of activation functions, all 256 values, against LiteRT and TensorFlow Lite Micro."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fdt_mlir.importer.fixed_point_table import micro_table
from fdt_mlir.importer.lookup_table import litert_table
from fdt_mlir.importer.tflite_model import Quantization
from fdt_mlir.importer.tflite_writer import write_model
from models import oracle, single_op
from models.tflite_writer import serialize
from unit.importer.importer_models import read_graph

VALUES = np.arange(-128, 128).astype(np.int8).reshape(1, 256)
BUILDS = {"LOGISTIC": lambda g, x: g.logistic(x), "TANH": lambda g, x: g.tanh(x)}


# What TFLite prescribes for results.
PRESCRIBED = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}


def written(
    code: str, scale: float, zero_point: int, path: Path, result: tuple[float, int] | None = None
) -> float:
    """Write a model of one operator; return the scale of its input as the file holds it."""
    graph = single_op.model([(1, 256)], BUILDS[code])
    stored_scale = float(np.float32(scale))
    model = read_graph(graph)
    tensors = list(model.tensors)
    scales = {model.inputs[0]: (stored_scale, zero_point), model.outputs[0]: result}
    for index, known in scales.items():
        if known is not None:
            quantization = Quantization((known[0],), (known[1],))
            tensors[index] = replace(tensors[index], quantization=quantization)
    path.write_bytes(write_model(replace(model, tensors=tuple(tensors)), serialize(graph)))
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
    table = litert_table(code, stored_scale, zero_point, *PRESCRIBED[code])
    np.testing.assert_array_equal(table, expected[0])


# LiteRT insists on the scale of a logistic.
@pytest.mark.parametrize(
    ("code", "result"),
    [
        *(("LOGISTIC", (1 / 256, 7)), ("LOGISTIC", (1 / 256, 127)), ("TANH", (1 / 128, -128))),
        ("TANH", (float(np.float32(0.0047)), -31)),
    ],
)
def test_tables_whose_results_are_not_quantised_as_prescribed(
    code: str, result: tuple[float, int], tmp_path: Path
):
    path = tmp_path / "table.tflite"
    stored_scale = written(code, 0.0391, 11, path, result)
    (expected,) = oracle.reference_outputs(path, [VALUES])
    table = litert_table(code, stored_scale, 11, *result)
    np.testing.assert_array_equal(table, expected[0])


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
