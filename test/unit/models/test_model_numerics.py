"""Written models mean what the float graph says: LiteRT's reference agrees with our evaluator."""

from pathlib import Path

import numpy as np
import pytest

from models import oracle, single_op
from models.float_eval import evaluate
from models.graph import Graph, Tensor
from models.quantize import affine, symmetric
from models.tflite_writer import write_file

FLOAT_GRAPHS = single_op.catalogue("float32")
INT8_GRAPHS = single_op.catalogue("int8")
# Steps of the result: rounding of the result, and of inputs and constants that reach it. A result
# held to a range that calibration saw on samples alone may also be clipped by a step or two.
INT8_STEPS = 3


def real(tensor: Tensor, stored: np.ndarray) -> np.ndarray:
    """Dequantise; values without quantisation pass through."""
    values = stored.astype(np.float64)
    if tensor.quantization is None:
        return values
    shape = [1] * stored.ndim
    shape[tensor.quantization.axis] = -1
    zeros = np.reshape(tensor.quantization.zero_point, shape)
    return (values - zeros) * np.reshape(tensor.quantization.scale, shape)


def evaluate_graph(graph: Graph, inputs: list[np.ndarray]) -> np.ndarray:
    """Evaluate the real function of a graph, with its constants as they are stored."""
    values = dict(zip(graph.inputs, inputs, strict=True))
    values |= {t: real(t, t.data) for t in graph.tensors() if t.data is not None}
    for op in graph.ops:
        values[op.output] = evaluate(op, [values[t] for t in op.inputs])
    return values[graph.outputs[0]]


@pytest.mark.parametrize("name", FLOAT_GRAPHS)
def test_float_model_computes_the_graph(name: str, tmp_path: Path):
    graph, path = FLOAT_GRAPHS[name], tmp_path / "model.tflite"
    write_file(graph, path)
    (sample,) = oracle.random_inputs(path, 1)
    (result,) = oracle.reference_outputs(path, sample)
    expected = evaluate_graph(graph, [x.astype(np.float64) for x in sample])
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", INT8_GRAPHS)
def test_int8_model_approximates_the_graph(name: str, tmp_path: Path):
    """A wrong bias scale, axis or zero point is many steps away, a right one a few."""
    graph, path = INT8_GRAPHS[name], tmp_path / "model.tflite"
    write_file(graph, path)
    (sample,) = oracle.random_inputs(path, 1)
    (result,) = oracle.reference_outputs(path, sample)
    (output,) = graph.outputs
    inputs = [real(t, x) for t, x in zip(graph.inputs, sample, strict=True)]
    expected = evaluate_graph(graph, inputs)
    if output.quantization is None:
        np.testing.assert_allclose(result, expected, rtol=1e-6)
        return
    (scale,), (zero,) = output.quantization.scale, output.quantization.zero_point
    reachable = np.clip(expected, (-128 - zero) * scale, (127 - zero) * scale)
    steps = np.abs(real(output, result) - reachable) / scale
    assert steps.max() <= INT8_STEPS
    assert len(np.unique(result)) > 2, "the model answers with almost one value"


@pytest.mark.parametrize("zero_point", [-128, -5, 127])
@pytest.mark.parametrize("multiplier", [1e-5, 0.01, 1.5])
def test_extremes_are_what_was_asked(zero_point: int, multiplier: float, tmp_path: Path):
    extremes = single_op.Extremes(zero_point, -zero_point - 1, multiplier)
    graph, path = single_op.conv((1, 7, 5, 3), 4, 3, extremes=extremes), tmp_path / "model.tflite"
    x, weights, bias = (t.quantization for t in graph.ops[0].inputs)
    result = graph.outputs[0].quantization
    assert x.zero_point == (zero_point,)
    assert result.zero_point == (-zero_point - 1,)
    assert x.scale[0] * max(weights.scale) / result.scale[0] == pytest.approx(multiplier, rel=1e-5)
    np.testing.assert_allclose(bias.scale, np.float32(x.scale[0] * np.array(weights.scale)))
    write_file(graph, path)
    assert oracle.reference_outputs(path, oracle.pattern_inputs(path))[0].dtype == np.int8


def test_weights_have_a_scale_per_output_channel():
    """One scale for all would be legal and close, and leave per-channel rescaling untested."""
    image = (1, 7, 5, 3)
    graphs = (
        (single_op.conv(image, 4, 3), 0, 4),
        (single_op.depthwise_conv(image, 3, multiplier=2), 3, 6),
        (single_op.fully_connected(image, 5), 0, 1),
        (single_op.fully_connected(image, 5, per_channel=True), 0, 5),
    )
    for graph, axis, channels in graphs:
        weights = graph.ops[0].inputs[1]
        assert weights.quantization.axis == axis
        assert len(set(weights.quantization.scale)) == channels
        assert np.abs(weights.data.astype(int)).max() == 127


def test_uint8_model_runs(tmp_path: Path):
    """uint8 weights are asymmetric: a lost weight zero point shows as a wrong range."""
    path = tmp_path / "model.tflite"
    graph = single_op.conv((1, 7, 5, 3), 4, 3, element="uint8")
    write_file(graph, path)
    (sample,) = oracle.random_inputs(path, 1)
    (result,) = oracle.reference_outputs(path, sample)
    expected = evaluate_graph(graph, [real(graph.inputs[0], sample[0])])
    steps = np.abs(real(graph.outputs[0], result) - expected) / graph.outputs[0].quantization.scale
    assert steps.max() <= INT8_STEPS


def test_affine_keeps_zero_exact():
    assert affine(-1.0, 1.55, "int8") == affine(-1.0, 1.55, "int8")
    scale = affine(0.5, 2.55, "int8")
    assert scale.zero_point == (-128,), "the range is widened to hold zero"
    assert affine(-2.55, 0.0, "int8").zero_point == (127,)
    assert affine(-2.55, 0.0, "uint8").zero_point == (255,)


def test_symmetric_scales_follow_the_channel_axis():
    weights = np.array([[[[1.27, -2.54]]], [[[0.0, 12.7]]]])
    assert symmetric(weights, 0, True).scale == pytest.approx((0.02, 0.1))
    assert symmetric(weights, 3, True).scale == pytest.approx((0.01, 0.1))
    assert symmetric(weights, 0, False).scale == pytest.approx((0.1,))
