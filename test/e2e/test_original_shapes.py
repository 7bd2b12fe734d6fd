"""The shapes that the original implementation of fused depthwise tiling was tested on.

Float models with weights of our own; a limit is a fraction of what is live at once in the
untiled model, which the original, computing nothing in place, needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.test_tiling import check_tiled
from fdt_mlir.api import compile
from models.calibrate import calibrate
from models.graph import Graph
from models.tflite_writer import write_file


def dense(g: Graph, *units: int) -> None:
    """Dense layers with tanh between."""
    x = g.fully_connected(g.input("input_1", (1, units[0])), units[1])
    for count in units[2:]:
        x = g.fully_connected(g.tanh(x), count)
    g.output(x)


def conv_pool_dense(g: Graph) -> None:
    x = g.input("input_1", (1, 32, 32, 3))
    for filters in (32, 64):
        x = g.conv2d(x, filters, 3, padding="VALID", activation="RELU")
        x = g.max_pool(x, 2)
    g.output(g.fully_connected(x, 10))


def conv_tanh_pool(g: Graph, filters: int, kernel: int) -> None:
    x = g.input("input_1", (1, 100, 100, 3))
    for _ in range(2):
        x = g.tanh(g.conv2d(x, filters, kernel, padding="VALID"))
        x = g.max_pool(x, 2)
    g.output(x)


@dataclass(frozen=True)
class Case:
    """A shape, how it is compiled, and the fraction of the untiled live bytes it may need."""

    build: Callable[..., None]
    sizes: tuple[int, ...]
    choices: Mapping[str, Any]
    limit: float

    def __str__(self) -> str:
        name = self.build.__name__.replace("_", "-")
        return "-".join([name, *(str(n) for n in self.sizes), str(self.choices["strategy"])])


FDT = {"strategy": "fdt"}
AUTO = {"strategy": "auto"}
AUTO_10 = {"strategy": "auto", "max_mac_overhead": 10.0}
CASES = (
    Case(dense, (100, 200, 100), FDT, 0.70),
    # A prime number of units: no tile but one unit divides it.
    Case(dense, (4, 19391, 1), FDT, 0.02),
    Case(conv_pool_dense, (), FDT, 0.32),
    Case(conv_pool_dense, (), AUTO, 0.25),
    Case(conv_tanh_pool, (10, 1), AUTO, 0.29),
    Case(conv_tanh_pool, (11, 1), AUTO, 0.29),
    Case(conv_tanh_pool, (10, 3), AUTO_10, 0.40),
    Case(conv_tanh_pool, (11, 3), AUTO_10, 0.40),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_shape(case: Case, tmp_path: Path) -> None:
    graph = Graph("model", seed=1)
    case.build(graph, *case.sizes)
    path = tmp_path / "model.tflite"
    write_file(calibrate(graph, samples=4).graph, path)
    compiled = check_tiled(path, **case.choices)
    untiled = compile(path, strategy="none")
    assert compiled.arena_bytes <= case.limit * untiled.report["live_sum_bytes"]
