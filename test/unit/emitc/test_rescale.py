"""Short forms of rescaling give the numbers of the 64-bit definition, for every value they take."""

from collections.abc import Iterator

import pytest
from c_interpreter import evaluate
from hypothesis import example, given
from hypothesis import strategies as st

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.emitc.inline_function import inline_function
from fdt_mlir.emitc.rescale import Rescale, match_rescale
from fdt_mlir.emitc.types import Range, int_type
from fdt_mlir.emitc.values import scratch_block, unknown

INT32 = Range(-(2**31), 2**31 - 1)
# What IREE makes of tosa.apply_scale.
ONCE = """
  %value64 = arith.extsi %value : i32 to i64
  %multiplier64 = arith.extsi %multiplier : i32 to i64
  %product = arith.muli %value64, %multiplier64 : i64
  %shift64 = arith.extui %shift : i8 to i64
  %one = arith.constant 1 : i64
  %power = arith.shli %one, %shift64 : i64
  %half = arith.shrui %power, %one : i64
  %once = arith.addi %product, %half : i64
"""
SIGNED = """
  %zero = arith.constant 0 : i32
  %up = arith.constant 1073741824 : i64
  %down = arith.constant -1073741824 : i64
  %positive = arith.cmpi sge, %value, %zero : i32
  %signed = arith.select %positive, %up, %down : i64
  %twice = arith.addi %signed, %once : i64
"""
TWICE = f"""{ONCE}{SIGNED}
  %bound = arith.constant 31 : i32
  %shift32 = arith.extui %shift : i8 to i32
  %large = arith.cmpi sgt, %shift32, %bound : i32
  %total = arith.select %large, %twice, %once : i64
"""
CONSTANT_ONCE = """
  %value64 = arith.extsi %value : i32 to i64
  %factor = arith.constant {multiplier} : i64
  %product = arith.muli %value64, %factor : i64
  %half = arith.constant {half} : i64
  %once = arith.addi %product, %half : i64
  %shift64 = arith.constant {shift} : i64
"""


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def module_of(body: str, total: str, offset: int, right: str = "shrsi") -> ir.Module:
    text = f"""
    func.func private @scale(%value: i32, %multiplier: i32, %shift: i8) -> i32 {{
      {body}
      %shifted = arith.{right} %{total}, %shift64 : i64
      %scaled = arith.trunci %shifted : i64 to i32
      %offset = arith.constant {offset} : i32
      %result = arith.addi %scaled, %offset : i32
      return %result : i32
    }}"""
    return ir.Module.parse(text)


def defined(value: int, multiplier: int, shift: int, twice: bool) -> int:
    """TOSA's apply_scale."""
    rounding = 1 << (shift - 1)
    if twice and shift > 31:
        rounding += (1 << 30) if value >= 0 else -(1 << 30)
    return (value * multiplier + rounding) >> shift


def matched_in(module: ir.Module) -> Rescale | None:
    operations = module.body.operations[0].operation.regions[0].blocks[0].operations
    return match_rescale(operations[len(operations) - 2].operation)


def computed_by_c(
    module: ir.Module,
    value: int,
    multiplier: int,
    shift: int,
    shifts: Range,
    limits: Range = INT32,
    dsp: bool = False,
) -> int:
    with scratch_block(), ir.Location.unknown():
        word = int_type(32)
        arguments = [
            unknown(word, limits),
            unknown(word, Range(1, INT32.high)),
            unknown(int_type(8), shifts),
        ]
        result = inline_function(module.body.operations[0].operation, arguments, dsp)
        numbers = (value, multiplier, shift)
        inputs = {a.ir: n for a, n in zip(arguments, numbers, strict=True)}
        return evaluate(result, inputs)


values = st.integers(INT32.low, INT32.high) | st.integers(-300, 300)
multipliers = st.integers(2**30, 2**31 - 1) | st.integers(1, 2**31 - 1)
offsets = st.integers(-128, 127)


