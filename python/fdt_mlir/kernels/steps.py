"""Recognise what one step of a reduction does to bytes that micro-kernels can do to several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fdt_mlir.attributes import number_of
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.product import Product, match_product
from fdt_mlir.normalize.structured import producer


@dataclass(frozen=True)
class Largest:
    """A stage that keeps the largest of in:input, int8, and `start`."""

    input: int
    start: int


@dataclass(frozen=True)
class Addition:
    """A stage that adds `in:input + offset`, in:input an int8, to an int32."""

    input: int
    offset: int


Step = Product | Largest | Addition


def match_step(stage: Stage, function_named: Callable[[str], ir.Operation]) -> Step | None:
    """Read the functions of a reducing stage; None where it computes anything else."""
    assert stage.init is not None
    body = function_named(stage.body)
    largest = _match_largest(stage, body, function_named(stage.init))
    return largest or _match_addition(stage, body) or match_product(stage, body)


def _match_largest(stage: Stage, body: ir.Operation, init: ir.Operation) -> Largest | None:
    start = producer(_returned(init))
    combined = producer(_returned(body))
    if combined is None or combined.name != "arith.maxsi" or str(combined.results[0].type) != "i8":
        return None
    if start is None or start.name != "arith.constant":
        return None
    read = _other_operand(stage, body, combined)
    number = None if read is None else _input(stage, body, read)
    value = int(number_of(start.attributes["value"]))
    return None if number is None else Largest(number, value)


def _match_addition(stage: Stage, body: ir.Operation) -> Addition | None:
    combined = producer(_returned(body))
    if combined is None or combined.name != "arith.addi" or str(combined.results[0].type) != "i32":
        return None
    term = _other_operand(stage, body, combined)
    if term is None:
        return None
    moved = producer(_unscaled(term))
    offset = 0
    if moved is not None and moved.name in ("arith.addi", "arith.subi"):
        constant = _constant(moved.operands[1])
        if constant is None:
            return None
        offset = constant if moved.name == "arith.addi" else -constant
        moved = producer(moved.operands[0])
    if moved is None or moved.name != "arith.extsi":
        return None
    number = _input(stage, body, moved.operands[0])
    return None if number is None else Addition(number, offset)


def _unscaled(value: ir.Value) -> ir.Value:
    """What a value is before it is rescaled by 1: `(x * 2**k + 2**(k - 1)) >> k` in 64 bits."""
    operands = [value]
    for name in ("arith.trunci", "arith.shrsi", "arith.addi", "arith.muli"):
        op = producer(operands[0])
        if op is None or op.name != name:
            return value
        operands = [op.operands[0], *operands[1:], *list(op.operands)[1:]]
    extended = producer(operands[0])
    shift, half, factor = (_constant(operand) for operand in operands[1:])
    if extended is None or extended.name != "arith.extsi" or not shift:
        return value
    return extended.operands[0] if (half, factor) == (1 << (shift - 1), 1 << shift) else value


def _returned(function: ir.Operation) -> ir.Value:
    block = function.regions[0].blocks[0]
    return block.operations[len(block.operations) - 1].operands[0]


def _other_operand(stage: Stage, body: ir.Operation, combined: ir.Operation) -> ir.Value | None:
    """What an operation combines the accumulator with."""
    arguments = body.regions[0].blocks[0].arguments
    if "acc" not in stage.args:
        return None
    accumulator = arguments[stage.args.index("acc")]
    left, right = combined.operands
    return right if left == accumulator else left if right == accumulator else None


def _input(stage: Stage, body: ir.Operation, value: ir.Value) -> int | None:
    """The operand, of int8 elements, that a value is an element of."""
    for name, argument in zip(stage.args, body.regions[0].blocks[0].arguments, strict=True):
        kind, _, number = name.partition(":")
        if argument == value and kind == "in" and str(value.type) == "i8":
            return int(number)
    return None


def _constant(value: ir.Value) -> int | None:
    op = producer(value)
    if op is None or op.name != "arith.constant":
        return None
    return int(number_of(op.attributes["value"]))
