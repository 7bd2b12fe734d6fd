"""Every operator and every way in which data moves, bit by bit as the reference computes it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from e2e.harness import check_bit_exact
from models.graph import Graph
from models.single_op import catalogue
from models.structures import structures
from models.tflite_writer import write_file

INT8 = catalogue("int8")
STRUCTURES = structures()
# Of as many as are slow to compile for what they could tell beyond the integer graphs.
FLOAT_NAMES = ("conv", "depthwise", "max_pool", "mean", "concat", "pad", "gather")


# What is tiled differs most; whatever a strategy does, the outputs stay.
STRATEGIES = ("none", "auto")
EACH_STRATEGY = pytest.mark.parametrize("strategy", STRATEGIES)


def check(graphs: Mapping[str, Graph], name: str, folder: Path, strategy: str) -> None:
    path = folder / f"{name}.tflite"
    write_file(graphs[name], path)
    check_bit_exact(path, sanitize=True, random_inputs=6, strategy=strategy)


@EACH_STRATEGY
@pytest.mark.parametrize("name", INT8)
def test_int8_operator(name: str, strategy: str, tmp_path: Path) -> None:
    check(INT8, name, tmp_path, strategy)


@EACH_STRATEGY
@pytest.mark.parametrize("name", STRUCTURES)
def test_structure(name: str, strategy: str, tmp_path: Path) -> None:
    check(STRUCTURES, name, tmp_path, strategy)


@pytest.mark.parametrize("name", FLOAT_NAMES)
def test_float_operator(name: str, tmp_path: Path) -> None:
    check(catalogue("float32"), name, tmp_path, "none")
