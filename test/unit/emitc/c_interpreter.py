"""Evaluates scalar EmitC operations as C99 would, and refuses what C99 leaves undefined."""

from collections.abc import Mapping

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.types import Range, is_signed, range_of_type, width_of
from fdt_mlir.emitc.values import Value

INT = Range(-(1 << 31), (1 << 31) - 1)
_COMPARISONS = [int.__eq__, int.__ne__, int.__lt__, int.__le__, int.__gt__, int.__ge__]
_BITWISE = {
    "emitc.bitwise_and": int.__and__,
    "emitc.bitwise_or": int.__or__,
    "emitc.bitwise_xor": int.__xor__,
}


class UndefinedBehaviourError(Exception):
    """The C that an operation stands for has no defined result."""


def evaluate(value: Value, inputs: Mapping[ir.Value, int]) -> int:
    """Compute an integer value, given the numbers that stand for its inputs."""
    return int(value.constant) if value.defined is None else _evaluate(value.defined, inputs)


def _evaluate(value: ir.Value, inputs: Mapping[ir.Value, int]) -> int:
    if value in inputs:
        return inputs[value]
    op = value.owner.operation
    whole = range_of_type(value.type)
    if op.name == "emitc.constant":
        return whole.wrap(int(op.attributes["value"].value))
    operands = [_evaluate(operand, inputs) for operand in op.operands]
    if op.name == "emitc.cast":
        return whole.wrap(operands[0])
    if op.name == "emitc.cmp":
        return int(_COMPARISONS[op.attributes["predicate"].value](*operands))
    if op.name == "emitc.call_opaque":
        assert op.attributes["callee"].value == "multiply_high_s32", op
        left, right = operands
        return whole.wrap((left * right + (1 << 31)) >> 32)
    if op.name == "emitc.conditional":
        return operands[1] if operands[0] else operands[2]
    return whole.wrap(_promoted(op, operands))


def _promoted(op: ir.Operation, operands: list[int]) -> int:
    """Operate in the type to which C promotes the operands."""
    operand_type = op.operands[0].type
    # Narrow types become int, whatever their sign.
    narrow = width_of(operand_type) < 32
    whole = INT if narrow else range_of_type(operand_type)
    exact = _exact(op.name, operands, width_of(operand_type) if not narrow else 32)
    if narrow or is_signed(operand_type):
        if exact not in range(whole.low, whole.high + 1):
            raise UndefinedBehaviourError(f"{op.name} of {operands} in {operand_type}")
        return exact
    return whole.wrap(exact)


def _exact(name: str, operands: list[int], width: int) -> int:
    left, right = operands
    if name in _BITWISE:
        return _BITWISE[name](left, right)
    if name in ("emitc.bitwise_left_shift", "emitc.bitwise_right_shift"):
        return _shift(name, left, right, width)
    if name in ("emitc.div", "emitc.rem"):
        if right == 0:
            raise UndefinedBehaviourError("division by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if name == "emitc.div" else left - quotient * right
    return {"emitc.add": left + right, "emitc.sub": left - right, "emitc.mul": left * right}[name]


def _shift(name: str, left: int, right: int, width: int) -> int:
    if not 0 <= right < width:
        raise UndefinedBehaviourError(f"shift of {width} bits by {right}")
    if name == "emitc.bitwise_right_shift":
        return left >> right  # of negative numbers: what every compiler we target does
    if left < 0:
        raise UndefinedBehaviourError(f"left shift of {left}")
    return left << right
