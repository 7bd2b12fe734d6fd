"""A streamed input together with all else: other inputs, state, several memories and outputs."""

from pathlib import Path

import numpy as np
import pytest

from e2e.harness import check_bit_exact, compare
from e2e.library import Program
from e2e.test_memories import check_places
from fdt_mlir import api
from fdt_mlir.cli.compile import main
from fdt_mlir.errors import CompileError, UsageError
from models.calibrate import calibrate
from models.graph import Graph, Op, Tensor
from models.oracle import Reference, random_inputs
from models.quantize import quantize
from models.single_op import model
from models.tflite_writer import write_file

SEQUENCE = 4


def late(graph: Graph, x: Tensor, y: Tensor) -> Tensor:
    """The other input joins behind the stream."""
    x = graph.conv2d(x, 6, 3, strides=2, activation="RELU")
    x = graph.mean(graph.depthwise_conv2d(x, 3), (1, 2))
    return graph.add(graph.fully_connected(x, 5), y)


def rowwise(graph: Graph, x: Tensor, y: Tensor) -> Tensor:
    """The other input is read row by row inside the stream."""
    x = graph.conv2d(x, 3, 3, activation="RELU")
    return graph.conv2d(graph.add(x, y), 4, 3, strides=2)


def early(graph: Graph, x: Tensor, y: Tensor) -> Tensor:
    """What becomes of the other input is computed before the first row, and needs much more."""
    y = graph.conv2d(graph.conv2d(y, 16, 3, activation="RELU"), 1, 3, strides=2)
    x = graph.conv2d(x, 6, 3, strides=2, activation="RELU")
    return graph.add(graph.conv2d(graph.depthwise_conv2d(x, 3), 1, 1), y)


SHAPES = {
    late: [(1, 14, 11, 3), (1, 5)],
    rowwise: [(1, 13, 8, 3), (1, 13, 8, 3)],
    early: [(1, 20, 12, 3), (1, 20, 12, 2)],
}


def written(build, folder: Path, element: str = "int8") -> Path:
    path = folder / f"{build.__name__}.tflite"
    write_file(model(SHAPES[build], build, element), path)
    return path


@pytest.mark.parametrize("streamed", [0, 1])
@pytest.mark.parametrize("build", SHAPES)
def test_one_of_several_inputs(build, streamed: int, tmp_path: Path) -> None:
    path = written(build, tmp_path)
    if build is late and streamed == 1:
        with pytest.raises(CompileError, match="no path begins with 'dense' and takes the rows"):
            api.compile(path, stream_input="input:1")
        return
    compiled = check_bit_exact(
        path, sanitize=True, random_inputs=4, shadow=True, stream_input=f"input:{streamed}"
    )
    assert compiled.arena_bytes == compiled.discovery.predicted_arena_bytes
    places = [port["offset"] for port in compiled.report["inputs"]]
    assert [place is None for place in places] == [number == streamed for number in (0, 1)]


def test_what_comes_before_the_rows_shares_their_bytes(tmp_path: Path) -> None:
    """Rows that are copied too early would be overwritten: here they were, once."""
    path = written(early, tmp_path)
    compiled = check_bit_exact(path, "cortex-m4", random_inputs=3, stream_input="input:0")
    buffers = {buffer["name"]: buffer for buffer in compiled.report["buffers"]}
    rows = buffers.pop("input_rows")
    assert any(
        other["last"] <= rows["first"]
        and other["offset"] < rows["offset"] + rows["bytes"]
        and rows["offset"] < other["offset"] + other["bytes"]
        for other in buffers.values()
    )


def test_a_name_says_which(tmp_path: Path) -> None:
    path = written(rowwise, tmp_path)
    by_number = api.compile(path, stream_input="input:1")
    assert api.compile(path, stream_input="input_2").files == by_number.files
    assert main([str(path), "--streamed-input", "input_2", "-q", "-o", str(tmp_path / "c")]) == 0
    assert (tmp_path / "c" / "rowwise.c").read_text() == by_number.files["rowwise.c"]
    with pytest.raises(UsageError, match=r"2 inputs \('input_1', 'input_2'\), .* say which"):
        api.compile(path, stream_input=True)
    for wrong in ("x", "input:2"):
        with pytest.raises(UsageError, match=f"'{wrong}' is no input to stream; the inputs are"):
            api.compile(path, stream_input=wrong)


