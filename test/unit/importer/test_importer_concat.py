"""Concatenations whose inputs have scales of their own."""

from pathlib import Path

import numpy as np
import pytest

from fdt_mlir.importer.requantise_concatenations import (
    concatenation_table,
    requantise_concatenations,
)
from fdt_mlir.importer.tflite_model import Quantization
from models import oracle, single_op
from models.graph import Graph
from models.tflite_writer import write_file
from unit.importer.importer_models import example, names, read_graph

VALUES = np.arange(256)


def concat(element: single_op.Element, ranges: list[tuple[float, float]]) -> Graph:
    return single_op.model(
        [(1, 256, 1, 1)] * len(ranges),
        lambda g, *inputs: g.concat(inputs, axis=3, same_scale=False),
        element,
        ranges=ranges,
    )


# The third has half the scale of the second: every odd value is a tie.
@pytest.mark.parametrize("narrow", [(-0.3, 0.9), (-1.0, 0.1), (-0.5, 0.5)])
def test_tables_hold_what_litert_makes_of_every_value(narrow: tuple[float, float], tmp_path: Path):
    graph = concat("uint8", [narrow, (-1.0, 1.0)])
    path = tmp_path / "concat.tflite"
    write_file(graph, path)
    inputs = [VALUES.astype(np.uint8).reshape(1, 256, 1, 1)] * 2
    (expected,) = oracle.reference_outputs(path, inputs)
    tables = requantise_concatenations(read_graph(graph)).tables
    assert tables, "nothing was requantised"
    for name, table in tables.items():
        place = int(name.rpartition("_")[2])
        np.testing.assert_array_equal(table, expected[0, :, 0, place])


def test_a_tie_is_rounded_away_from_zero():
    table = concatenation_table(Quantization((0.5,), (4,)), Quantization((1.0,), (10,)))
    # (stored - 4) / 2: -1.5, -1, -0.5, 0, 0.5, 1, 1.5
    assert list(table[1:8]) == [8, 9, 9, 10, 11, 11, 12]


def test_only_inputs_of_another_scale_are_requantised():
    model = example("ssd_u8")
    rewritten = requantise_concatenations(model).model
    (boxes, scores) = [op for op in rewritten.operators if op.code == "CONCATENATION"]
    assert names(rewritten, boxes.inputs) == [
        "ssd/concatenate/concat/input_0",
        "ssd/reshape_2/Reshape",
        "ssd/concatenate/concat/input_2",
    ]
    assert scores in model.operators
    inserted = [op for op in rewritten.operators if op.code == "QUANTIZE"]
    result = rewritten.tensors[boxes.outputs[0]].quantization
    for operator in inserted:
        assert rewritten.tensors[operator.outputs[0]].quantization == result


def test_int8_concatenations_get_no_table():
    # LiteRT runs none; QUANTIZE says what is meant.
    requantised = requantise_concatenations(read_graph(concat("int8", [(-0.3, 0.9), (-1, 1)])))
    assert "QUANTIZE" in [op.code for op in requantised.model.operators]
    assert not requantised.tables
