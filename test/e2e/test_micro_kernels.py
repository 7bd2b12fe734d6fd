"""Kernels made for one core are exact everywhere: on the host by their C99 forms, on the core.

Shapes are those at which a micro-kernel could go wrong: channels and runs that divide no block,
windows that leave the input on every side, strides, dilations, and zero points at both ends.
"""

from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from models.graph import Graph, Tensor
from models.single_op import Extremes, conv, depthwise_conv, fully_connected, model
from models.tflite_writer import write_file

LOWEST, HIGHEST = Extremes(input_zero_point=-128), Extremes(input_zero_point=127)
SATURATING = Extremes(input_zero_point=127, output_zero_point=-128, multiplier=1.7)
TINY = Extremes(output_zero_point=127, multiplier=1e-7)

CASES = {
    "pointwise": conv((1, 3, 5, 8), 11, 1, extremes=LOWEST),
    "pointwise_rest": conv((1, 5, 3, 10), 6, 1, extremes=HIGHEST),
    "pointwise_strided": conv((1, 7, 5, 12), 9, 1, strides=2),
    "few_inputs": conv((1, 4, 6, 3), 5, 1),
    "conv": conv((1, 7, 9, 4), 7, 3, extremes=HIGHEST),
    "conv_valid": conv((1, 7, 6, 8), 4, (3, 2), padding="VALID"),
    "conv_strided": conv((1, 9, 8, 12), 5, (3, 5), strides=(2, 3), extremes=LOWEST),
    "conv_dilated": conv((1, 11, 10, 4), 6, 3, dilation=2),
    "conv_larger_than_input": conv((1, 3, 2, 4), 5, 5),
    "first_layer": conv((1, 9, 7, 3), 6, 3, strides=2, extremes=HIGHEST),
    "first_layer_gray": conv((1, 11, 9, 1), 9, (5, 4), extremes=LOWEST),
    "first_layer_two": conv((1, 6, 8, 2), 4, (2, 3), extremes=SATURATING),
    "conv_saturating": conv((1, 5, 6, 4), 4, 3, extremes=SATURATING),
    "conv_tiny_multiplier": conv((1, 5, 6, 4), 5, 3, extremes=TINY),
    "depthwise": depthwise_conv((1, 7, 5, 12), 3, extremes=LOWEST),
    "depthwise_rest": depthwise_conv((1, 5, 7, 7), 3, extremes=HIGHEST),
    "depthwise_even": depthwise_conv((1, 6, 5, 9), (2, 4), padding="VALID"),
    "depthwise_strided": depthwise_conv((1, 9, 8, 5), 3, strides=2, extremes=SATURATING),
    "depthwise_dilated": depthwise_conv((1, 9, 9, 4), 3, dilation=2),
    "depthwise_larger_than_input": depthwise_conv((1, 2, 3, 8), 5),
    "depthwise_few": depthwise_conv((1, 5, 4, 3), 3),
    "depthwise_rows": depthwise_conv((1, 9, 1, 8), (4, 1), extremes=TINY),
    "dense": fully_connected((1, 22), 7, extremes=HIGHEST),
    "dense_rows": fully_connected((1, 32), 10, per_channel=True, extremes=LOWEST),
    "dense_short": fully_connected((1, 3), 5),
    "dense_one": fully_connected((1, 16), 2, extremes=SATURATING),
}
ON_DEVICE = (
    "pointwise",
    "conv_strided",
    "first_layer",
    "depthwise_rest",
    "dense",
    "conv_saturating",
)


def chain(graph: Graph, x: Tensor) -> Tensor:
    """Layers that tiling joins: rings, halos and slices meet every micro-kernel."""
    x = graph.conv2d(x, 8, 3, strides=2, activation="RELU")
    x = graph.depthwise_conv2d(x, 3, activation="RELU")
    x = graph.conv2d(x, 12, 1, activation="RELU6")
    x = graph.depthwise_conv2d(x, 3, strides=2)
    x = graph.conv2d(x, 16, 3)
    return graph.average_pool(x, 4)


CODE = {
    "dsp": {"target": "cortex-m4"},
    "dsp_wide": {"target": "cortex-m4", "optimize": "speed"},
    "helium": {"target": "cortex-m55"},
    "low_registers": {"target": "cortex-m0"},
}


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("name", CASES)
def test_kernel_on_the_host(name: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.tflite"
    write_file(CASES[name], path)
    check_bit_exact(path, sanitize=True, random_inputs=4, strategy="none", **CODE[code])


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("name", ON_DEVICE)
def test_kernel_on_the_core(name: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.tflite"
    write_file(CASES[name], path)
    check_bit_exact(path, CODE[code]["target"], random_inputs=4, **CODE[code])


@pytest.mark.parametrize("target", ["generic", "cortex-m4", "cortex-m55"])
@pytest.mark.parametrize("strategy", ["none", "fdt", "ffmt", "auto"])
def test_tiled_kernels(target: str, strategy: str, tmp_path: Path) -> None:
    path = tmp_path / "chain.tflite"
    write_file(model([(1, 25, 18, 3)], chain), path)
    options = {"strategy": strategy, "max_mac_overhead": 60.0, "target": target}
    check_bit_exact(path, sanitize=True, random_inputs=4, **options)