@given(value=values, multiplier=multipliers, shift=st.integers(32, 62), offset=offsets)
@example(value=-(2**31), multiplier=2**31 - 1, shift=32, offset=-128)
@example(value=2**31 - 1, multiplier=2**31 - 1, shift=32, offset=127)
@example(value=-1, multiplier=2**30, shift=32, offset=0)
def test_rescaling_that_rounds_twice(value: int, multiplier: int, shift: int, offset: int) -> None:
    module = module_of(TWICE, "total", offset)
    matched = matched_in(module)
    assert matched is not None
    assert (matched.twice, matched.offset) == (True, offset)
    expected = defined(value, multiplier, shift, twice=True) + offset
    if expected in range(INT32.low, INT32.high + 1):
        got = computed_by_c(module, value, multiplier, shift, Range(32, 62))
        assert got == expected


@given(value=values, multiplier=multipliers, shift=st.integers(2, 62), offset=offsets)
def test_shifts_that_may_be_small_keep_to_the_definition(
    value: int, multiplier: int, shift: int, offset: int
) -> None:
    module = module_of(TWICE, "total", offset)
    expected = defined(value, multiplier, shift, twice=True) + offset
    if expected in range(INT32.low, INT32.high + 1):
        got = computed_by_c(module, value, multiplier, shift, Range(2, 62))
        assert got == expected


@given(value=values, multiplier=multipliers, shift=st.integers(2, 62), offset=offsets)
@example(value=-(2**31), multiplier=2**31 - 1, shift=33, offset=-128)
@example(value=5, multiplier=2**30, shift=10, offset=0)  # a multiplication
@example(value=-255, multiplier=2**30, shift=10, offset=0)
def test_rescaling_by_constants_that_rounds_once(
    value: int, multiplier: int, shift: int, offset: int
) -> None:
    body = CONSTANT_ONCE.format(multiplier=multiplier, half=1 << (shift - 1), shift=shift)
    module = module_of(body, "once", offset)
    expected = defined(value, multiplier, shift, twice=False) + offset
    if expected in range(INT32.low, INT32.high + 1):
        got = computed_by_c(module, value, multiplier, shift, Range(2, 62))
        assert got == expected


def test_half_of_another_shift_is_no_rounding() -> None:
    body = CONSTANT_ONCE.format(multiplier=3, half=1 << 33, shift=33)
    assert matched_in(module_of(body, "once", 0)) is None


@given(value=values, multiplier=multipliers, offset=offsets)
@example(value=-(2**31), multiplier=2**31 - 1, offset=-128)
@example(value=-1, multiplier=2**30, offset=0)
def test_shifts_by_a_whole_word_are_found_in_canonical_form(
    value: int, multiplier: int, offset: int
) -> None:
    """Where the sign stays in the upper half, MLIR shifts zeros in."""
    body = CONSTANT_ONCE.format(multiplier=multiplier, half=1 << 31, shift=32) + SIGNED
    module = module_of(body, "twice", offset, right="shrui")
    matched = matched_in(module)
    assert matched is not None
    assert matched.twice
    expected = defined(value, multiplier, 32, twice=True) + offset
    if expected in range(INT32.low, INT32.high + 1):
        got = computed_by_c(module, value, multiplier, 32, Range(32, 32))
        assert got == expected


def test_a_sign_that_zeros_replace_is_no_rescale() -> None:
    body = CONSTANT_ONCE.format(multiplier=2**30, half=1 << 32, shift=33)
    assert matched_in(module_of(body, "once", 0, right="shrui")) is None


@given(bits=st.integers(1, 32), multiplier=multipliers, shift=st.integers(2, 62), data=st.data())
def test_one_instruction_rescales_what_has_room(
    bits: int, multiplier: int, shift: int, data: st.DataObject
) -> None:
    """With the DSP extension, whatever the value's range: at its ends, and in between."""
    limits = Range(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    body = CONSTANT_ONCE.format(multiplier=multiplier, half=1 << (shift - 1), shift=shift)
    module = module_of(body, "once", 0)
    for value in (limits.low, limits.high, data.draw(st.integers(limits.low, limits.high))):
        expected = defined(value, multiplier, shift, twice=False)
        if expected in range(INT32.low, INT32.high + 1):
            shifts = Range(2, 62)
            got = computed_by_c(module, value, multiplier, shift, shifts, limits, dsp=True)
            assert got == expected
