"""Scalar functions computed in place: operation by operation, or by what several come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.attributes import number_of
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.rescale import emit_rescale, match_rescale
from fdt_mlir.emitc.scalar_functions import Argument, lower_operation
from fdt_mlir.emitc.types import int_type
from fdt_mlir.emitc.values import Value, computed, create
from fdt_mlir.normalize.structured import producer


@dataclass(frozen=True)
class Moved:
    """An int8 argument of which `argument + offset` is known, as an int32, and nothing else."""

    value: Value
    offset: int


def moved_offset(function: ir.Operation, position: int) -> int | None:
    """The number that a function adds to an int8 argument wherever it uses it; None: not one."""
    moved = _moved_by(function.regions[0].blocks[0].arguments[position])
    offsets = None if moved is None else set(moved.values())
    return offsets.pop() if offsets is not None and len(offsets) == 1 else None


def _moved_by(argument: ir.Value) -> dict[ir.Value, int] | None:
    """The sums of an argument, as an int32, and a number; None where it is used otherwise."""
    sums: dict[ir.Value, int] = {}
    for extended in (use.owner.operation for use in argument.uses):
        if extended.name != "arith.extsi" or extended.results[0].type != int_type(32):
            return None
        for moved in (use.owner.operation for use in extended.results[0].uses):
            added = producer(moved.operands[1]) if len(moved.operands) == 2 else None
            if moved.name not in ("arith.addi", "arith.subi") or added is None:
                return None
            if added.name != "arith.constant":
                return None
            number = int(number_of(added.attributes["value"]))
            sums[moved.results[0]] = number if moved.name == "arith.addi" else -number
    return sums


def inline_function(
    function: ir.Operation, arguments: Sequence[Argument | Moved], dsp: bool = False
) -> Value:
    """Compute a scalar function at the current insertion point.

    `dsp`: whether the target has the instructions of Arm's DSP extension. Raises CompileError for
    an operation that has no C.
    """
    block = function.regions[0].blocks[0]
    known: dict[ir.Value, Argument] = {}
    for place, argument in zip(block.arguments, arguments, strict=True):
        if isinstance(argument, Moved):
            known |= dict.fromkeys(_moved_by(place) or {}, argument.value)
        else:
            known[place] = argument
    result = _computed(block.operations[len(block.operations) - 1].operands[0], known, dsp)
    assert isinstance(result, Value)
    return result


def _computed(value: ir.Value, known: dict[ir.Value, Argument], dsp: bool) -> Argument:
    """Compute what a value needs, and the value; nothing is computed twice."""
    if value in known:
        return known[value]
    op = producer(value)
    assert op is not None, "arguments are known"
    result = _rescaled(op, known, dsp)
    if result is None and dsp:
        result = _saturated(op, known)
    if result is None:
        operands = [_computed(operand, known, dsp) for operand in op.operands]
        result = lower_operation(op, operands)
    known[value] = result
    return result


def _saturated(op: ir.Operation, known: dict[ir.Value, Argument]) -> Value | None:
    """Truncate what was clamped to all of int8 in one instruction; None for anything else."""
    if op.name != "arith.trunci" or str(op.results[0].type) != "i8":
        return None
    value = op.operands[0]
    for name, bound in (("arith.minsi", 127), ("arith.maxsi", -128)):
        clamp = producer(value)
        if clamp is None or clamp.name != name or str(value.type) != "i32":
            return None
        limit = producer(clamp.operands[1])
        if limit is None or limit.name != "arith.constant":
            return None
        if number_of(limit.attributes["value"]) != bound:
            return None
        value = clamp.operands[0]
    clamped = _computed(value, known, dsp=True)
    assert isinstance(clamped, Value)
    doubled = _halved(clamped)
    callee = {"callee": ir.StringAttr.get("saturate_half_s8" if doubled else "saturate_s8")}
    operand = doubled or clamped.ir
    return computed(create("call_opaque", [int_type(8)], [operand], callee).results[0])


def _halved(value: Value) -> ir.Value | None:
    """What a value is half of, if it was just shifted: saturating does that on the way."""
    op = producer(value.ir)
    if op is None or op.name != "emitc.bitwise_right_shift":
        return None
    amount = producer(op.operands[1])
    if amount is None or amount.name != "emitc.constant":
        return None
    return op.operands[0] if number_of(amount.attributes["value"]) == 1 else None


def _rescaled(op: ir.Operation, known: dict[ir.Value, Argument], dsp: bool) -> Value | None:
    rescale = match_rescale(op)
    if rescale is None:
        return None
    parts = (rescale.value, rescale.multiplier, rescale.shift)
    value, multiplier, shift = (_computed(part, known, dsp) for part in parts)
    assert isinstance(value, Value)
    assert isinstance(multiplier, Value)
    assert isinstance(shift, Value)
    return emit_rescale(rescale, value, multiplier, shift, dsp)
