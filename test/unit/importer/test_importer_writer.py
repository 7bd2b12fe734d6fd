"""A graph that was read and written again is the same graph, to us and to LiteRT."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fdt_mlir.importer.tflite_model import Options, TfliteModel
from fdt_mlir.importer.tflite_reader import read_model
from fdt_mlir.importer.tflite_writer import write_model
from models import oracle
from unit.importer.importer_models import EXAMPLES, example

MODELS = pytest.mark.parametrize("name", ["res", "ssd_u8", "mw"])


def without_places(model: TfliteModel) -> TfliteModel:
    """Forget where options lie in the file; their kinds stay."""
    operators = [replace(op, options=Options(op.options.kind)) for op in model.operators]
    return replace(model, operators=tuple(operators))


@MODELS
def test_round_trip(name: str):
    model = example(name)
    written = write_model(model, (EXAMPLES / f"{name}.tflite").read_bytes())
    assert without_places(read_model(Path(model.file), written)) == without_places(model)


@MODELS
def test_litert_computes_the_same(name: str, tmp_path: Path):
    path = EXAMPLES / f"{name}.tflite"
    rewritten = tmp_path / path.name
    rewritten.write_bytes(write_model(example(name), path.read_bytes()))
    for sample in oracle.random_inputs(path, 2):
        for want, got in zip(
            oracle.reference_outputs(path, sample),
            oracle.reference_outputs(rewritten, sample),
            strict=True,
        ):
            np.testing.assert_array_equal(got, want)


def test_weights_stay_aligned():
    # LiteRT reads weights in place: the old file may move by multiples of 16 bytes only.
    data = (EXAMPLES / "res.tflite").read_bytes()
    written = write_model(example("res"), data)
    assert written.find(data) % 16 == 0
