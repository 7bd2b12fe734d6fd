"""ONNX's node tests: each is compiled, built and run on the host."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import pytest

from e2e.harness import FLOAT_TOLERANCE
from fdt_mlir import api
from fdt_mlir.errors import CompileError
from models.onnx_nodes import OPERATORS, NodeTest, node_tests

_TRAINING = "computes what only training needs"
_NO_ELEMENTS = "has a tensor without elements"
_INDICES = "wants the places of the maxima, which no deployed model reads"
# Tests that end with a diagnostic, and why.
NOT_COMPILED = {
    "test_batchnorm_epsilon_training_mode": _TRAINING,
    "test_batchnorm_example_training_mode": _TRAINING,
    "test_maxpool_with_argmax_2d_precomputed_pads": _INDICES,
    "test_maxpool_with_argmax_2d_precomputed_strides": _INDICES,
    "test_reduce_max_empty_set": _NO_ELEMENTS,
    "test_reduce_max_empty_set_bool": _NO_ELEMENTS,
    "test_reduce_sum_empty_set": _NO_ELEMENTS,
    "test_reduce_sum_empty_set_non_reduced_axis_zero": _NO_ELEMENTS,
    "test_reshape_allowzero_reordered": _NO_ELEMENTS,
    "test_resize_tf_crop_and_resize_extrapolation_value": "fills with a number other than 0",
    "test_slice_start_out_of_bounds": _NO_ELEMENTS,
    "test_split_zero_size_splits_opset13": _NO_ELEMENTS,
    "test_split_zero_size_splits_opset18": _NO_ELEMENTS,
    "test_training_dropout": _TRAINING,
    "test_training_dropout_default": _TRAINING,
    "test_training_dropout_default_mask": _TRAINING,
    "test_training_dropout_mask": _TRAINING,
}
PASSING_SHARE = 0.95


@pytest.mark.parametrize("operator", OPERATORS)
def test_node(operator: str) -> None:
    tests = node_tests(operator)
    assert tests, f"ONNX has no test of {operator}"
    complaints = [f"{test.name}: {fault}" for test in tests if (fault := _fault(test))]
    assert not complaints, "\n".join(complaints)


def test_nearly_all_are_compiled() -> None:
    names = {test.name for operator in OPERATORS for test in node_tests(operator)}
    assert set(NOT_COMPILED) <= names
    assert len(NOT_COMPILED) <= (1 - PASSING_SHARE) * len(names)


def test_remainders_of_zero_have_the_sign_of_the_divisor() -> None:
    x = np.array([0.0, -0.0, 4.0, -4.0, -0.0], np.float32)
    y = np.array([-2.0, 2.0, -2.0, 2.0, -np.inf], np.float32)
    tensors = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, x.shape) for name in "xyz"
    ]
    node = onnx.helper.make_node("Mod", ["x", "y"], ["z"])
    graph = onnx.helper.make_graph([node], "mod", tensors[:2], tensors[2:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    expected = np.mod(x, y)
    (actual,) = _outputs(NodeTest("mod", model, [x, y], [expected], 0, 0))
    assert (actual == 0).all()
    assert np.array_equal(np.signbit(actual), np.signbit(expected))


def _fault(test: NodeTest) -> str | None:
    """Say what is wrong; None where outputs are right, or a listed test ends with a diagnostic."""
    try:
        outputs = _outputs(test)
    except CompileError as error:
        return None if test.name in NOT_COMPILED else str(error)
    if test.name in NOT_COMPILED:
        return "compiles: take it off the list"
    for expected, actual in zip(test.outputs, outputs, strict=True):
        if actual.shape != expected.shape or actual.dtype != expected.dtype:
            return f"{actual.dtype} {actual.shape} instead of {expected.dtype} {expected.shape}"
        if not _agree(test, expected, actual):
            return f"{actual.reshape(-1)[:8]} instead of {expected.reshape(-1)[:8]}"
    return None


def _outputs(test: NodeTest) -> tuple[np.ndarray, ...]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "node.onnx"
        onnx.save(test.model, path)
        return api.compile(path, strategy="none").run(test.inputs)


def _agree(test: NodeTest, expected: np.ndarray, actual: np.ndarray) -> bool:
    if expected.dtype.kind != "f":
        return np.array_equal(expected, actual)
    finite = np.abs(expected[np.isfinite(expected)])
    atol = max(test.atol, FLOAT_TOLERANCE * float(finite.max(initial=0.0)))
    return np.allclose(actual, expected, rtol=FLOAT_TOLERANCE, atol=atol, equal_nan=True)
