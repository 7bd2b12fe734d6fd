"""Everything in a model that cannot be compiled is named at once; one test per message."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tosa_converter_for_tflite as converter

from fdt_mlir import api
from fdt_mlir.errors import CompileError
from fdt_mlir.importer.check_model import check_model
from fdt_mlir.importer.operators import SUPPORTED_OPERATORS
from fdt_mlir.importer.tflite_model import TfliteModel
from fdt_mlir.importer.tflite_reader import read_model
from models.operators import CASES
from models.operators.case import build
from models.operators.micro import REFUSED
from models.tflite_writer import write_file
from unit.importer.importer_models import FILE, chain, file_with_weights, with_tensor


def messages(model: TfliteModel) -> str:
    """Return all that check_model says; fails the test where it has nothing to say."""
    with pytest.raises(CompileError) as caught:
        check_model(model, b"")
    return str(caught.value)


def test_sound_model():
    check_model(chain("RELU", "ABS"), b"")


def test_all_unsupported_operators_are_named_with_a_way_around():
    text = messages(chain("RELU", "TOPK_V2", "ABS", "RNN"))
    assert "model.tflite (t2): error: operator TOPK_V2 is not supported" in text
    assert "model.tflite (t4): error: operator RNN is not supported\n  hint: unroll the" in text
    assert "note: to leave out what is not supported, compile with --outputs t1" in text


def test_operators_whose_operands_do_not_fit_are_no_crash(tmp_path: Path):
    path = tmp_path / "model.tflite"
    graph = build(CASES["svdf"], "float32")
    (svdf,) = graph.ops
    graph.ops[0] = replace(svdf, inputs=svdf.inputs[:3])
    write_file(graph, path)
    with pytest.raises(CompileError, match="its operands or options do not fit each other"):
        api.compile(path)


def test_custom_operators_are_named_by_their_own_name():
    model = chain("RELU", "CUSTOM")
    custom = replace(model.operators[1], custom_code="Postprocess")
    text = messages(replace(model, operators=(model.operators[0], custom)))
    assert "operator CUSTOM 'Postprocess' is not supported" in text


@pytest.mark.parametrize("code", REFUSED)
def test_what_tensorflow_lite_micro_has_beyond_our_cases_is_refused(code: str):
    text = messages(chain("RELU", code))
    assert f"model.tflite (t2): error: operator {code} is not supported\n  hint: " in text
    assert "--outputs t1" in text


def test_concatenated_heads_are_offered_as_outputs():
    text = messages(chain("CONV_2D", "CONCATENATION", "CUSTOM"))
    assert "--outputs t2" in text
    assert "or, ending at what is concatenated before, with --outputs t1" in text


@pytest.mark.parametrize(
    ("element", "hint"),
    [
        ("INT4", "quantise activations to int8"),
        ("FLOAT16", "export the model in float32"),
        ("INT64", "use int32 for indices"),
        ("STRING", "leave this part of the model to the program"),
    ],
)
def test_element_types(element: str, hint: str):
    text = messages(with_tensor(chain("RELU", "ABS"), 1, element=element))
    assert f"tensor 't1' is {element}, but an activation can be FLOAT32, INT8" in text
    assert hint in text


def test_operators_of_16_bits_are_those_that_are_exact():
    text = messages(with_tensor(chain("RELU", "ELU"), 1, element="INT16"))
    assert "operator ELU is not supported for INT16" in text
    assert "quantise its operands and results to int8" in text
    assert "RELU" not in text


def test_uint8_is_interpolated_in_floats_by_the_reference():
    text = messages(with_tensor(chain("RELU", "RESIZE_BILINEAR"), 1, element="UINT8"))
    assert "operator RESIZE_BILINEAR is not supported for UINT8" in text
    assert "quantise its operands and results to int8" in text
    assert "RELU" not in text


def test_dynamic_dimension_besides_the_batch():
    text = messages(with_tensor(chain("RELU"), 0, shape=(1, 4, 1), signature=(-1, 4, -1)))
    assert "input 'x' of shape [-1, 4, -1]: dimension 2 not fixed" in text


def test_empty_tensor():
    text = messages(with_tensor(chain("RELU"), 1, shape=(1, 0)))
    assert "tensor 't1' of shape [1, 0] has no elements" in text


def test_tensor_without_data():
    text = messages(replace(chain("RELU"), inputs=()))
    assert "tensor 'x' has no data, and nothing computes it" in text


def test_model_without_outputs():
    assert "the model has no output" in messages(replace(chain("RELU"), outputs=()))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"is_sparse": True}, "is stored sparsely"),
        ({"is_variable": True}, "is a variable that outlives an inference"),
        ({"has_custom_quantization": True}, "has a quantisation other than scale and zero point"),
        ({"scale": float("nan")}, "has the scale nan"),
        ({"scale": 0.0}, "has the scale 0"),
        ({"is_external": True}, "has its data outside of the flatbuffer"),
        ({"data": bytes(5)}, "holds 5 bytes, but INT8 of shape [4] takes 4"),
    ],
)
def test_weights_that_cannot_be_used(fields: dict[str, Any], message: str):
    data = file_with_weights(**fields)
    assert f"tensor 'weights' {message}" in messages(read_model(FILE, data))


def test_usable_weights():
    check_model(read_model(FILE, file_with_weights()), file_with_weights())


def test_supported_operators_are_those_the_converter_has_patterns_for():
    # The converter's symbols name its patterns; there is no call that lists them.
    package = Path(converter.__file__).parent.parent
    (library,) = package.glob("_tosa_converter_for_tflite_wrapper*")
    binary = library.read_bytes().lower()
    missing = [
        code
        for code in sorted(SUPPORTED_OPERATORS)
        if f"converttfl{spelling(code)}op".encode() not in binary
    ]
    assert not missing


def spelling(code: str) -> str:
    """Return how MLIR's TFL dialect spells an operator, in lower case without underscores."""
    exceptions = {"RELU_N1_TO_1": "relu1"}
    return exceptions.get(code, code.replace("_", "").lower())
