"""Scalar values of the generated C: results, their ranges, and nothing that C leaves undefined."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from c_interpreter import UndefinedBehaviourError, evaluate
from hypothesis import assume, given
from hypothesis import strategies as st

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.emitc import arithmetic, values
from fdt_mlir.emitc.types import Range, int_type, range_of_type, unsigned_type
from fdt_mlir.emitc.values import Value

I8 = 8
I32 = 32


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


@dataclass(frozen=True)
class Operand:
    """A number that a test knows, of which the compiler knows the range only."""

    number: int
    low: int
    high: int

    def value(self, value_type: ir.Type) -> Value:
        return values.unknown(value_type, Range(self.low, self.high))


def limits_of(width: int, signed: bool) -> Range:
    return Range(-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else Range(0, 2**width - 1)


def typed(width: int, signed: bool) -> ir.Type:
    return int_type(width) if signed else unsigned_type(int_type(width))


@st.composite
def operands(draw: st.DrawFn, width: int, signed: bool) -> Operand:
    whole = limits_of(width, signed)
    # Small numbers and the ends of the type, where mistakes live, as often as all others.
    ends = st.sampled_from([whole.low, whole.low + 1, whole.high - 1, whole.high, 0, 1, 2])
    number = st.integers(whole.low, whole.high) | ends
    low, middle, high = sorted([draw(number), draw(number), draw(number)])
    return Operand(middle, low, high)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[int, bool, Operand, Operand]:
    width, signed = draw(st.sampled_from([8, 16, 32, 64])), draw(st.booleans())
    return width, signed, draw(operands(width, signed)), draw(operands(width, signed))


def check(
    pair: tuple[int, bool, Operand, Operand],
    operation: Callable[[Value, Value], Value],
    exact: Callable[[int, int], int],
) -> None:
    """The result is the exact one in the type, lies in the range, and C defines it."""
    width, signed, left, right = pair
    value_type = typed(width, signed)
    with values.scratch_block():
        first, second = left.value(value_type), right.value(value_type)
        inputs = {
            operand.defined: known.number
            for operand, known in ((first, left), (second, right))
            if operand.defined is not None
        }
        result = operation(first, second)
        assert result.range is not None
        got = evaluate(result, inputs)
        assert got == range_of_type(result.type).wrap(exact(left.number, right.number))
        assert result.range.low <= got <= result.range.high


def truncated(left: int, right: int) -> int:
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


@given(pairs(), st.sampled_from(["add", "sub", "mul"]))
def test_arithmetic_wraps_like_the_type(
    pair: tuple[int, bool, Operand, Operand], name: str
) -> None:
    operation = {"add": int.__add__, "sub": int.__sub__, "mul": int.__mul__}[name]
    on_values = {"add": Value.__add__, "sub": Value.__sub__, "mul": Value.__mul__}[name]
    check(pair, on_values, operation)


@given(pairs())
def test_division_rounds_toward_zero(pair: tuple[int, bool, Operand, Operand]) -> None:
    width, signed, left, right = pair
    assume(right.number != 0)
    # The one quotient that does not fit; MLIR leaves it undefined as well.
    assume(not signed or not (left.number == -(1 << (width - 1)) and right.number == -1))
    check(pair, arithmetic.divide, truncated)
    check(pair, arithmetic.remainder, lambda a, b: a - truncated(a, b) * b)


@given(pairs(), st.sampled_from(["and", "or", "xor"]))
def test_bitwise(pair: tuple[int, bool, Operand, Operand], name: str) -> None:
    operation = {"and": int.__and__, "or": int.__or__, "xor": int.__xor__}[name]
    check(pair, lambda a, b: values.bitwise(name, a, b), operation)


@given(pairs())
def test_minimum_and_maximum(pair: tuple[int, bool, Operand, Operand]) -> None:
    check(pair, arithmetic.minimum, min)
    check(pair, arithmetic.maximum, max)


@given(pairs(), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
def test_comparison(pair: tuple[int, bool, Operand, Operand], predicate: str) -> None:
    operation = values._PYTHON_COMPARISONS[predicate]
    check(pair, lambda a, b: values.compare(a, predicate, b), operation)


@given(pairs())
def test_shifts_take_the_amount_modulo_the_width(
    pair: tuple[int, bool, Operand, Operand],
) -> None:
    width = pair[0]
    check(pair, arithmetic.shift_left, lambda a, b: a << (b % width))
    check(pair, arithmetic.shift_right, lambda a, b: a >> (b % width))


@given(pairs(), st.sampled_from([8, 16, 32, 64]), st.booleans())
def test_a_cast_keeps_what_fits_and_wraps_the_rest(
    pair: tuple[int, bool, Operand, Operand], width: int, signed: bool
) -> None:
    check(pair, lambda a, _: values.cast(a, typed(width, signed)), lambda a, _: a)


def test_ranges_grow_no_more_than_needed() -> None:
    # int8 times int8 fits int32 by far: the accumulator of a convolution relies on it.
    with values.scratch_block():
        byte = values.cast(values.unknown(int_type(I8)), int_type(I32))
        assert (byte * byte).range == Range(-128 * 127, 128 * 128)
        assert (byte - 3).range == Range(-131, 124)


def test_signed_arithmetic_stays_signed_where_it_fits() -> None:
    with values.scratch_block():
        byte = values.unknown(int_type(I32), Range(-128, 127))
        total = byte + byte
        assert total.defined is not None
        assert total.defined.owner.operation.name == "emitc.add"
        assert total.defined.owner.operation.operands[0].type == int_type(I32)


def test_signed_arithmetic_that_may_overflow_is_done_unsigned() -> None:
    with values.scratch_block():
        word = values.unknown(int_type(I32))
        total = word + word
        assert total.type == int_type(I32)
        assert total.defined is not None
        cast = total.defined.owner.operation
        assert cast.name == "emitc.cast"
        assert cast.operands[0].type == unsigned_type(int_type(I32))


def test_constants_fold_and_create_no_operation() -> None:
    module = ir.Module.create(loc=ir.Location.unknown())
    with ir.InsertionPoint(module.body), ir.Location.unknown():
        four = values.constant(4, int_type(I32))
        results = [
            (four + 3, 7),
            (3 - four, -1),
            (four * -2, -8),
            (arithmetic.divide(four, 2), 2),
            (arithmetic.remainder(four, 3), 1),
            (arithmetic.shift_left(four, values.constant(1, int_type(I32))), 8),
            (arithmetic.shift_right(four, values.constant(2, int_type(I32))), 1),
            (values.bitwise("or", four, 3), 7),
            (arithmetic.minimum(four, 9), 4),
            (values.compare(four, "<", 9), 1),
            (values.cast(four, int_type(I8)), 4),
        ]
    assert [result.constant for result, _ in results] == [number for _, number in results]
    assert [op.operation.name for op in module.body.operations] == []


def test_a_value_compared_with_itself_is_known() -> None:
    with values.scratch_block():
        value = values.unknown(int_type(I32))
        equal = {p: values.compare(value, p, value).constant for p in ("==", "!=", "<", "<=")}
        assert equal == {"==": 1, "!=": 0, "<": 0, "<=": 1}
        assert arithmetic.minimum(value, value).ir == value.ir
        other = values.unknown(int_type(I32))
        assert values.compare(value, "<=", other).constant is None


def test_neutral_operands_leave_a_value_as_it_is() -> None:
    with values.scratch_block():
        value = values.unknown(int_type(I32))
        zero = values.constant(0, int_type(I32))
        assert value + 0 is value
        assert zero + value is value
        assert value - 0 is value
        assert value * 1 is value
        assert arithmetic.divide(value, 1) is value


def test_floats_keep_even_their_zeros() -> None:
    # -0.0 + 0.0 is 0.0: folding it away would change a sign.
    with values.scratch_block():
        value = values.unknown(ir.F32Type.get())
        assert value + 0.0 is not value
        assert (value + 0.0).range is None


def test_the_interpreter_refuses_what_c_leaves_undefined() -> None:
    # Or else no test above could fail for it.
    with values.scratch_block():
        word = values.unknown(int_type(I32))
        total = values.create("add", [int_type(I32)], [word.ir, word.ir]).results[0]
        with pytest.raises(UndefinedBehaviourError):
            evaluate(Value(int_type(I32), None, total), {word.ir: 2**31 - 1})
