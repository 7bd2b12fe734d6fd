"""Names of layers: what a person who knows the model would call them, and valid in C."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdt_mlir.normalize.names import identifier, layer_name, unique_name


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        ("model/conv2d_3/Conv2D", "conv2d_3"),
        ("model/dense/MatMul;model/dense/BiasAdd", "dense"),
        # The exporter names a fused tensor after its activation first; that tells nothing.
        ("model/activation_1/Relu;model/conv2d_1/Conv2D", "conv2d_1"),
        ("model/batch_normalization/FusedBatchNormV3;model/stem/Conv2D1", "stem"),
        ("model/re_lu_2/Relu6", "re_lu_2"),
        ("StatefulPartitionedCall:0", "StatefulPartitionedCall_0"),
        ("a//b/", "b"),
        ("input 1", "input_1"),
        # Nothing but operations: the kind has to do.
        ("Relu;Conv2D", "pool"),
        ("", "pool"),
        ("///;//", "pool"),
    ],
)
def test_a_layer_is_called_after_its_telling_scope(tensor: str, expected: str) -> None:
    assert layer_name(tensor, "pool", ()) == expected


def test_layers_of_one_name_are_numbered() -> None:
    taken: list[str] = []
    for _ in range(3):
        taken.append(layer_name("net/conv/Conv2D", "conv", taken))
    assert taken == ["conv", "conv_1", "conv_2"]


def test_a_number_that_is_taken_is_passed_over() -> None:
    assert unique_name("conv", ["conv", "conv_1", "conv_3"]) == "conv_2"


@given(st.text())
def test_every_identifier_is_one_in_c(text: str) -> None:
    assert re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)?", identifier(text))


@given(st.text())
def test_an_identifier_stays_as_it_is(text: str) -> None:
    assert identifier(identifier(text)) == identifier(text)


@given(st.text(), st.lists(st.text(alphabet="conv_12", max_size=6)))
def test_a_layer_always_gets_a_name_of_its_own(tensor: str, taken: list[str]) -> None:
    name = layer_name(tensor, "conv", taken)
    assert name
    assert name not in taken
