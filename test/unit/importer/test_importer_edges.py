"""Dropping float conversions at a model's edges."""

from dataclasses import replace

import pytest

from fdt_mlir.errors import CompileError
from fdt_mlir.importer.integer_edges import make_edges_integer
from fdt_mlir.importer.tflite_model import TfliteModel
from unit.importer.importer_models import chain, names, with_tensor


def float_edges() -> TfliteModel:
    """x (float) -> QUANTIZE t1 -> RELU t2 -> DEQUANTIZE t3 (float)."""
    model = with_tensor(chain("QUANTIZE", "RELU", "DEQUANTIZE"), 0, element="FLOAT32")
    return with_tensor(model, 3, element="FLOAT32")


def test_edges_become_the_integers_inside():
    model = make_edges_integer(float_edges())
    assert names(model, model.inputs) == ["t1"]
    assert names(model, model.outputs) == ["t2"]
    assert [op.code for op in model.operators] == ["RELU"]


def test_equal_conversions_of_one_input_are_merged():
    model = float_edges()
    twin = replace(model.operators[0], index=3, outputs=(4,))
    reader = replace(model.operators[1], index=4, inputs=(4,), outputs=(5,))
    tensors = (*model.tensors, *(replace(model.tensors[2], name=name) for name in ("u1", "u2")))
    operators = (*model.operators, twin, reader)
    merged = make_edges_integer(
        replace(model, tensors=tensors, operators=operators, outputs=(3, 5))
    )
    assert names(merged, merged.inputs) == ["t1"]
    assert [names(merged, op.inputs) for op in merged.operators] == [["t1"], ["t1"]]


def test_uint8_edges_around_an_int8_core_become_int8():
    model = with_tensor(chain("QUANTIZE", "RELU", "QUANTIZE"), 0, element="UINT8")
    edges = make_edges_integer(with_tensor(model, 3, element="UINT8"))
    assert names(edges, (*edges.inputs, *edges.outputs)) == ["t1", "t2"]


def test_integer_models_stay_as_they_are():
    model = chain("RELU", "ABS")
    assert make_edges_integer(model) == model


def test_float_edge_without_a_conversion():
    with pytest.raises(CompileError, match="edge 'x' is FLOAT32 and no conversion leads to an int"):
        make_edges_integer(with_tensor(chain("RELU"), 0, element="FLOAT32"))
