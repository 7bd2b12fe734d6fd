"""The plan for people who stay with TensorFlow Lite Micro: the same model with our layout.

Operators run in the order of the file and nothing is computed in place, as TFLM does it. Where its
kernels ask for scratch memory, TFLM still places that by itself.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fdt_mlir.importer.offline_plan import UNPLANNED, add_offline_plan
from fdt_mlir.importer.tflite_model import ABSENT, Tensor, TfliteModel
from fdt_mlir.importer.tflite_reader import read_model
from fdt_mlir.planner.layout import plan_layout
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Problem
from fdt_mlir.planner.validator import validate

ALIGN_BYTES = 16
"""Of every buffer that TFLM plans (MicroArenaBufferAlignment); sizes are rounded up to it."""


@dataclass(frozen=True)
class PlannedModel:
    """A .tflite file with a plan, and the bytes that its tensors need at the arena's head."""

    data: bytes
    head_bytes: int
    plan: Plan

    def write(self, path: Path) -> None:
        """Write the file, all of it or nothing. Raises CompileError where it cannot be written."""
        try:
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as scratch:
                complete = Path(scratch) / path.name
                complete.write_bytes(self.data)
                complete.replace(path)
        except OSError as error:
            where = SourceLocation(str(path))
            raise compile_error(f"cannot write the model: {error.strerror}", where) from error


def plan_tflite(path: Path) -> PlannedModel:
    """Lay out the tensors of a .tflite file and write the plan into its metadata.

    Raises CompileError for a file that is no TFLite model or cannot be planned.
    """
    where = SourceLocation(str(path))
    if path.suffix != ".tflite":
        raise compile_error(
            "a plan for TensorFlow Lite Micro needs a .tflite model", where, "compile it to C"
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise compile_error(f"cannot read the model: {error.strerror}", where) from error
    model = read_model(path, data)
    if model.initialisations:
        message = "a plan for a model with several subgraphs is not supported"
        raise compile_error(message, where, "compile it to C")
    problem = layout_problem(model)
    plan = plan_layout(problem)
    violations = validate(problem, plan)
    assert not violations, f"the planner broke its own problem: {violations}"
    offsets = [plan.offsets.get(_name(index), UNPLANNED) for index in range(len(model.tensors))]
    return PlannedModel(add_offline_plan(data, offsets), plan.arena_bytes, plan)


def layout_problem(model: TfliteModel) -> Problem:
    """Pose the layout as TFLM sees it: a step per operator, lifetimes from first to last use."""
    end = max(1, len(model.operators))
    spans: dict[int, tuple[int, int]] = dict.fromkeys(model.inputs, (0, 1))
    for step, operator in enumerate(model.operators):
        for index in (*model.operands(operator), *operator.outputs):
            if index != ABSENT:
                spans[index] = (spans.get(index, (step, 0))[0], step + 1)
    for index in model.outputs:
        spans[index] = (spans[index][0], end) if index in spans else (0, end)
    return Problem(
        tuple(
            Buffer(_name(index), _padded_bytes(model, index), first, last, ALIGN_BYTES)
            for index, (first, last) in sorted(spans.items())
            if not model.tensors[index].is_constant
        )
    )


def _name(index: int) -> str:
    return f"tensor_{index}"


def _padded_bytes(model: TfliteModel, index: int) -> int:
    tensor = model.tensors[index]
    width = _element_bytes(tensor)
    if width is None or any(size < 0 for size in tensor.shape):
        raise compile_error(
            f"the size of tensor {tensor.name} is not known: {tensor.element} {list(tensor.shape)}",
            SourceLocation(model.file, name=tensor.name),
            "export the model with fixed shapes",
        )
    size = width * int(np.prod(tensor.shape, dtype=np.int64))
    return -(-size // ALIGN_BYTES) * ALIGN_BYTES


def _element_bytes(tensor: Tensor) -> int | None:
    kind = tensor.element.rstrip("0123456789")
    bits = tensor.element[len(kind) :]
    if kind == "BOOL":
        return 1
    if kind in ("FLOAT", "INT", "UINT", "BFLOAT") and bits.isdigit() and int(bits) >= 8:
        return int(bits) // 8
    return None
