"""Fixed-point rescaling in few instructions, exactly as the 64-bit definition rounds.

TOSA's apply_scale is `(value * multiplier + round) >> shift` in 64 bits, where `round` is half of
what is shifted out, and with double rounding and shift > 31 also +-2**30, with the sign of the
value. In the scalar functions of a kernel it is a dozen operations; here is what they come to:

- shift > 32, rounded once: `round` leaves the lower word alone, so the upper word of the product is
  all that counts: `(high + 2**(shift - 33)) >> (shift - 32)`.
- shift > 31, rounded twice: first to 31 bits, `t = (value * multiplier + 2**30) >> 31`, then half
  away from zero by `e = shift - 31` bits, which is `(t + (t >> 31) + 2**(e - 1)) >> e`. This is how
  gemmlowp (and so TFLite) defines it; TOSA's form gives the same numbers.
- shift <= 32, rounded once, a value with 32 - shift bits to spare: the upper word of its product
  once it is moved up by that, rounded by the instruction (Arm's DSP extension).
- a multiplier that is a power of two, at least that of the shift: a multiplication.

A constant that is added to the result goes in before the last shift.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fdt_mlir.attributes import integer, number_of
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import shift_right
from fdt_mlir.emitc.types import Range, int_type
from fdt_mlir.emitc.values import Value, cast, computed, constant, create
from fdt_mlir.normalize.structured import producer

_SIGNED_AT_LEAST, _SIGNED_ABOVE = 5, 4  # predicates of arith.cmpi
_EXTENSIONS = ("arith.extsi", "arith.extui")
_INT32 = Range(-(1 << 31), (1 << 31) - 1)


@dataclass(frozen=True)
class Rescale:
    """`(value * multiplier + round) >> shift` as an int32, plus `offset`.

    `multiplier` and `shift` are SSA values of 32 or 64 and of any bits. `twice`: whether shifts
    above 31 round twice.
    """

    value: ir.Value
    multiplier: ir.Value
    shift: ir.Value
    twice: bool
    offset: int = 0


def match_rescale(op: ir.Operation) -> Rescale | None:
    """Read an operation as the last one of a rescale; None where it is none."""
    if op.name == "arith.addi":
        return _match_offset(op)
    shifted = _operands(op, "arith.trunci")
    if shifted is None or str(op.results[0].type) != "i32":
        return None
    parts = _shifted(shifted[0])
    return None if parts is None else _match_sum(parts[0], parts[1])


def _shifted(value: ir.Value) -> tuple[ir.Value, ...] | None:
    """Operands of a shift to the right of 64 bits, of which the lower half counts."""
    signed = _operands_of(value, "arith.shrsi")
    if signed is not None:
        return signed
    # Canonical form of shifts by which the sign stays in the upper half.
    unsigned = _operands_of(value, "arith.shrui")
    bits = None if unsigned is None else _number(unsigned[1])
    return unsigned if bits is not None and bits <= 32 else None


def _match_offset(op: ir.Operation) -> Rescale | None:
    for rescaled, added in (op.operands, reversed(list(op.operands))):
        root, number = producer(rescaled), _number(added)
        if root is None or number is None or root.name != "arith.trunci":
            continue
        matched = match_rescale(root)
        if matched is not None and len(list(root.results[0].uses)) == 1:
            return replace(matched, offset=number)
    return None


def _match_sum(total: ir.Value, shift: ir.Value) -> Rescale | None:
    """Match `value * multiplier + round`, with or without the second rounding."""
    chosen = _operands_of(total, "arith.select")
    if chosen is not None:
        # Twice where the shift is above 31, else once.
        condition, both, _ = chosen
        compared = _compared(condition, _SIGNED_ABOVE, 31)
        same = compared is not None and _narrow(compared) == _narrow(shift)
        return _match_sum(both, shift) if same else None
    terms = _operands_of(total, "arith.addi")
    if terms is None:
        return None
    for left, right in (terms, terms[::-1]):
        signed = _value_of_signed_half(left)
        if signed is not None:
            once = _match_sum(right, shift)
            return replace(once, twice=True) if once is not None and once.value == signed else None
        product = _operands_of(left, "arith.muli")
        if product is not None and _is_half(right, shift):
            value = _operands_of(product[0], "arith.extsi")
            if value is not None and str(value[0].type) == "i32":
                return Rescale(value[0], _narrow(product[1]), _narrow(shift), twice=False)
    return None


def _value_of_signed_half(value: ir.Value) -> ir.Value | None:
    """The value whose sign 2**30 has; None where `value` is something else."""
    chosen = _operands_of(value, "arith.select")
    if chosen is None or (_number(chosen[1]), _number(chosen[2])) != (1 << 30, -(1 << 30)):
        return None
    return _compared(chosen[0], _SIGNED_AT_LEAST, 0)


def _narrow(value: ir.Value) -> ir.Value:
    """What a value was before it was extended."""
    op = producer(value)
    return op.operands[0] if op is not None and op.name in _EXTENSIONS else value


def _is_half(value: ir.Value, shift: ir.Value) -> bool:
    """Whether a value is half of what `shift` shifts out."""
    bits = _number(shift)
    if bits is not None:
        return bits > 0 and _number(value) == 1 << (bits - 1)
    halved = _operands_of(value, "arith.shrui")
    power = _operands_of(halved[0], "arith.shli") if halved is not None else None
    if halved is None or power is None:
        return False
    return _number(halved[1]) == 1 and _number(power[0]) == 1 and power[1] == shift


def _compared(condition: ir.Value, predicate: int, number: int) -> ir.Value | None:
    """What is compared with a number."""
    op = producer(condition)
    if op is None or op.name != "arith.cmpi" or integer(op, "predicate") != predicate:
        return None
    return op.operands[0] if _number(op.operands[1]) == number else None


def _operands_of(value: ir.Value, name: str) -> tuple[ir.Value, ...] | None:
    op = producer(value)
    return None if op is None else _operands(op, name)


def _operands(op: ir.Operation, name: str) -> tuple[ir.Value, ...] | None:
    return tuple(op.operands) if op.name == name else None


def _number(value: ir.Value) -> int | None:
    op = producer(value)
    if op is None or op.name != "arith.constant":
        return None
    return int(number_of(op.attributes["value"]))


def emit_rescale(
    rescale: Rescale, value: Value, multiplier: Value, shift: Value, dsp: bool
) -> Value | None:
    """Compute a rescale; None where only the 64-bit definition will do."""
    assert shift.range is not None
    assert multiplier.range is not None
    word = int_type(32)
    bits = cast(shift, word)
    if multiplier.constant is not None and shift.constant is not None:
        scaled = _power_of_two(value, int(multiplier.constant), int(shift.constant))
        if scaled is None and dsp:
            twice = rescale.twice and shift.constant > 31
            scaled = None if twice else _round_a_word(value, multiplier, int(shift.constant))
        if scaled is not None:
            return scaled + rescale.offset
    if not (multiplier.range.low > 0 and multiplier.range.high < 1 << 31):
        return None
    factor = cast(multiplier, word)
    if rescale.twice and shift.range.within(Range(32, 62)):
        first = _multiply_to_31_bits(value, factor, dsp)
        away = first + shift_right(first, constant(31, word))
        return _halve(shift_right(away, bits - 32), rescale.offset)
    if not rescale.twice and shift.constant is not None and 33 <= shift.constant <= 62:
        return _round_once(value, factor, int(shift.constant), rescale.offset)
    return None


def _multiply_to_31_bits(value: Value, factor: Value, dsp: bool) -> Value:
    """`(value * factor + 2**30) >> 31`; one instruction on twice the value, where that fits."""
    wide = int_type(64)
    assert value.range is not None
    if dsp and value.range.within(Range(-(1 << 30), (1 << 30) - 1)):
        largest = max(-value.range.low, value.range.high)
        return _multiply_high(value * 2, factor, Range(-largest, largest))
    rounded = cast(value, wide) * cast(factor, wide) + (1 << 30)
    return cast(shift_right(rounded, constant(31, int_type(32))), value.type)


def _multiply_high(value: Value, factor: Value, limits: Range) -> Value:
    """`(value * factor + 2**31) >> 32` in one instruction."""
    callee = {"callee": ir.StringAttr.get("multiply_high_s32")}
    call = create("call_opaque", [value.type], [value.ir, factor.ir], callee)
    return computed(call.results[0], limits)


def _round_a_word(value: Value, multiplier: Value, shift: int) -> Value | None:
    """`(value * multiplier + 2**(shift - 1)) >> shift` of a value with room for 32 - shift bits."""
    assert value.range is not None
    assert multiplier.constant is not None
    factor = int(multiplier.constant)
    if not (0 < shift <= 32 and 0 < factor < 1 << 31):
        return None
    room = 1 << (32 - shift)
    if not Range(value.range.low * room, value.range.high * room).within(_INT32):
        return None
    half = 1 << (shift - 1)
    low, high = (
        (number * factor + half) >> shift for number in (value.range.low, value.range.high)
    )
    return _multiply_high(value * room, cast(multiplier, int_type(32)), Range(low, high))


def _power_of_two(value: Value, multiplier: int, shift: int) -> Value | None:
    """The product where all that is shifted out is zero."""
    factor, rest = divmod(multiplier, 1 << shift)
    assert value.range is not None
    fits = Range(value.range.low * factor, value.range.high * factor).within(_INT32)
    return value * factor if rest == 0 and factor > 0 and fits else None


def _halve(value: Value, offset: int) -> Value:
    """`(value + 1) // 2 + offset`."""
    one = constant(1, value.type)
    assert value.range is not None
    within = Range(value.range.low + 1 + 2 * offset, value.range.high + 1 + 2 * offset)
    if within.within(_INT32):
        return shift_right(value + (1 + 2 * offset), one)
    return shift_right(value + 1, one) + offset


def _round_once(value: Value, factor: Value, shift: int, offset: int) -> Value | None:
    wide = int_type(64)
    product = cast(value, wide) * cast(factor, wide)
    high = cast(shift_right(product, constant(32, int_type(32))), int_type(32))
    added = (1 << (shift - 33)) + offset * (1 << (shift - 32))
    assert high.range is not None
    total = Range(high.range.low + added, high.range.high + added)
    if abs(added) >= 1 << 31 or not total.within(_INT32):
        return None
    return shift_right(high + added, constant(shift - 32, int_type(32)))
