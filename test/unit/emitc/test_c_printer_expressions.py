"""The C text of expressions: precedence, constants, casts."""

import pytest
from printing import CONDITIONS, binary, body_of, number


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ("add", "mul %x, %c", "(a + b) * c"),
        ("mul", "add %x, %c", "a * b + c"),
        ("sub", "sub %x, %c", "a - b - c"),
        ("sub", "sub %c, %x", "c - (a - b)"),
        ("add", "add %c, %x", "c + (a + b)"),  # C must add in the order of the IR
        ("mul", "div %c, %x", "c / (a * b)"),
        ("bitwise_left_shift", "add %x, %c", "(a << b) + c"),
        ("add", "bitwise_left_shift %x, %c", "(a + b) << c"),
        ("mul", "bitwise_right_shift %x, %c", "(a * b) >> c"),
        ("bitwise_and", "bitwise_or %x, %c", "(a & b) | c"),
        ("bitwise_and", "bitwise_and %x, %c", "a & b & c"),
        ("add", "bitwise_xor %c, %x", "c ^ (a + b)"),
    ],
)
def test_binary_operators_get_the_parentheses_that_c_and_its_readers_need(
    inner: str, outer: str, expected: str
):
    operation, _, operands = outer.partition(" ")
    body = binary("%x", inner, "%a, %b") + binary("%y", operation, operands)
    assert body_of(body + "emitc.return %y : i32") == [f"return {expected};"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("%x = emitc.unary_minus %a : (i32) -> i32\n%y = emitc.unary_minus %x : (i32) -> i32",
         "-(-a)"),
        ("%x = emitc.unary_minus %a : (i32) -> i32\n%y = emitc.bitwise_not %x : (i32) -> i32",
         "~-a"),
        (binary("%x", "add", "%a, %b") + "%y = emitc.bitwise_not %x : (i32) -> i32", "~(a + b)"),
        (number("%m", -5) + binary("%y", "add", "%a, %m"), "a - 5"),
        (number("%m", -5) + binary("%y", "add", "%m, %a"), "a - 5"),
        (number("%m", -5) + binary("%y", "sub", "%a, %m"), "a + 5"),
        (number("%m", -5) + binary("%y", "sub", "%m, %a"), "-5 - a"),
        (number("%m", -5) + binary("%y", "mul", "%a, %m"), "a * -5"),
        (number("%m", -5) + "%y = emitc.unary_minus %m : (i32) -> i32", "-(-5)"),
        (number("%m", 0) + binary("%y", "sub", "%m, %a"), "-a"),
        (number("%m", -(2**31)) + binary("%y", "bitwise_xor", "%a, %m"), "a ^ INT32_MIN"),
    ],
)  # fmt: skip
def test_signs_never_run_together(body: str, expected: str):
    assert body_of(body + "\nemitc.return %y : i32") == [f"return {expected};"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("%z = emitc.logical_and %x, %y : i1, i1", "a < b && b != c"),
        ("%o = emitc.logical_and %x, %y : i1, i1\n%d = emitc.cmp eq, %a, %c : (i32, i32) -> i1\n"
         "%z = emitc.logical_or %d, %o : i1, i1", "a == c || (a < b && b != c)"),
        ("%z = emitc.cmp eq, %x, %y : (i1, i1) -> i1", "(a < b) == (b != c)"),
        ("%n0 = emitc.logical_not %x : i1\n%z = emitc.cmp eq, %n0, %y : (i1, i1) -> i1",
         "(!(a < b)) == (b != c)"),
        ("%z = emitc.bitwise_and %x, %y : (i1, i1) -> i1", "(a < b) & (b != c)"),
        (binary("%s", "bitwise_and", "%a, %b") +
         "%z = emitc.cmp eq, %s, %c : (i32, i32) -> i1", "(a & b) == c"),
        (number("%k", 10) + "%z = emitc.cmp lt, %k, %c : (i32, i32) -> i1", "c > 10"),
        (binary("%s", "mul", "%a, %b") + "%z = emitc.cast %s : i32 to i1", "a * b != 0"),
    ],
)  # fmt: skip
def test_conditions(body: str, expected: str):
    assert body_of(CONDITIONS + body + "\nemitc.return %z : i1", "i1") == [f"return {expected};"]


def test_a_conditional_keeps_its_condition_apart():
    body = CONDITIONS + (
        "%s = emitc.conditional %x, %a, %b : i32\n"
        "%t = emitc.conditional %y, %c, %s : i32\n" + binary("%v", "mul", "%t, %c")
    )
    assert body_of(body + "emitc.return %v : i32") == ["return (b != c ? c : (a < b ? a : b)) * c;"]