def test_the_other_input_may_be_kept_and_pinned(tmp_path: Path) -> None:
    path = written(rowwise, tmp_path)
    choices = {"keep_inputs": True, "pins": {1: 64}, "stream_input": "input:0"}
    compiled = check_bit_exact(path, sanitize=True, random_inputs=4, shadow=True, **choices)
    assert compiled.arena_bytes == compiled.discovery.predicted_arena_bytes
    (kept,) = [each for each in compiled.report["buffers"] if each["name"] == "input_1"]
    assert (kept["offset"], kept["last"]) == (64, len(compiled.report["steps"]))
    with pytest.raises(UsageError, match="nothing keeps or pins it"):
        api.compile(path, stream_input="input:1", pins={1: 64})


@pytest.mark.parametrize("streamed", [0, 1])
def test_several_memories(streamed: int, tmp_path: Path) -> None:
    memories = {"fast": 400, "slow": 8192}
    choices = {"memories": memories, "stream_input": f"input:{streamed}"}
    compiled = check_bit_exact(
        written(early, tmp_path), sanitize=True, random_inputs=4, shadow=True, **choices
    )
    check_places(compiled, memories)
    assert all(arena["bytes"] for arena in compiled.report["arenas"])
    functions = ("void early_reset", "int early_invoke")
    assert all(
        f"{each}(void *fast, void *slow);" in compiled.files["early.h"] for each in functions
    )


def test_several_outputs(tmp_path: Path) -> None:
    """A head on the way, written as rows come, and one behind it."""
    graph = Graph("heads", 0)
    x = graph.conv2d(graph.input("x", (1, 24, 10, 3)), 6, 3, strides=2, activation="RELU")
    head = graph.conv2d(x, 2, 1)
    x = graph.conv2d(graph.depthwise_conv2d(x, 3), 4, 3, strides=2, activation="RELU")
    graph.output(head, graph.fully_connected(graph.mean(x, (1, 2)), 3))
    path = tmp_path / "heads.tflite"
    write_file(quantize(calibrate(graph, 16), "int8"), path)
    compiled = check_bit_exact(path, sanitize=True, random_inputs=4, shadow=True, stream_input=True)
    assert compiled.arena_bytes == compiled.discovery.predicted_arena_bytes
    assert compiled.arena_bytes < compiled.report["arena_bytes_untiled"]


def stateful() -> Graph:
    """Features of an image, remembered over inferences."""

    def features(graph: Graph, x: Tensor) -> Tensor:
        return graph.mean(graph.conv2d(x, 5, 3, strides=2, activation="RELU"), (1, 2))

    graph = model([(1, 12, 6, 3)], features, "float32")
    constants = [graph.random_constant(f"c_{n}", shape) for n, shape in enumerate(_SVDF_SHAPES)]
    state = Tensor("state", (1, 32), is_variable=True)
    inputs = (graph.outputs[0], *constants, state)
    result = Tensor("remembered", (1, 4))
    graph.ops.append(Op("SVDF", inputs, result, {"Rank": 2, "FusedActivationFunction": 0}))
    graph.outputs[:] = [result]
    return graph


_SVDF_SHAPES = ((8, 5), (8, 4), (4,))


def test_state_outlives_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "state.tflite"
    write_file(stateful(), path)
    compiled = check_bit_exact(path, sanitize=True, random_inputs=3, shadow=True, stream_input=True)
    assert compiled.report["states"]
    program = Program(compiled, tmp_path / "c")
    sequence = random_inputs(path, SEQUENCE)
    for _ in range(2):
        program.reset()
        reference = Reference(path)
        for sample in sequence:
            (expected,), (actual,) = reference.run_on(sample), program.invoke(sample)
            assert compare(0, expected, actual) is None
    # Wrong if each inference began anew.
    (first,) = Reference(path).run(sequence[-1])
    assert not np.allclose(first, expected)


def test_plenty_of_memory_is_no_reason_to_wait_for_all_rows(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    write_file(model([(1, 6, 4, 3)], lambda g, x: g.conv2d(g.conv2d(x, 8, 1), 3, 1)), path)
    compiled = check_bit_exact(path, random_inputs=3, shadow=True, stream_input=True, ram=65536)
    (rows,) = [each for each in compiled.report["buffers"] if each["name"] == "input_rows"]
    assert rows["bytes"] < compiled.report["inputs"][0]["bytes"]
