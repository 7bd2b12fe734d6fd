"""Resource variables are state in the arena, read and assigned in the order of the file."""

from pathlib import Path

import numpy as np
import pytest

from e2e.harness import compare
from e2e.library import Program
from fdt_mlir import api
from models.graph import Graph
from models.oracle import Reference, random_inputs
from models.tflite_writer import write_file
from models.variables import GRAPHS, added, tensor, variable

STEPS = 7
ELEMENTS = ("float32", "int8")


def check(path: Path, reference: Path, strategy: str, folder: Path) -> api.Compiled:
    """Compare consecutive inferences, then once more from the beginning."""
    compiled = api.compile(path, strategy=strategy)
    program = Program(compiled, folder)
    for _ in range(2):
        if compiled.report["states"]:
            program.reset()
        expectation = Reference(reference)
        for step, sample in enumerate(random_inputs(path, STEPS)):
            expected, actual = expectation.run_on(sample), program.invoke(sample)
            for number, pair in enumerate(zip(expected, actual, strict=True)):
                assert compare(number, *pair) is None, f"step {step}"
    return compiled


@pytest.mark.parametrize("strategy", ["none", "auto"])
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_sequence_is_that_of_the_reference(
    name: str, element: str, strategy: str, tmp_path: Path
) -> None:
    path = tmp_path / "model.tflite"
    write_file(GRAPHS[name](element), path)
    check(path, path, strategy, tmp_path / "c")


@pytest.mark.parametrize("strategy", ["none", "auto"])
def test_a_file_of_tensorflow(strategy: str, tmp_path: Path) -> None:
    path = Path(__file__).parent / "files" / "streaming.tflite"
    compiled = check(path, path, strategy, tmp_path / "c")
    states = [(state["name"], state["type"]) for state in compiled.report["states"]]
    assert states == [("total", "int8"), ("past", "int8")]


def test_the_batch_may_be_open(tmp_path: Path) -> None:
    graph, path = GRAPHS["accumulator"]("int8"), tmp_path / "model.tflite"
    graph.dynamic_batch = True
    write_file(graph, path)
    check(path, path, "none", tmp_path / "c")


def counter(element: str, is_initialised: bool) -> Graph:
    """Adds up its inputs, perhaps from an explicit zero."""
    graph = Graph("counter", seed=0)
    source = tensor("x", (1, 5), element)
    graph.inputs.append(source)
    total = variable("total", source.shape, element)
    if is_initialised:
        known = source.quantization
        total.initialise(graph, np.full((1, 5), known.zero_point[0] if known else 0, element))
    total.assign(graph, added(graph, total.read(graph, "before"), source, "sum"))
    graph.output(total.read(graph, "after"))
    return graph


# The reference refuses to read what nobody has initialised.
@pytest.mark.parametrize("element", ELEMENTS)
def test_without_an_initialisation_variables_begin_with_zero(element: str, tmp_path: Path) -> None:
    for name, is_initialised in (("model", False), ("reference", True)):
        write_file(counter(element, is_initialised), tmp_path / f"{name}.tflite")
    check(tmp_path / "model.tflite", tmp_path / "reference.tflite", "none", tmp_path / "c")


@pytest.mark.parametrize("element", ["int16", "int32", "bool"])
def test_contents_of_every_type(element: str, tmp_path: Path) -> None:
    graph = Graph("hold", seed=0)
    graph.inputs.append(tensor("x", (1, 5), element))
    held = variable("held", (1, 5), element)
    held.initialise(graph, np.array([[1, 0, -700, 1, 30]]).astype(element))
    graph.output(held.read(graph, "last"))
    held.assign(graph, graph.inputs[0])
    path = tmp_path / "model.tflite"
    write_file(graph, path)
    check(path, path, "none", tmp_path / "c")


def test_contents_are_counted_as_constants(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    write_file(GRAPHS["accumulator"]("float32"), path)
    assert api.compile(path, strategy="none").report["weights_bytes"] == 7 * 4


def test_only_what_is_assigned_and_read_is_state(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    write_file(GRAPHS["constants"]("int8"), path)
    compiled = api.compile(path, strategy="none")
    assert [state["name"] for state in compiled.report["states"]] == ["s/handle_2"]


def test_variables_that_an_output_does_not_need_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    write_file(GRAPHS["delay_line"]("float32"), path)
    compiled = api.compile(path, strategy="none", outputs=["pair"])
    assert [state["name"] for state in compiled.report["states"]] == ["c/handle_2", "d/handle_3"]
