"""Whether a padded element leaves a reduction as it is, so that the kernel may skip it."""

from fdt_mlir.attributes import number_of
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import Stage

Known = int | float | None
"""The value of a scalar; None where it is not known at compile time."""


def is_neutral(module: ir.Module, stage: Stage, operand: int, pad: ir.Attribute) -> bool:
    """Whether reading `pad` for operand number `operand` gives back the accumulator.

    Follows constants through the body: `acc + (pad - pad) * w` and `max(acc, smallest)` are
    neutral; a stage that does not read the operand does not mind. Float weights are taken to be
    finite, as in every framework that skips padding.
    """
    name = f"in:{operand}"
    if name not in stage.args:
        return name not in stage.init_args
    if not stage.reduces or name in stage.init_args:
        return False
    function = ir.SymbolTable(module.operation)[stage.body].operation
    block = function.regions[0].blocks[0]
    accumulator = block.arguments[stage.args.index("acc")]
    known: dict[ir.Value, Known] = {block.arguments[stage.args.index(name)]: number_of(pad)}
    same: set[ir.Value] = {accumulator}
    *computations, terminator = (op.operation for op in block.operations)
    for op in computations:
        values = [known.get(value) for value in op.operands]
        known[op.results[0]] = _evaluate(op, values)
        other = [k for value, k in zip(op.operands, values, strict=True) if value not in same]
        if len(other) == 1 == len(op.operands) - 1 and _is_identity(op, other[0]):
            same.add(op.results[0])
    return terminator.operands[0] in same


def _evaluate(op: ir.Operation, values: list[Known]) -> Known:
    if op.name == "arith.constant":
        return number_of(op.attributes["value"])
    if op.name in ("arith.extsi", "arith.sitofp", "arith.extf"):
        return values[0]
    if op.name in ("arith.muli", "arith.mulf") and 0 in values:
        return 0
    if len(values) != 2:
        return None
    first, second = values
    if first is None or second is None:
        return None
    if op.name in ("arith.subi", "arith.subf"):
        return first - second
    if op.name in ("arith.addi", "arith.addf"):
        return first + second
    if op.name in ("arith.muli", "arith.mulf"):
        return first * second
    return None


def _is_identity(op: ir.Operation, other: Known) -> bool:
    """Whether combining the accumulator with the constant `other` changes nothing."""
    if other is None:
        return False
    if op.name in ("arith.addi", "arith.addf"):
        return other == 0
    if op.name == "arith.maxsi":
        scalar = op.results[0].type
        return isinstance(scalar, ir.IntegerType) and other == -(1 << (scalar.width - 1))
    if op.name in ("arith.maximumf", "arith.maxnumf"):
        return other <= -3.4028234e38
    return False
