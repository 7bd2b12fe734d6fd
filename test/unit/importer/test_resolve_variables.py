"""Resource variables of a file become variables of the graph; one test per refusal."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fdt_mlir import api
from fdt_mlir.errors import CompileError
from fdt_mlir.importer.cut_graph import cut_graph, frontier
from fdt_mlir.importer.prune_model import prune_model
from fdt_mlir.importer.resolve_variables import resolve_variables
from fdt_mlir.importer.tflite_model import TfliteModel
from models.graph import ABSENT, Graph, Op, Tensor
from models.tflite_writer import serialize, write_file
from models.variables import GRAPHS, Variable, numbers, tensor, variable
from unit.importer.importer_models import names, read_graph

SHAPE = (1, 7)


def resolved(graph: Graph) -> TfliteModel:
    return resolve_variables(read_graph(graph), serialize(graph))


def test_handles_of_one_name_are_one_variable():
    model = resolved(GRAPHS["accumulator"]("int8"))
    codes = [operator.code for operator in model.operators]
    assert codes == ["READ_VARIABLE", "ADD", "ASSIGN_VARIABLE", "READ_VARIABLE", "ADD"]
    (held,) = {model.operators[place].inputs[0] for place in (0, 2, 3)}
    assert model.tensors[held].is_variable
    assert model.tensors[held].data == numbers(SHAPE, "int8").tobytes()


def test_what_nothing_assigns_is_a_constant_for_its_readers():
    model = resolved(GRAPHS["constants"]("float32"))
    (moved,) = [op for op in model.operators if names(model, op.outputs) == ["moved"]]
    held = model.tensors[moved.inputs[0]]
    assert held.is_constant
    assert not held.is_variable


def test_assignments_stay_where_their_variable_is_needed():
    model = resolved(GRAPHS["delay_line"]("float32"))
    assigned = sum(op.code == "ASSIGN_VARIABLE" for op in prune_model(model, True).operators)
    cut = cut_graph(model, ["b_before"])
    left = [op.code for op in cut.operators]
    assert assigned == 4
    assert left.count("ASSIGN_VARIABLE") == left.count("READ_VARIABLE") == 2, "of a and b"


def test_what_is_read_depends_on_what_was_assigned_before():
    model = resolved(GRAPHS["accumulator"]("int8"))
    (refused,) = [op for op in model.operators if names(model, op.outputs) == ["sum"]]
    assert frontier(model, [refused]) == ()


def start() -> tuple[Graph, Variable]:
    """A graph whose output is the sum of its input and a variable, which gets it."""
    graph = Graph("model", seed=0)
    graph.inputs.append(tensor("x", SHAPE, "float32"))
    held = variable("v", SHAPE, "float32")
    held.initialise(graph, numbers(SHAPE, "float32"))
    total = graph.add(held.read(graph, "old"), graph.inputs[0])
    held.assign(graph, total)
    graph.output(total)
    return graph, held


def compute_initially(graph: Graph, _: Variable) -> None:
    (body,) = graph.callees
    initial = body.ops[-1].inputs[1]
    body.ops.append(Op("RELU", (initial,), tensor("positive", SHAPE, "float32")))


def assign_input_initially(graph: Graph, held: Variable) -> None:
    (body,) = graph.callees
    body.inputs.append(tensor("given", SHAPE, "float32"))
    held.assign(body, body.inputs[0])


def assign_other_shape(graph: Graph, held: Variable) -> None:
    held.assign(graph, Tensor("longer", (1, 8), "float32", np.zeros((1, 8), np.float32)))


def read_other_type(graph: Graph, _: Variable) -> None:
    graph.output(variable("v", SHAPE, "int8").read(graph, "bytes"))


def initialise_again(graph: Graph, held: Variable) -> None:
    held.initialise(graph, numbers(SHAPE, "float32"))


def give_handle_out(graph: Graph, held: Variable) -> None:
    graph.output(held.handle(graph))


def compute_with_handle(graph: Graph, held: Variable) -> None:
    graph.ops.append(Op("RELU", (held.handle(graph),), tensor("positive", (), "float32")))


def read_two(graph: Graph, _: Variable) -> None:
    place = next(n for n, op in enumerate(graph.ops) if op.kind == "READ_VARIABLE")
    (handle,) = graph.ops[place].inputs
    graph.ops[place] = replace(graph.ops[place], inputs=(handle, handle))


def read_given(graph: Graph, _: Variable) -> None:
    graph.inputs.append(Tensor("given", (), "resource"))
    graph.ops.append(Op("READ_VARIABLE", (graph.inputs[-1],), tensor("y", SHAPE, "float32")))


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (compute_initially, "positive", "RELU: an initialisation can only assign constants"),
        (
            assign_input_initially,
            "v/handle_1",
            "ASSIGN_VARIABLE: an initialisation can only assign constants to variables",
        ),
        (
            assign_other_shape,
            "v/handle_2",
            "FLOAT32 of shape [1, 8] does not fit variable 'v', which is FLOAT32 of shape [1, 7]",
        ),
        (
            read_other_type,
            "bytes",
            "INT8 of shape [1, 7] does not fit variable 'v', which is FLOAT32 of shape [1, 7]",
        ),
        (initialise_again, "operator 6", "CALL_ONCE: variables are accessed before it"),
        (give_handle_out, "v/handle_2", "VAR_HANDLE: a variable itself, not what it holds"),
        (compute_with_handle, "positive", "RELU: a variable itself, not what it holds"),
        (read_two, "old", "READ_VARIABLE: it needs 1 operands and 1 results"),
        (read_given, "y", "READ_VARIABLE: no VAR_HANDLE gives its variable"),
    ],
)
def test_refusals(change: Callable[[Graph, Variable], None], where: str, message: str):
    graph, held = start()
    change(graph, held)
    with pytest.raises(CompileError) as caught:
        resolved(graph)
    (diagnostic,) = caught.value.diagnostics
    assert message in diagnostic.message
    assert diagnostic.hint
    assert diagnostic.location is not None
    assert diagnostic.location.name == where


def test_subgraphs_that_nothing_calls():
    graph, _ = start()
    graph.callees.append(Graph("other", seed=0))
    with pytest.raises(CompileError, match="3 subgraphs, but only one can be compiled"):
        read_graph(graph)


@pytest.mark.parametrize("number", [-1, 0, 2])
def test_subgraphs_that_cannot_be_an_initialisation(number: int):
    graph, _ = start()
    graph.ops[0] = Op("CALL_ONCE", (), ABSENT, {"InitSubgraphIndex": number})
    with pytest.raises(CompileError, match=f"operator 0 calls subgraph {number} of 2"):
        read_graph(graph)


def test_variables_of_uint8(tmp_path: Path):
    graph = Graph("model", seed=0)
    graph.output(variable("v", SHAPE, "uint8").read(graph, "y"))
    path = tmp_path / "model.tflite"
    write_file(graph, path)
    with pytest.raises(CompileError, match="operator READ_VARIABLE is not supported"):
        api.compile(path)
