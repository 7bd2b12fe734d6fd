"""Candidates against a simulation of every element, and against the flattened program."""

from dataclasses import replace

import pytest
from path_graphs import GraphBuilder, random_graph, simulate

from fdt_mlir.paths.cost import predict_macs, tile_buffer_bytes, tile_program
from fdt_mlir.paths.program import untiled_live_bytes
from fdt_mlir.paths.regions import candidate_tables


@pytest.mark.parametrize("seed", range(60))
def test_tiles_hold_what_is_read_and_nothing_more(seed):
    """A range too small loses data; one too large wastes memory and work."""
    graph = random_graph(seed, layers=4)
    for table in candidate_tables(graph):
        for row in range(0, len(table), 3):
            candidate = table.candidate(row)
            found = simulate(
                graph,
                candidate.members,
                candidate.dims,
                candidate.sizes,
                is_sliced=candidate.family == "fdt",
            )
            names = {graph.layers[m].name: size for m, size in found.largest_bytes.items()}
            assert tile_buffer_bytes(graph, candidate) == names
            untiled = sum(graph.layers[m].macs for m in candidate.members)
            assert candidate.extra_macs == found.macs - untiled
            assert candidate.tiles == found.tiles


@pytest.mark.parametrize("seed", range(60))
def test_the_peak_of_a_candidate_is_that_of_the_flattened_program(seed):
    """The search and the planner must mean the same memory."""
    graph = random_graph(seed, layers=5)
    live = untiled_live_bytes(graph)
    assert live == tile_program(graph, []).live_bytes()
    for table in candidate_tables(graph):
        for row in range(len(table)):
            candidate = table.candidate(row)
            program = tile_program(graph, [candidate])
            outside = live[: candidate.first] + live[candidate.end + 1 :]
            assert max(program.live_bytes()) == max([candidate.peak_bytes, *outside])
            assert predict_macs(graph, [candidate]) == graph.macs + candidate.extra_macs


def families(graph, end):
    """Family and loops of the candidates that end in the layer `end`."""
    tables = [t for t in candidate_tables(graph) if t.members[-1] == end and len(t)]
    return {(table.members, table.dims): table.family for table in tables}


def test_channels_run_element_by_element_along_weights():
    """Rows are never FDT, although a pointwise chain passes them element by element too."""
    build = GraphBuilder()
    x = build.window(build.input(4, 5, 6), 8)
    x = build.window(x, None, (3, 3), pad=(1, 1))
    build.window(x, 10)
    found = families(build.graph(), 2)
    assert found[(0, 1, 2), (5,)] == "fdt"
    assert found[(0, 1, 2), (0,)] == "ffmt"
    assert found[(1, 2), (0, 1)] == "ffmt"
    # The result's channels reach the last layer only: the others would run whole in every tile.
    assert ((1, 2), (2,)) not in found


def test_channel_tiles_divide_the_extent():
    """Channel loops with a remainder cannot be built."""
    build = GraphBuilder()
    build.dense(build.dense(build.input(3), 12), 5)
    (table,) = candidate_tables(build.graph())
    assert table.sizes[:, 0].tolist() == [6, 4, 3, 2, 1]


def test_row_tiles_take_every_size_that_matters():
    build = GraphBuilder()
    build.add(build.add(build.input(7)))
    (table,) = candidate_tables(build.graph())
    assert table.sizes[:, 0].tolist() == [4, 3, 2, 1]


def test_rows_of_an_image_end_in_a_dense_layer():
    """A dense layer on an image can add up its rows one by one: they index weights as well."""
    build = GraphBuilder()
    x = build.window(build.input(9, 5, 3), 2, (3, 3))
    build.dense(build.window(x, None, (3, 1), weighted=False), 4)
    found = families(build.graph(), 2)
    assert found[(1, 2), (1,)] == "fdt"
    # One layer further back the rows have windows, and any count of them may be a tile.
    assert found[(0, 1, 2), (1,)] == "ffmt"
    tables = [t for t in candidate_tables(build.graph()) if t.dims == (1,) and t.fan_in]
    assert {tuple(table.sizes[:, 0]) for table in tables if table.family == "ffmt"} == {(3, 2, 1)}


def test_both_branches_of_a_join_are_tiled():
    """The shortcut is a member as soon as all its readers are."""
    build = GraphBuilder()
    stem = build.window(build.input(6, 6, 2), 4, (3, 3), pad=(1, 1))
    branch = build.window(stem, 4, (3, 3), pad=(1, 1))
    build.add(stem, branch)
    members = {table.members for table in candidate_tables(build.graph())}
    assert members == {(1, 2), (0, 1, 2)}


def test_what_the_epilogue_of_a_fan_in_adds_stays_outside():
    """It is read once, after the loop: it must exist whole."""
    build = GraphBuilder()
    x = build.input(4, 4, 2)
    left, right = build.window(x, 6), build.window(x, 8)
    build.window(right, 6, added=left)
    fan_ins = [table for table in candidate_tables(build.graph()) if table.fan_in]
    assert {table.members for table in fan_ins} == {(1, 2)}


def test_outputs_and_opaque_tensors_are_not_tiled():
    build = GraphBuilder()
    first = build.add(build.input(8))
    build.add(first)
    assert list(candidate_tables(build.graph()))
    assert not list(candidate_tables(build.graph(first)))
    graph = build.graph()
    opaque = replace(graph.tensors[first], whole_because="its place is fixed")
    assert not list(candidate_tables(replace(graph, tensors={**graph.tensors, first: opaque})))


def test_partial_sums_take_the_size_of_the_accumulator():
    """100-200-100 in int8: 100 in, one unit, 100 sums of four bytes; then sums and result."""
    build = GraphBuilder()
    build.dense(build.dense(build.input(100), 200), 100)
    (table,) = candidate_tables(build.graph())
    assert table.peak_bytes[table.sizes[:, 0] == 1].tolist() == [100 + 1 + 400]
