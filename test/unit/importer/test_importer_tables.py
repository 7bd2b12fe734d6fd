"""Activation functions on all 256 values, at scales where rounding shows: against LiteRT."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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


# At 1/128 with zero point -18, a logistic in double precision differs.
@pytest.mark.parametrize("code", BUILDS)
@pytest.mark.parametrize(
    ("scale", "zero_point"), [(2.0**-7, -18), (2.0**-5, 0), (0.0712, 37), (0.0079, 59), (0.013, 0)]
)
def test_tables_of_litert(code: str, scale: float, zero_point: int, tmp_path: Path):
    graph = single_op.model([(1, 256)], BUILDS[code])
    stored_scale = float(np.float32(scale))
    model = with_input_scale(read_graph(graph), Quantization((stored_scale,), (zero_point,)))
    path = tmp_path / "table.tflite"
    path.write_bytes(write_model(model, serialize(graph)))
    (expected,) = oracle.reference_outputs(path, [VALUES])
    np.testing.assert_array_equal(litert_table(code, stored_scale, zero_point), expected[0])
