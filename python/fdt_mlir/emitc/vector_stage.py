"""A stage in four lanes at once: its scalar operations, each as one on vectors of 32 bits.

The scalar function is written as for one element, where nobody prints it. If every operation of it
has a form for vectors, those are written instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from fdt_mlir.attributes import integer, number_of, string
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.cursor import Cursor
from fdt_mlir.emitc.inline_function import inline_function
from fdt_mlir.emitc.statements import address, named
from fdt_mlir.emitc.types import Range, int_type, is_signed, range_of_type, width_of
from fdt_mlir.emitc.values import Value, constant, create, scratch_block, unknown
from fdt_mlir.normalize.structured import producer

LANES = 4
_WORD = 32
_OPERATIONS = {
    "emitc.add": "add",
    "emitc.sub": "sub",
    "emitc.mul": "multiply",
    "emitc.bitwise_right_shift": "shift_right",
}
_COMMUTING = frozenset(
    {"add", "multiply", "multiply_high", "multiply_doubled", "multiply_upper", "max", "min"}
)
_SATURATING = {"saturate_s8": "saturate", "saturate_half_s8": "saturate_half"}
_LESS, _GREATER = (2, 3), (4, 5)  # predicates of emitc.cmp


@dataclass(frozen=True)
class Lanes:
    """A vector of four numbers of 32 bits; scalars stand for the same number in all lanes."""

    vector: ir.Value


Operand = Lanes | Value


@dataclass(frozen=True)
class VectorArgument:
    """What the scalar function takes, and how to get it for all lanes."""

    type: ir.Type
    range: Range | None
    emit: Callable[[], Operand]


def read_argument(cursor: Cursor, operand: int, load: Callable[[], Value]) -> VectorArgument | None:
    """Elements of an operand: side by side, or `load`ed once for all lanes; else None."""
    pointer = cursor.body.pointers[operand]
    if not cursor.lane_step(operand):
        return VectorArgument(pointer.element_type, pointer.elements, load)
    loads = {int_type(8): "load_bytes", int_type(_WORD): "load"}
    if cursor.lane_step(operand) != 1 or pointer.element_type not in loads:
        return None

    def emit() -> Lanes:
        place = address(pointer, cursor.element(operand))
        return Lanes(call_vector(loads[pointer.element_type], [place]))

    return VectorArgument(pointer.element_type, pointer.elements, emit)


def computed_argument(values: Sequence[Value]) -> VectorArgument:
    """What an earlier stage computed: a number for each lane, or one for all."""
    first, *others = values
    if not others:
        return VectorArgument(first.type, first.range, lambda: first)
    ranges = [value.range for value in values if value.range is not None]
    limits = reduce(Range.union, ranges) if len(ranges) == len(values) else None
    return VectorArgument(
        first.type, limits, lambda: Lanes(call_vector("pack", [value.ir for value in values]))
    )


@dataclass(frozen=True)
class VectorResult:
    """Four numbers, and whether what is stored are the nearest bytes or their lower ones."""

    vector: ir.Value
    saturated: bool

    def store(self, place: ir.Value) -> None:
        """Write them as bytes."""
        name = "store_saturated_s32x4" if self.saturated else "store_bytes_s32x4"
        create("call_opaque", [], [place, self.vector], {"callee": ir.StringAttr.get(name)})


def vector_stage(
    function: ir.Operation, arguments: Sequence[VectorArgument]
) -> VectorResult | None:
    """Compute a function, of int8 numbers in the end, in all lanes at the current insertion point.

    None, and nothing is written, where it has an operation that no vector knows.
    """
    place = ir.InsertionPoint.current
    with scratch_block(), ir.Location.unknown():
        stand_ins = [unknown(each.type, each.range) for each in arguments]
        computed = inline_function(function, stand_ins, dsp=True)
        if computed.constant is not None or computed.type != int_type(8):
            return None
        known = {
            stand_in.ir: argument
            for stand_in, argument in zip(stand_ins, arguments, strict=True)
            if stand_in.constant is None
        }
        result, saturates = _unsaturated(computed.ir)
        if not _is_translatable(result, known):
            return None
        with place:
            vector = _Translation(known).vector(result)
            if saturates == "saturate_half":
                vector = call_vector("shift_right_n", [vector, constant(1, int_type(_WORD)).ir])
            return VectorResult(vector, saturates is not None)


def call_vector(function: str, operands: Sequence[ir.Value], name: str = "v") -> ir.Value:
    """Call one of `vector_functions.py` that gives four numbers."""
    with named(name):
        callee = {"callee": ir.StringAttr.get(f"{function}_s32x4")}
        vector = ir.Type.parse('!emitc.opaque<"s32x4">')
        return create("call_opaque", [vector], operands, callee).results[0]


@dataclass
class _Translation:
    arguments: Mapping[ir.Value, VectorArgument]
    known: dict[ir.Value, Operand] = field(default_factory=dict[ir.Value, Operand])

    def vector(self, value: ir.Value) -> ir.Value:
        operand = self._operand(value)
        return operand.vector if isinstance(operand, Lanes) else call_vector("splat", [operand.ir])

    def _operand(self, value: ir.Value) -> Operand:
        if value not in self.known:
            self.known[value] = self._translated(value)
        return self.known[value]

    def _translated(self, value: ir.Value) -> Operand:
        if value in self.arguments:
            return self.arguments[value].emit()
        number = _number(value)
        if number is not None:
            return constant(range_of_type(int_type(_WORD)).wrap(number), int_type(_WORD))
        form = _vector_form(value)
        assert form is not None
        name, operands = form
        if not name:
            return self._operand(operands[0])
        if len(operands) == 1:
            return Lanes(call_vector(name, [self.vector(operands[0])]))
        left, right = operands
        if name in _COMMUTING and not isinstance(self._operand(left), Lanes):
            left, right = right, left
        other = self._operand(right)
        if isinstance(other, Lanes):
            return Lanes(call_vector(name, [self.vector(left), other.vector]))
        return Lanes(call_vector(f"{name}_n", [self.vector(left), other.ir]))


def _is_translatable(value: ir.Value, arguments: Mapping[ir.Value, VectorArgument]) -> bool:
    if value in arguments or _number(value) is not None:
        return True
    form = _vector_form(value)
    return form is not None and all(_is_translatable(operand, arguments) for operand in form[1])


def _vector_form(value: ir.Value) -> tuple[str, Sequence[ir.Value]] | None:
    """The function on vectors, and its operands, that an operation comes to; "" for the operand."""
    op = producer(value)
    if op is None or not _fits_a_lane(value.type):
        return None
    operands = list(op.operands)
    if op.name == "emitc.cast":
        # Lanes are sign-extended: what was narrower and unsigned would not be the same number.
        source = operands[0].type
        if not _fits_a_lane(source):
            return _upper_word(operands[0])
        keeps = width_of(source) <= width_of(value.type)
        return ("", operands) if keeps else None
    if op.name == "emitc.conditional":
        return _extreme(operands)
    if op.name == "emitc.bitwise_right_shift" and not is_signed(value.type):
        return None
    if op.name == "emitc.call_opaque":
        callee = string(op, "callee")
        if callee == "multiply_high_s32":
            return _product(operands)
        return (_SATURATING[callee], operands) if callee in _SATURATING else None
    name = _OPERATIONS.get(op.name)
    return None if name is None else (name, operands)


def _product(operands: Sequence[ir.Value]) -> tuple[str, Sequence[ir.Value]]:
    """The upper word of a product; of one with twice a number there is a form for scalars."""
    doubled = producer(operands[0])
    if doubled is not None and doubled.name == "emitc.mul" and _number(doubled.operands[1]) == 2:
        return "multiply_doubled", [doubled.operands[0], operands[1]]
    return "multiply_high", operands


def _fits_a_lane(value_type: ir.Type) -> bool:
    """Whether a lane can stand for a number: signed, or of all 32 bits."""
    if not isinstance(value_type, ir.IntegerType) or not 1 < value_type.width <= _WORD:
        return False
    return is_signed(value_type) or value_type.width == _WORD


def _extreme(operands: Sequence[ir.Value]) -> tuple[str, Sequence[ir.Value]] | None:
    """`a < b ? a : b` and its like."""
    condition, chosen, other = operands
    compared = producer(condition)
    if compared is None or compared.name != "emitc.cmp":
        return None
    predicate = integer(compared, "predicate")
    left, right = compared.operands
    if not isinstance(left.type, ir.IntegerType) or not is_signed(left.type):
        return None
    if predicate not in (*_LESS, *_GREATER):
        return None
    if _is_same(left, chosen) and _is_same(right, other):
        return "min" if predicate in _LESS else "max", [left, right]
    if _is_same(left, other) and _is_same(right, chosen):
        return "max" if predicate in _LESS else "min", [left, right]
    return None


def _is_same(value: ir.Value, other: ir.Value) -> bool:
    number = _number(value)
    return value == other or (number is not None and number == _number(other))


def _number(value: ir.Value) -> int | None:
    op = producer(value)
    if op is None or op.name != "emitc.constant" or not isinstance(value.type, ir.IntegerType):
        return None
    number = int(number_of(op.attributes["value"]))
    # Of 64 bits: factors of `_upper_word`.
    return number if number in range(-(1 << 31), 1 << 32) else None


def _upper_word(value: ir.Value) -> tuple[str, Sequence[ir.Value]] | None:
    """The upper word of a product of 64 bits, cut off."""
    shifted = producer(value)
    if shifted is None or shifted.name != "emitc.bitwise_right_shift":
        return None
    product = producer(shifted.operands[0])
    if product is None or product.name != "emitc.mul" or _number(shifted.operands[1]) != _WORD:
        return None
    factors = [_narrowed(factor) for factor in product.operands]
    known = [factor for factor in factors if factor is not None]
    return ("multiply_upper", known) if len(known) == len(factors) else None


def _narrowed(value: ir.Value) -> ir.Value | None:
    """What a number of 64 bits was before it was extended with its sign."""
    op = producer(value)
    if op is None or value.type != int_type(2 * _WORD):
        return None
    if op.name == "emitc.constant":
        return value if -(1 << 31) <= int(number_of(op.attributes["value"])) < 1 << 31 else None
    if op.name != "emitc.cast" or not _fits_a_lane(op.operands[0].type):
        return None
    return op.operands[0] if is_signed(op.operands[0].type) else None


def _unsaturated(value: ir.Value) -> tuple[ir.Value, str | None]:
    """What a result was before it became a byte, and how that saturates, if it does.

    Upper bits that a cast drops are not stored anyway.
    """
    op = producer(value)
    if op is None:
        return value, None
    if op.name == "emitc.call_opaque" and string(op, "callee") in _SATURATING:
        return op.operands[0], _SATURATING[string(op, "callee")]
    if op.name == "emitc.cast" and _fits_a_lane(op.operands[0].type):
        return op.operands[0], None
    return value, None
