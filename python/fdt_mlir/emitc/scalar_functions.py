"""Scalar functions of arith and math operations as C expressions."""

from collections.abc import Callable, Mapping, Sequence

from fdt_mlir.attributes import integer, number_of
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import (
    divide,
    maximum,
    minimum,
    remainder,
    shift_left,
    shift_right,
)
from fdt_mlir.emitc.conditions import either
from fdt_mlir.emitc.float_bits import is_nan, magnitude
from fdt_mlir.emitc.statements import Pointer, call, load, to_index
from fdt_mlir.emitc.types import (
    Range,
    has_c_name,
    int_type,
    is_float,
    range_of_type,
    unsigned_type,
    width_of,
)
from fdt_mlir.emitc.values import (
    Value,
    as_signed,
    as_unsigned,
    bitwise,
    cast,
    compare,
    computed,
    constant,
    create,
    select,
)
from fdt_mlir.passes import op_error

Argument = Value | Pointer
_SIGNED_PREDICATES = {0: "==", 1: "!=", 2: "<", 3: "<=", 4: ">", 5: ">="}
_UNSIGNED_PREDICATES = {6: "<", 7: "<=", 8: ">", 9: ">="}
# What C's comparisons compute, false with a NaN save for `!=`, by number of arith.cmpf's predicate.
_FLOAT_PREDICATES = {1: "==", 2: ">", 3: ">=", 4: "<", 5: "<=", 13: "!="}

# Each doubling of an exponent rounds once more; 8 stays within 4 units in the last place.
_LARGEST_POWER = 8


def operation_count(function: ir.Operation) -> int:
    """How many operations a function computes, constants aside."""
    block = function.regions[0].blocks[0]
    return sum(op.operation.name != "arith.constant" for op in block.operations) - 1


def function_result_type(function: ir.Operation) -> ir.Type:
    """The C type of what a scalar function returns."""
    signature = ir.TypeAttr(function.attributes["function_type"]).value
    assert isinstance(signature, ir.FunctionType)
    return scalar_type(signature.results[0])


def lower_operation(op: ir.Operation, arguments: Sequence[Argument]) -> Value:
    """Compute one arith or math operation. Raises CompileError where it has no C."""
    if not has_c_name(_result_type(op)):
        raise op_error(op, f"C has no type for numbers of {_result_type(op)}")
    if op.name == "arith.constant":
        return _constant(op)
    if op.name in ("memref.load", "tensor.extract"):
        return _table_element(op, arguments)
    values = [argument for argument in arguments if isinstance(argument, Value)]
    lowering = _LOWERINGS.get(op.name)
    if lowering is None:
        hint = "compute it outside of the model, or write it with supported operators"
        raise op_error(op, f"no C is known for operation '{op.name}'", hint)
    return lowering(op, values)


def _constant(op: ir.Operation) -> Value:
    return constant(number_of(op.attributes["value"]), _result_type(op))


def _table_element(op: ir.Operation, arguments: Sequence[Argument]) -> Value:
    """An element of a table; what a model's input computes never points outside of it."""
    table, *indices = arguments
    assert isinstance(table, Pointer)
    shape = op.operands[0].type
    assert isinstance(shape, (ir.MemRefType, ir.RankedTensorType))
    position = constant(0, int_type(32))
    for index, extent, stride in zip(indices, shape.shape, table.strides, strict=True):
        assert isinstance(index, Value)
        inside = minimum(maximum(to_index(index), 0), extent - 1)
        position = position + inside * stride
    return load(table, position)


def scalar_type(mlir_type: ir.Type) -> ir.Type:
    """The C type of a scalar: `index` counts in int32."""
    return int_type(32) if isinstance(mlir_type, ir.IndexType) else mlir_type


def _result_type(op: ir.Operation) -> ir.Type:
    return scalar_type(op.results[0].type)


Lowering = Callable[[ir.Operation, Sequence[Value]], Value]


def _binary(apply: Callable[[Value, Value], Value]) -> Lowering:
    return lambda op, values: apply(values[0], values[1])


def _unsigned(apply: Callable[[Value, Value], Value]) -> Lowering:
    """Do an operation on unsigned types and bring the bits back."""
    return lambda op, values: as_signed(apply(as_unsigned(values[0]), as_unsigned(values[1])))


def _extend_signed(op: ir.Operation, values: Sequence[Value]) -> Value:
    if width_of(values[0].type) == 1:  # a sign-extended true is -1
        return constant(0, _result_type(op)) - cast(values[0], _result_type(op))
    return cast(values[0], _result_type(op))


def _extend_unsigned(op: ir.Operation, values: Sequence[Value]) -> Value:
    (value,) = values
    if width_of(value.type) == 1 or (value.range is not None and value.range.low >= 0):
        return cast(value, _result_type(op))
    return cast(as_unsigned(value), _result_type(op))


def _truncate(op: ir.Operation, values: Sequence[Value]) -> Value:
    (value,) = values
    if width_of(_result_type(op)) == 1:
        return compare(bitwise("and", value, 1), "!=", 0)
    return cast(value, _result_type(op))


