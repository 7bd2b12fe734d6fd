"""fdt-plan-arena: every buffer gets its place in the arena."""

from dataclasses import dataclass, replace
from typing import ClassVar

from fdt_mlir.allocate.lifetimes import Lifetimes, lifetimes_of
from fdt_mlir.allocate.overlaps import dying_inputs
from fdt_mlir.allocate.placement import Placement, place
from fdt_mlir.allocate.states import state_values
from fdt_mlir.attributes import i64, string
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import producer
from fdt_mlir.passes import Pass, op_error

_NO_PLACE = -1


@dataclass(frozen=True)
class PlanArenaPass(Pass):
    """Plan one arena for each function and write offsets on its buffers.

    Requires: memrefs of static shape, written by kernel calls (fdt-verify-buffers).
    Ensures: every `memref.alloc` carries `fdt.offset` and `fdt.buffer` (its name); the function
        carries `fdt.input_offsets`, `fdt.arena_bytes`, `fdt.arena_align`,
        `fdt.lower_bound_bytes` and `fdt.layout_proved_optimal`. Inputs outside of the arena,
        a streamed one too, have the offset -1; where one is streamed, `fdt.rows_taken_offset` and
        `fdt.rows_taken_memory` say where its rows are counted. The plan was checked by the
        validator, which shares no code with the planner.
        Calls that the plan makes run backwards carry `fdt.reverse`.
        Where the function has several `fdt.memories`, each is an arena: allocations also carry
        `fdt.memory`, the function `fdt.input_memories` and `fdt.memory_bytes`; the sizes and
        bounds are sums over all of them, for the memories that the buffers were given.
    Fails when: an argument is no memory of static shape, state is to lie with the caller, nothing
        writes a buffer, or the buffers do not fit the memories. A plan that the validator rejects
        is an internal error.

    Options: `in-place` (true by default), whether a result may overlap an input that dies in the
    same call; `external-io` (false by default): inputs and outputs are the caller's and have no
    place in the arena.
    """

    name: ClassVar[str] = "fdt-plan-arena"

    in_place: bool = True
    external_io: bool = False

    def run(self, module: ir.Module) -> None:
        for operation in module.body.operations:
            function = operation.operation
            if is_entry(function):
                lifetimes = lifetimes_of(function)
                if self.external_io and state_values(function):
                    hint = "let the inputs and outputs lie in the arena"
                    raise op_error(function, "state has no place outside of the arena", hint)
                if self.external_io:
                    lifetimes = _without_io(lifetimes)
                pairs = dying_inputs(lifetimes) if self.in_place else []
                placement = place(function, lifetimes, pairs)
                _write(function, lifetimes, placement)
                for pair in pairs:
                    backwards = pair.runs_backwards(placement.arena_of, placement.offsets)
                    if pair.call is not None and backwards:
                        pair.call.attributes["fdt.reverse"] = ir.UnitAttr.get()


def _without_io(lifetimes: Lifetimes) -> Lifetimes:
    """Leave out the buffers that belong to the caller."""
    internal = (b for b in lifetimes.buffers if not b.outlives and producer(b.value) is not None)
    return replace(lifetimes, buffers=tuple(internal))


def is_entry(op: ir.Operation) -> bool:
    """Whether `op` is a function of the model, not a scalar function of a kernel."""
    if op.name != "func.func" or not op.regions[0].blocks:
        return False
    # A public function says nothing of its visibility.
    return "sym_visibility" not in op.attributes or string(op, "sym_visibility") != "private"


def _write(function: ir.Operation, lifetimes: Lifetimes, placement: Placement) -> None:
    several = len(placement.plans) > 1
    arguments = function.regions[0].blocks[0].arguments
    names = {buffer.value: buffer.name for buffer in lifetimes.buffers}
    inputs = [names.get(argument) for argument in arguments]
    for buffer in lifetimes.buffers:
        op = producer(buffer.value)
        if op is None:
            continue
        op.attributes["fdt.offset"] = i64(placement.offsets[buffer.name])
        op.attributes["fdt.buffer"] = ir.StringAttr.get(buffer.name)
        if several:
            op.attributes["fdt.memory"] = i64(placement.arena_of[buffer.name])
    align = max((buffer.align for buffer in lifetimes.buffers), default=1)
    plans, attributes = placement.plans, function.attributes
    for buffer in lifetimes.state:
        attributes[f"fdt.{buffer.name}_offset"] = i64(placement.offsets[buffer.name])
        attributes[f"fdt.{buffer.name}_memory"] = i64(placement.arena_of[buffer.name])
    offsets = [_NO_PLACE if name is None else placement.offsets[name] for name in inputs]
    attributes["fdt.input_offsets"] = ir.DenseI64ArrayAttr.get(offsets)
    attributes["fdt.arena_bytes"] = i64(sum(plan.arena_bytes for plan in plans))
    attributes["fdt.arena_align"] = i64(max(align, 4))
    attributes["fdt.lower_bound_bytes"] = i64(sum(plan.lower_bound_bytes for plan in plans))
    proved = all(plan.proved_optimal for plan in plans)
    attributes["fdt.layout_proved_optimal"] = ir.BoolAttr.get(proved)
    if several:
        sizes = [plan.arena_bytes for plan in plans]
        attributes["fdt.memory_bytes"] = ir.DenseI64ArrayAttr.get(sizes)
        homes = [0 if name is None else placement.arena_of[name] for name in inputs]
        attributes["fdt.input_memories"] = ir.DenseI64ArrayAttr.get(homes)
