"""Ending a graph at named tensors."""

from dataclasses import replace

import pytest

from fdt_mlir.errors import CompileError
from fdt_mlir.importer.cut_graph import cut_graph, frontier, heads
from unit.importer.importer_models import chain, example, names


def test_drops_what_the_named_tensors_do_not_need():
    model = cut_graph(chain("RELU", "ABS", "NEG"), ["t1"])
    assert names(model, model.outputs) == ["t1"]
    assert [op.code for op in model.operators] == ["RELU"]
    assert [tensor.name for tensor in model.tensors] == ["x", "t1"]


def test_outputs_keep_the_given_order():
    model = cut_graph(chain("RELU", "ABS", "NEG"), ["t3", "t1"])
    assert names(model, model.outputs) == ["t3", "t1"]


def test_inputs_that_nothing_reads_any_more_are_dropped():
    whole = chain("RELU")
    second = replace(whole.tensors[0], name="y")
    model = replace(whole, inputs=(0, 2), tensors=(*whole.tensors, second))
    assert names(cut_graph(model, ["t1"]), cut_graph(model, ["t1"]).inputs) == ["x"]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (["t1", "t1"], "output 't1' is given twice"),
        (["tt1"], "no tensor 'tt1' to end at\n  hint: did you mean 't1'"),
        (["x"], "'x' cannot be an output: no operator computes it"),
    ],
)
def test_names_at_which_the_graph_cannot_end(outputs: list[str], message: str):
    with pytest.raises(CompileError, match=message):
        cut_graph(chain("RELU", "ABS"), outputs)


def test_frontier_holds_what_refused_operators_read_and_other_outputs():
    model = replace(chain("RELU", "CUSTOM", "NEG"), outputs=(3, 1))
    assert frontier(model, [model.operators[1]]) == ("t1",)
    assert frontier(model, [model.operators[0]]) == (), "all is behind the refused operator"


def test_heads_are_what_concatenations_collect():
    model = example("ssd_u8")
    ends = [model.tensors[index].name for index in model.outputs]
    boxes = [f"ssd/box_encoding{suffix}/BiasAdd" for suffix in ("", "_1", "_2")]
    scores = [f"ssd/class{suffix}/BiasAdd" for suffix in ("", "_1", "_2")]
    assert heads(model, ends) == (*boxes, *scores)


def test_without_a_concatenation_the_ends_are_the_heads():
    model = chain("CONV_2D", "RESHAPE")
    assert heads(model, ["t2"]) == ()