def _convert(op: ir.Operation, values: Sequence[Value]) -> Value:
    return cast(values[0], _result_type(op))


def _compare_integers(op: ir.Operation, values: Sequence[Value]) -> Value:
    predicate = integer(op, "predicate")
    if predicate in _SIGNED_PREDICATES:
        return compare(values[0], _SIGNED_PREDICATES[predicate], values[1])
    left, right = as_unsigned(values[0]), as_unsigned(values[1])
    return compare(left, _UNSIGNED_PREDICATES[predicate], right)


def _compare_floats(op: ir.Operation, values: Sequence[Value]) -> Value:
    """Compare; MLIR numbers false, the ordered predicates, ord, the unordered ones, uno, true."""
    left, right = values
    predicate = integer(op, "predicate")
    if predicate in (0, 15):
        return constant(predicate == 15, int_type(1))
    if predicate in _FLOAT_PREDICATES:
        return compare(left, _FLOAT_PREDICATES[predicate], right)
    if predicate == 6:  # one: different, and neither is a NaN
        return either(compare(left, "<", right), compare(left, ">", right))
    if predicate == 7:  # ord
        return _not(either(is_nan(left), is_nan(right)))
    if predicate == 14:  # uno
        return either(is_nan(left), is_nan(right))
    if predicate == 8:  # ueq: neither less nor greater
        return _not(either(compare(left, "<", right), compare(left, ">", right)))
    # Unordered or greater is what is not ordered and less or equal, and so on: 9..12 and 5..2.
    return _not(compare(left, _FLOAT_PREDICATES[14 - predicate], right))


def _not(condition: Value) -> Value:
    return computed(create("logical_not", [condition.type], [condition.ir]).results[0])


def _float_maximum(op: ir.Operation, values: Sequence[Value]) -> Value:
    """The greater value, NaN if one is NaN. Of zeros that differ in sign either may come out."""
    left, right = _constant_last(values)
    if right.constant is not None:
        return select(compare(left, "<=", right), right, left)
    return select(either(compare(left, ">", right), is_nan(left)), left, right)


def _float_minimum(op: ir.Operation, values: Sequence[Value]) -> Value:
    """The smaller value, NaN if one is NaN. Of zeros that differ in sign either may come out."""
    left, right = _constant_last(values)
    if right.constant is not None:
        return select(compare(left, ">", right), right, left)
    return select(either(compare(left, "<", right), is_nan(left)), left, right)


def _number_extreme(predicate: str) -> Lowering:
    """Minimum or maximum of numbers: with a NaN it is the other value."""

    def lower(op: ir.Operation, values: Sequence[Value]) -> Value:
        left, right = _constant_last(values)
        takes_left = compare(left, predicate, right)
        if right.constant is None:
            takes_left = either(takes_left, is_nan(right))
        return select(takes_left, left, right)

    return lower


def _constant_last(values: Sequence[Value]) -> tuple[Value, Value]:
    left, right = values
    return (left, right) if left.constant is None else (right, left)


def _math_function(name: str) -> Lowering:
    """A call of one of `math_functions.py`, which knows single precision."""

    def lower(op: ir.Operation, values: Sequence[Value]) -> Value:
        if not isinstance(values[0].type, ir.F32Type):
            raise op_error(op, f"'{op.name}' has C for f32 only, not for {values[0].type}")
        result = call(f"{name}_f32", values, values[0].type)
        assert result is not None
        return result

    return lower


def _power(op: ir.Operation, values: Sequence[Value]) -> Value:
    """x**n for whole constants n by squaring: n // 2 roundings at most, and no logarithm."""
    base, exponent = values
    count = exponent.constant
    if count is None or count != int(count) or not 1 <= abs(count) <= _LARGEST_POWER:
        hint = (
            f"exponents may be constant whole numbers from 1 to {_LARGEST_POWER}, or negative ones"
        )
        raise op_error(op, "no C is known for this power", hint)
    result, square, rest = None, base, int(abs(count))
    while rest:
        if rest % 2:
            result = square if result is None else result * square
        rest //= 2
        square = square * square if rest else square
    assert result is not None
    return result if count > 0 else divide(constant(1.0, base.type), result)


def _multiply_add(op: ir.Operation, values: Sequence[Value]) -> Value:
    """a * b + c, rounded twice: few cores fuse it, and C reaches those by a library only."""
    return values[0] * values[1] + values[2]


def _unsigned_to_float(op: ir.Operation, values: Sequence[Value]) -> Value:
    (value,) = values
    return cast(value if width_of(value.type) == 1 else as_unsigned(value), _result_type(op))


def _signed_to_float(op: ir.Operation, values: Sequence[Value]) -> Value:
    (value,) = values
    if width_of(value.type) == 1:  # true is -1
        return constant(0.0, _result_type(op)) - cast(value, _result_type(op))
    return cast(value, _result_type(op))


def _float_to_unsigned(op: ir.Operation, values: Sequence[Value]) -> Value:
    return as_signed(cast(values[0], unsigned_type(_result_type(op))))


