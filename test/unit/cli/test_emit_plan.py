"""`fdt-compile --emit tflite-plan`: how it fails."""

from pathlib import Path

import pytest

from fdt_mlir.cli.compile import main
from fdt_mlir.errors import CompileError
from fdt_mlir.importer.tflite_model import Operator, Tensor, TfliteModel
from fdt_mlir.planner.plan import Plan
from fdt_mlir.tflite_plan import PlannedModel, layout_problem, plan_tflite
from models.tflite_writer import write_file
from models.variables import GRAPHS


def test_a_plan_needs_a_place(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "m.tflite"), "--emit", "tflite-plan"]) == 2
    assert "--emit tflite-plan writes a model: name its file with -o" in capfd.readouterr().err


def test_other_formats_carry_no_plan(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"needs a \.tflite model"):
        plan_tflite(tmp_path / "m.onnx")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match="cannot read the model: No such file"):
        plan_tflite(tmp_path / "m.tflite")


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    planned = PlannedModel(b"", 0, Plan({}, 0, 0, True, "none"))
    with pytest.raises(CompileError, match="cannot write the model: No such file"):
        planned.write(tmp_path / "absent" / "m.tflite")


# TFLM would read the offsets as those of every subgraph's tensors.
def test_models_of_several_subgraphs(tmp_path: Path) -> None:
    write_file(GRAPHS["accumulator"]("int8"), tmp_path / "m.tflite")
    with pytest.raises(CompileError, match="a model with several subgraphs is not supported"):
        plan_tflite(tmp_path / "m.tflite")


# Wrong if a size is guessed: TFLM would write beyond the tensor's place.
def test_sizes_must_be_known() -> None:
    tensors = (Tensor("x", "INT8", (3,)), Tensor("text", "STRING", (2,)))
    model = TfliteModel("m", (0,), (1,), tensors, (Operator(0, "CAST", (0,), (1,)),))
    with pytest.raises(CompileError, match=r"the size of tensor text is not known: STRING \[2\]"):
        layout_problem(model)


# Wrong if a lifetime is too short by a step, or a constant is planned.
def test_lifetimes_are_those_of_tflm() -> None:
    tensors = (
        Tensor("x", "INT8", (3,)),
        Tensor("weights", "INT8", (5,), buffer=1, is_constant=True),
        Tensor("y", "INT16", (9,)),
        Tensor("z", "FLOAT32", (4, 2)),
    )
    operators = (Operator(0, "CONV_2D", (0, 1, -1), (2,)), Operator(1, "CAST", (2,), (3,)))
    problem = layout_problem(TfliteModel("m", (0,), (3,), tensors, operators))
    found = [(b.name, b.size_bytes, b.first, b.last, b.align) for b in problem.buffers]
    assert found == [
        ("tensor_0", 16, 0, 1, 16),
        ("tensor_2", 32, 0, 2, 16),
        ("tensor_3", 32, 1, 2, 16),
    ]
