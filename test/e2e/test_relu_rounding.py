"""RELU that changes the scale by a power of two: every other value is a tie, rounded twice."""

from dataclasses import replace
from pathlib import Path

from e2e.harness import check_bit_exact
from fdt_mlir.importer.tflite_model import Quantization
from fdt_mlir.importer.tflite_reader import read_model
from fdt_mlir.importer.tflite_writer import write_model
from models import single_op
from models.tflite_writer import serialize


def test_ties(tmp_path: Path):
    data = serialize(single_op.model([(1, 256)], lambda g, x: g.relu(x)))
    path = tmp_path / "relu.tflite"
    model = read_model(path, data)
    tensors = list(model.tensors)
    for index, scale in ((model.inputs[0], 2.0**-7), (model.outputs[0], 2.0**-3)):
        tensors[index] = replace(tensors[index], quantization=Quantization((scale,), (7,)))
    path.write_bytes(write_model(replace(model, tensors=tuple(tensors)), data))
    check_bit_exact(path, strategy="none")
