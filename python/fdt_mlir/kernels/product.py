"""Recognise sums of products of bytes: what multiply-accumulate instructions compute."""

from __future__ import annotations

from dataclasses import dataclass

from fdt_mlir.attributes import number_of
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.normalize.structured import producer


@dataclass(frozen=True)
class Product:
    """A stage that adds `(in:input - zero_point) * in:weights`, both int8, to an int32."""

    input: int
    weights: int
    zero_point: int


@dataclass(frozen=True)
class _Factor:
    argument: int
    zero_point: int


def match_product(stage: Stage, function: ir.Operation) -> Product | None:
    """Read the body of a reducing stage; None where it computes anything else.

    The weights are the factor without a zero point; of two such factors, the second.
    """
    block = function.regions[0].blocks[0]
    total = producer(block.operations[len(block.operations) - 1].operands[0])
    if total is None or total.name != "arith.addi" or "acc" not in stage.args:
        return None
    accumulator = block.arguments[stage.args.index("acc")]
    for left, right in (total.operands, list(total.operands)[::-1]):
        product = producer(right)
        if left != accumulator or product is None or product.name != "arith.muli":
            continue
        first, second = (_factor(operand, block) for operand in product.operands)
        if first is None or second is None:
            return None
        if second.zero_point:
            first, second = second, first
        operands = [_operand(stage, factor) for factor in (first, second)]
        if second.zero_point or operands[0] is None or operands[1] is None:
            return None
        return Product(operands[0], operands[1], first.zero_point)
    return None


def _factor(value: ir.Value, block: ir.Block) -> _Factor | None:
    """An int8 argument, sign-extended, less a constant."""
    op = producer(value)
    if op is None:
        return None
    zero_point = 0
    if op.name in ("arith.subi", "arith.addi"):
        constant = producer(op.operands[1])
        if constant is None or constant.name != "arith.constant":
            return None
        number = int(number_of(constant.attributes["value"]))
        zero_point = number if op.name == "arith.subi" else -number
        op = producer(op.operands[0])
    if op is None or op.name != "arith.extsi" or str(op.operands[0].type) != "i8":
        return None
    for number, argument in enumerate(block.arguments):
        if argument == op.operands[0]:
            return _Factor(number, zero_point)
    return None


def _operand(stage: Stage, factor: _Factor) -> int | None:
    kind, _, number = stage.args[factor.argument].partition(":")
    return int(number) if kind == "in" else None