@pytest.mark.parametrize(
    ("value", "mlir_type", "expected"),
    [
        (5, "i32", "5"),
        (5, "i64", "INT64_C(5)"),
        (-5, "i64", "-INT64_C(5)"),
        (-(2**63), "i64", "INT64_MIN"),
        (-(2**31), "i32", "INT32_MIN"),
        (-128, "i8", "-128"),
        (4000000000, "ui32", "4000000000u"),
        (2**64 - 1, "ui64", "UINT64_C(18446744073709551615)"),
        ("true", "i1", "true"),
        (64, "index", "64"),
        ("0.1", "f32", "0.1f"),
        ("1.0", "f32", "1.0f"),
        ("3.4028234663852886e+38", "f32", "3.4028235e+38f"),
        ("-0.0", "f32", "-0.0f"),
        ("0x7F800000", "f32", "INFINITY"),
        ("0xFF800000", "f32", "-INFINITY"),
        ("0x7FC00000", "f32", "NAN"),
        ("0.1", "f64", "0.1"),
    ],
)
def test_constants_have_the_type_of_the_ir(value: object, mlir_type: str, expected: str):
    suffix = "" if mlir_type == "i1" else f" : {mlir_type}"
    body = f'%k = "emitc.constant"() {{value = {value}{suffix}}} : () -> {mlir_type}\n'
    assert body_of(body + f"emitc.return %k : {mlir_type}", mlir_type) == [f"return {expected};"]


@pytest.mark.parametrize("mlir_type", ["i64", "ui64", "ui32", "index"])
def test_a_shifted_number_is_never_an_int(mlir_type: str):
    body = number("%one", 1, mlir_type) + number("%k", 31, mlir_type)
    body += binary("%x", "bitwise_left_shift", "%one, %k", mlir_type)
    one = {"i64": "INT64_C(1)", "ui64": "UINT64_C(1)", "ui32": "1u", "index": "(size_t)1"}
    assert body_of(body + f"emitc.return %x : {mlir_type}", mlir_type) == [
        f"return {one[mlir_type]} << 31;"
    ]


def test_arithmetic_on_two_numbers_of_type_index_is_not_done_in_int():
    body = number("%x", 65536, "index") + number("%y", 65536, "index")
    body += binary("%z", "mul", "%x, %y", "index")
    assert body_of(body + "emitc.return %z : index", "index") == ["return (size_t)65536 * 65536;"]


def test_arithmetic_below_int_is_cast_back():
    body = binary("%x", "add", "%n, %n", "i8") + binary("%y", "mul", "%x, %n", "i8")
    assert body_of(body + "emitc.return %y : i8", "i8") == ["return (int8_t)((int8_t)(n + n) * n);"]


def test_a_product_of_uint16_does_not_overflow_int():
    body = "%h = emitc.cast %u : ui32 to ui16\n" + binary("%y", "mul", "%h, %h", "ui16")
    assert body_of(body + "emitc.return %y : ui16", "ui16")[-1] == (
        "return (uint16_t)((uint32_t)v0 * v0);"
    )


CAST_N = "%n32 = emitc.cast %n : i8 to i32\n"


@pytest.mark.parametrize(
    ("body", "result", "expected"),
    [
        (CAST_N, "%n32 : i32", "n"),
        (CAST_N + binary("%x", "mul", "%a, %n32"), "%x : i32", "a * n"),
        (CAST_N + binary("%x", "mul", "%n32, %a"), "%x : i32", "n * a"),
        # One cast must stay, or C would multiply two int8_t as int whatever int32_t is.
        ("%x = emitc.cast %a : i32 to i64\n%y = emitc.cast %b : i32 to i64\n"
         + binary("%z", "mul", "%x, %y", "i64"), "%z : i64", "(int64_t)a * b"),
        # The reader must see that the sum is computed in 32 bits.
        (binary("%s", "add", "%a, %b") + "%x = emitc.cast %s : i32 to i64", "%x : i64",
         "(int64_t)(a + b)"),
        ("%x = emitc.cast %w : i64 to i32\n%y = emitc.cast %x : i32 to i32", "%y : i32",
         "(int32_t)w"),
        ("%x = emitc.cast %w : i64 to i32\n%y = emitc.cast %x : i32 to ui32", "%y : ui32",
         "(uint32_t)w"),
        ("%x = emitc.cast %w : i64 to i32\n%y = emitc.cast %x : i32 to i64", "%y : i64",
         "(int32_t)w"),
        ("%x = emitc.cast %a : i32 to i64\n%y = emitc.cast %x : i64 to i32", "%y : i32", "a"),
        ("%x = emitc.cast %u : ui32 to i32\n%y = emitc.cast %x : i32 to i64", "%y : i64",
         "(int32_t)u"),
        ("%x = emitc.cast %a : i32 to f32\n%y = emitc.cast %x : f32 to i32", "%y : i32",
         "(int32_t)(float)a"),
    ],
)  # fmt: skip
def test_casts_stay_exactly_where_c_needs_them(body: str, result: str, expected: str):
    text = f"{body}\nemitc.return {result}"
    assert body_of(text, result.split(": ")[1]) == [f"return {expected};"]
