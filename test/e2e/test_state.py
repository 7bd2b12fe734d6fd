"""State that outlives an inference: in the arena, set by `_reset`, as the reference keeps it."""

from pathlib import Path

import numpy as np
import pytest

from e2e.harness import compare
from e2e.library import Program
from fdt_mlir import api
from models.operators import CASES
from models.operators.case import Case, Element, build, samples
from models.oracle import Reference
from models.tflite_writer import write_file

SEQUENCE = 9
SUBJECTS = [
    ("svdf", "float32"),
    ("svdf_bytes", "int8"),
    ("lstm", "float32"),
    ("lstm_bytes", "int8"),
]


def subject(name: str, element: Element, folder: Path) -> tuple[Case, Path, list]:
    case, path = CASES[name], folder / "model.tflite"
    graph = build(case, element)
    write_file(graph, path)
    return case, path, samples(case, graph, SEQUENCE)


@pytest.mark.parametrize(("name", "element"), SUBJECTS)
def test_a_sequence_is_that_of_the_reference(name: str, element: Element, tmp_path: Path) -> None:
    _, path, sequence = subject(name, element, tmp_path)
    program = Program(api.compile(path, strategy="none"), tmp_path / "c")
    first: list[np.ndarray] = []
    for _ in range(2):
        program.reset()
        reference = Reference(path)
        outputs = [program.invoke(sample)[0] for sample in sequence]
        for number, (sample, actual) in enumerate(zip(sequence, outputs, strict=True)):
            (expected,) = reference.run_on(sample)
            assert compare(0, expected, actual) is None, f"step {number}"
        first = first or outputs
        assert all(np.array_equal(a, b) for a, b in zip(first, outputs, strict=True)), "reset"
    # Without state, each step would give what it gives after a reset.
    program.reset()
    assert not np.array_equal(program.invoke(sequence[3])[0], first[3])


def test_state_is_part_of_the_arena_and_of_the_report(tmp_path: Path) -> None:
    _, path, _ = subject("svdf_bytes", "int8", tmp_path)
    compiled = api.compile(path, strategy="none")
    (state,) = compiled.report["states"]
    assert state["type"] == "int16"
    assert state["offset"] + state["bytes"] <= compiled.arena_bytes
    assert len(compiled.report["inputs"]) == len(compiled.report["outputs"]) == 1
    (buffer,) = [b for b in compiled.report["buffers"] if b["offset"] == state["offset"]]
    assert (buffer["first"], buffer["last"]) == (0, len(compiled.report["steps"]))
    assert f"void {compiled.name}_reset(void *arena);" in compiled.files[f"{compiled.name}.h"]


def test_models_without_state_have_no_reset(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    write_file(build(CASES["relu"], "int8"), path)
    compiled = api.compile(path, strategy="none")
    assert compiled.report["states"] == []
    assert not any("_reset" in text for text in compiled.files.values())
