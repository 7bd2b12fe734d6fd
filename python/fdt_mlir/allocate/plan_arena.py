"""fdt-plan-arena: every buffer gets its place in the arena."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.allocate.lifetimes import Lifetimes, lifetimes_of
from fdt_mlir.allocate.overlaps import DyingInput, dying_inputs
from fdt_mlir.attributes import i64, string
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import producer
from fdt_mlir.passes import Pass
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Problem
from fdt_mlir.planner.validator import validate


@dataclass(frozen=True)
class PlanArenaPass(Pass):
    """Plan one arena for each function and write offsets on its buffers.

    Requires: memrefs of static shape, written by kernel calls (fdt-verify-buffers).
    Ensures: every `memref.alloc` carries `fdt.offset` and `fdt.buffer` (its name); the function
        carries `fdt.input_offsets`, `fdt.arena_bytes`, `fdt.arena_align`,
        `fdt.lower_bound_bytes` and `fdt.layout_proved_optimal`. The plan was checked by the
        validator, which shares no code with the planner.
        Calls that the plan makes run backwards carry `fdt.reverse`.
    Fails when: an argument is no memory of static shape, or nothing writes a buffer. A plan that
        the validator rejects is an internal error.

    Options: `in-place` (true by default), whether a result may overlap an input that dies in the
    same call.
    """

    name: ClassVar[str] = "fdt-plan-arena"

    in_place: bool = True

    def run(self, module: ir.Module) -> None:
        for operation in module.body.operations:
            function = operation.operation
            if is_entry(function):
                lifetimes = lifetimes_of(function)
                pairs = dying_inputs(lifetimes) if self.in_place else []
                result = plan(lifetimes, pairs)
                _write(function, lifetimes, result)
                for pair in pairs:
                    if pair.call is not None and pair.runs_backwards(result.offsets):
                        pair.call.attributes["fdt.reverse"] = ir.UnitAttr.get()


def is_entry(op: ir.Operation) -> bool:
    """Whether `op` is a function of the model, not a scalar function of a kernel."""
    if op.name != "func.func" or not op.regions[0].blocks:
        return False
    # A public function says nothing of its visibility.
    return "sym_visibility" not in op.attributes or string(op, "sym_visibility") != "private"


def plan(lifetimes: Lifetimes, pairs: Sequence[DyingInput] = ()) -> Plan:
    """Lay the buffers out; the validator has the last word."""
    from fdt_mlir.planner.layout import plan_layout  # loads the solver, which takes long

    problem = Problem(
        tuple(
            Buffer(b.name, b.size_bytes, b.first, b.last, b.align, b.pin) for b in lifetimes.buffers
        ),
        tuple(overlap for pair in pairs for overlap in pair.overlaps()),
    )
    result = plan_layout(problem)
    violations = validate(problem, result)
    assert not violations, f"the planner broke its own problem: {violations}"
    return result


def _write(function: ir.Operation, lifetimes: Lifetimes, result: Plan) -> None:
    inputs: list[int] = []
    for buffer in lifetimes.buffers:
        op = producer(buffer.value)
        offset = result.offsets[buffer.name]
        if op is None:
            inputs.append(offset)
        else:
            op.attributes["fdt.offset"] = i64(offset)
            op.attributes["fdt.buffer"] = ir.StringAttr.get(buffer.name)
    align = max((buffer.align for buffer in lifetimes.buffers), default=1)
    attributes = function.attributes
    attributes["fdt.input_offsets"] = ir.DenseI64ArrayAttr.get(inputs)
    attributes["fdt.arena_bytes"] = i64(result.arena_bytes)
    attributes["fdt.arena_align"] = i64(max(align, 4))
    attributes["fdt.lower_bound_bytes"] = i64(result.lower_bound_bytes)
    attributes["fdt.layout_proved_optimal"] = ir.BoolAttr.get(result.proved_optimal)