def _negate(op: ir.Operation, values: Sequence[Value]) -> Value:
    return computed(create("unary_minus", [values[0].type], [values[0].ir]).results[0])


def _float_divide(op: ir.Operation, values: Sequence[Value]) -> Value:
    return divide(values[0], values[1])


def _floor_divide(op: ir.Operation, values: Sequence[Value]) -> Value:
    """Quotient rounded down: one less than C's where signs differ and something remains."""
    left, right = values
    quotient = divide(left, right)
    if (
        left.range is not None
        and right.range is not None
        and min(left.range.low, right.range.low) >= 0
    ):
        return quotient
    rest = remainder(left, right)
    differ = compare(bitwise("xor", rest, right), "<", 0)
    return select(differ, select(compare(rest, "==", 0), quotient, quotient - 1), quotient)


def _ceil_divide(op: ir.Operation, values: Sequence[Value]) -> Value:
    """Quotient rounded up: one more than C's where signs agree and something remains."""
    left, right = values
    quotient, rest = divide(left, right), remainder(left, right)
    agree = compare(bitwise("xor", rest, right), ">=", 0)
    return select(agree, select(compare(rest, "==", 0), quotient, quotient + 1), quotient)


def _bitwise(name: str) -> Lowering:
    return lambda op, values: bitwise(name, values[0], values[1])


def _count_leading_zeros(op: ir.Operation, values: Sequence[Value]) -> Value:
    helper = f"count_leading_zeros_{width_of(values[0].type)}"
    callee = ir.FlatSymbolRefAttr.get(helper)
    result = create("call", [values[0].type], [values[0].ir], {"callee": callee}).results[0]
    return computed(result, Range(0, width_of(values[0].type)))


def _select(op: ir.Operation, values: Sequence[Value]) -> Value:
    return select(values[0], values[1], values[2])


def _absolute(op: ir.Operation, values: Sequence[Value]) -> Value:
    (value,) = values
    zero = constant(0, value.type)
    if is_float(value.type):
        return magnitude(value)
    result = select(compare(value, "<", zero), zero - value, value)
    return computed(result.ir, Range(0, range_of_type(value.type).high))


_LOWERINGS: Mapping[str, Lowering] = {
    "arith.addi": _binary(lambda a, b: a + b),
    "arith.subi": _binary(lambda a, b: a - b),
    "arith.muli": _binary(lambda a, b: a * b),
    "arith.addf": _binary(lambda a, b: a + b),
    "arith.subf": _binary(lambda a, b: a - b),
    "arith.mulf": _binary(lambda a, b: a * b),
    "arith.divf": _float_divide,
    "arith.divsi": _binary(divide),
    "arith.floordivsi": _floor_divide,
    "arith.ceildivsi": _ceil_divide,
    "arith.divui": _unsigned(divide),
    "arith.remf": _math_function("fmod"),
    "arith.remsi": _binary(remainder),
    "arith.remui": _unsigned(remainder),
    "arith.shli": _binary(shift_left),
    "arith.shrsi": _binary(shift_right),
    "arith.shrui": _unsigned(shift_right),
    "arith.andi": _bitwise("and"),
    "arith.ori": _bitwise("or"),
    "arith.xori": _bitwise("xor"),
    "arith.minsi": _binary(minimum),
    "arith.maxsi": _binary(maximum),
    "arith.minui": _unsigned(minimum),
    "arith.maxui": _unsigned(maximum),
    "arith.extsi": _extend_signed,
    "arith.extui": _extend_unsigned,
    "arith.trunci": _truncate,
    "arith.index_cast": _convert,
    "arith.index_castui": _extend_unsigned,
    "arith.sitofp": _signed_to_float,
    "arith.uitofp": _unsigned_to_float,
    "arith.fptosi": _convert,
    "arith.fptoui": _float_to_unsigned,
    "arith.extf": _convert,
    "arith.truncf": _convert,
    "arith.cmpi": _compare_integers,
    "arith.cmpf": _compare_floats,
    "arith.select": _select,
    "arith.negf": _negate,
    "arith.maximumf": _float_maximum,
    "arith.minimumf": _float_minimum,
    "arith.maxnumf": _number_extreme(">"),
    "arith.minnumf": _number_extreme("<"),
    "math.absi": _absolute,
    "math.absf": _absolute,
    "math.ctlz": _count_leading_zeros,
    "math.ceil": _math_function("ceil"),
    "math.copysign": _math_function("copysign"),
    "math.cos": _math_function("cos"),
    "math.erf": _math_function("erf"),
    "math.exp": _math_function("exp"),
    "math.expm1": _math_function("expm1"),
    "math.floor": _math_function("floor"),
    "math.fma": _multiply_add,
    "math.log": _math_function("log"),
    "math.log1p": _math_function("log1p"),
    "math.powf": _power,
    "math.round": _math_function("round"),
    "math.roundeven": _math_function("roundeven"),
    "math.rsqrt": _math_function("rsqrt"),
    "math.sin": _math_function("sin"),
    "math.sqrt": _math_function("sqrt"),
    "math.tanh": _math_function("tanh"),
    "math.trunc": _math_function("trunc"),
}
