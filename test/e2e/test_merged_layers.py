"""Convolutions merged with the pools that read them: exact for every core, at every border."""

from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from models.graph import Graph, Tensor
from models.single_op import model
from models.tflite_writer import write_file


def few_channels(graph: Graph, x: Tensor) -> Tensor:
    """Runs that borders cut on both sides, and a row and a column that no window reads."""
    x = graph.conv2d(x, 6, 3, activation="RELU")
    x = graph.max_pool(x, 2)
    x = graph.conv2d(x, 9, (5, 4))
    return graph.average_pool(x, 2)


def many_channels(graph: Graph, x: Tensor) -> Tensor:
    """Runs of whole quads, strides, no padding; windows that are no squares."""
    x = graph.conv2d(x, 7, 3, strides=2, padding="VALID")
    x = graph.max_pool(x, (2, 3))
    x = graph.conv2d(x, 8, 1, activation="RELU6")
    return graph.max_pool(x, (3, 1))


def depthwise(graph: Graph, x: Tensor) -> Tensor:
    """Windows over channels, which have no micro-kernel inside of a pool; pool after pool."""
    x = graph.depthwise_conv2d(x, 3)
    x = graph.average_pool(x, 2)
    return graph.max_pool(x, 2)


SHAPES = {few_channels: (1, 11, 9, 1), many_channels: (1, 15, 23, 8), depthwise: (1, 9, 8, 5)}
CODE = {
    "portable": {},
    "dsp": {"target": "cortex-m4"},
    "dsp_wide": {"target": "cortex-m4", "optimize": "speed"},
    "helium": {"target": "cortex-m55"},
}


@pytest.mark.parametrize("element", ["int8", "float32"])
@pytest.mark.parametrize("build", SHAPES)
def test_on_the_host(build, element: str, tmp_path: Path) -> None:
    path = tmp_path / f"{build.__name__}.tflite"
    write_file(model([SHAPES[build]], build, element), path)
    for options in CODE.values() if element == "int8" else [{}]:
        compiled = check_bit_exact(path, sanitize=True, random_inputs=4, **options)
        assert any(found.family == "merge" for found in compiled.discovery.paths)
        assert compiled.arena_bytes == compiled.discovery.predicted_arena_bytes


@pytest.mark.parametrize("code", ["dsp", "helium"])
@pytest.mark.parametrize("build", [few_channels, many_channels])
def test_on_the_core(build, code: str, tmp_path: Path) -> None:
    path = tmp_path / f"{build.__name__}.tflite"
    write_file(model([SHAPES[build]], build, "int8"), path)
    check_bit_exact(path, CODE[code]["target"], random_inputs=3, **CODE[code])
