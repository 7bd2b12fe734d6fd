"""The shapes on which the original implementation of fused depthwise tiling was tested.

Written as float models into `build/`, with seeded weights: only the shapes are the original's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from zlib import crc32

from models.calibrate import calibrate
from models.graph import Graph
from models.tflite_writer import serialize

_CALIBRATION_SAMPLES = 4


def write_shapes(folder: Path) -> tuple[Path, ...]:
    """Write every shape as a .tflite file; one that is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_written(folder / f"{name}.tflite", build) for name, build in SHAPES.items())


def _written(path: Path, build: Callable[[Graph], None]) -> Path:
    if not path.is_file():
        graph = Graph(path.stem, seed=crc32(path.stem.encode()))
        build(graph)
        path.write_bytes(serialize(calibrate(graph, _CALIBRATION_SAMPLES).graph))
    return path


def _dense(g: Graph, inputs: int, hidden: int, outputs: int) -> None:
    x = g.input("input_1", (1, inputs))
    g.output(g.fully_connected(g.tanh(g.fully_connected(x, hidden)), outputs))


def _conv_pool_twice(g: Graph, filters: int, kernel: int) -> None:
    x = g.input("input_1", (1, 100, 100, 3))
    for _ in range(2):
        x = g.max_pool(g.tanh(g.conv2d(x, filters, kernel)), 2)
    g.output(x)


SHAPES: Mapping[str, Callable[[Graph], None]] = {
    "dense_100_200_100": partial(_dense, inputs=100, hidden=200, outputs=100),
    "dense_4_19391_1": partial(_dense, inputs=4, hidden=19391, outputs=1),
    **{
        f"conv_f{filters}_k{kernel}": partial(_conv_pool_twice, filters=filters, kernel=kernel)
        for kernel in (1, 3)
        for filters in (10, 11)
    },
}
