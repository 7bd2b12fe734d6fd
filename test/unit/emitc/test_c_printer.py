"""The C text of small EmitC functions: precedence, what moves where, names, layout."""

import itertools
import textwrap

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.emitc.c_printer import print_c


def c_of(text: str) -> str:
    with mlir_context():
        module = ir.Module.parse(text)
        module.operation.verify()
        return print_c(module)


def body_of(body: str, results: str = "i32") -> list[str]:
    """Print a function of a, b, c: i32, w: i64, u: ui32, n: i8, p: pointer; return its lines."""
    arguments = ", ".join(
        f'%{name}: {mlir_type} loc("{name}")'
        for name, mlir_type in (
            ("a", "i32"),
            ("b", "i32"),
            ("c", "i32"),
            ("w", "i64"),
            ("u", "ui32"),
            ("n", "i8"),
            ("p", "!emitc.ptr<i32>"),
        )
    )
    result = f"-> {results}" if results else ""
    text = c_of(
        "emitc.func private @g(i32) -> i32\n"
        "emitc.global static const @table : !emitc.array<4xi8> = dense<1>\n"
        f"emitc.func @f({arguments}) {result} {{\n{textwrap.dedent(body)}\n}}"
    )
    lines = text.split("f(int32_t a")[1].splitlines()[1:-1]
    return [line[2:] for line in lines if "(void)" not in line]


def number(name: str, value: object, mlir_type: str = "i32") -> str:
    return f'{name} = "emitc.constant"() {{value = {value} : {mlir_type}}} : () -> {mlir_type}\n'


def binary(result: str, operation: str, operands: str, mlir_type: str = "i32") -> str:
    return f"{result} = emitc.{operation} {operands} : ({mlir_type}, {mlir_type}) -> {mlir_type}\n"


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


CONDITIONS = """
%x = emitc.cmp lt, %a, %b : (i32, i32) -> i1
%y = emitc.cmp ne, %b, %c : (i32, i32) -> i1
"""


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


def load(result: str, index: str) -> str:
    cell = f"{result}_cell"
    return (
        f"{cell} = emitc.subscript %p[{index}] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>\n"
        f"{result} = emitc.load {cell} : <i32>\n"
    )


def test_a_load_moves_into_its_only_use():
    body = load("%x", "%a") + load("%y", "%b") + binary("%z", "mul", "%x, %y")
    assert body_of(body + "emitc.return %z : i32") == ["return p[a] * p[b];"]


SIDE_EFFECTS = {
    "call": "emitc.call @g(%a) : (i32) -> i32",
    "verbatim": 'emitc.verbatim "barrier();"',
    "if": "%q = emitc.cmp lt, %a, %b : (i32, i32) -> i1\nemitc.if %q {\n}",
    "for": "emitc.for %i = %a to %b step %c : i32 {\n}",
    "assign": "%l = emitc.subscript %p[%b] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>\n"
    "emitc.assign %c : i32 to %l : <i32>",
}


@pytest.mark.parametrize("effect", SIDE_EFFECTS)
def test_a_load_stays_before_a_side_effect(effect: str):
    lines = body_of(load("%x", "%a") + SIDE_EFFECTS[effect] + "\nemitc.return %x : i32")
    assert (lines[0], lines[-1]) == ("const int32_t v0 = p[a];", "return v0;")


def test_a_load_below_an_expression_counts_where_the_expression_is_printed():
    body = load("%x", "%a") + binary("%y", "add", "%x, %b") + SIDE_EFFECTS["call"]
    assert body_of(body + "\nemitc.return %y : i32") == [
        "const int32_t v0 = p[a];",
        "g(a);",
        "return v0 + b;",
    ]


def test_a_load_in_the_bound_of_a_loop_is_evaluated_once():
    body = load("%x", "%a") + "emitc.for %i = %b to %x step %c : i32 {\n}\nemitc.return %a : i32"
    assert body_of(body)[:2] == [
        "const int32_t v0 = p[a];",
        "for (int32_t i = b; i < v0; i += c) {",
    ]


def test_a_value_is_not_computed_again_in_each_iteration():
    body = binary("%x", "div", "%a, %b") + (
        "emitc.for %i = %b to %a step %c : i32 {\nemitc.call @g(%x) : (i32) -> i32\n}\n"
    )
    assert body_of(body + "emitc.return %a : i32")[0] == "const int32_t v0 = a / b;"


def test_a_call_moves_into_the_statement_that_uses_it():
    body = "%x = emitc.call @g(%a) : (i32) -> i32\n" + binary("%y", "add", "%x, %b")
    assert body_of(body + "emitc.return %y : i32") == ["return g(a) + b;"]


def test_what_a_call_needs_moves_with_it():
    body = load("%x", "%a") + "%y = emitc.call @g(%x) : (i32) -> i32\n"
    body += binary("%z", "add", "%y, %b")
    assert body_of(body + "emitc.return %z : i32") == ["return g(p[a]) + b;"]


def test_calls_keep_their_order():
    body = "%x = emitc.call @g(%a) : (i32) -> i32\n%y = emitc.call @g(%b) : (i32) -> i32\n"
    body += binary("%z", "sub", "%x, %y")
    assert body_of(body + "emitc.return %z : i32") == [
        "const int32_t v0 = g(a);",
        "return v0 - g(b);",
    ]


def test_a_load_and_a_call_do_not_meet_in_one_expression():
    body = load("%x", "%a") + "%y = emitc.call @g(%b) : (i32) -> i32\n"
    body += binary("%z", "add", "%x, %y")
    assert body_of(body + "emitc.return %z : i32") == [
        "const int32_t v0 = p[a];",
        "return v0 + g(b);",
    ]


def test_a_call_is_made_even_where_c_would_not_evaluate_it():
    body = CONDITIONS + (
        "%v = emitc.call @g(%a) : (i32) -> i32\n%z = emitc.conditional %x, %v, %b : i32\n"
    )
    assert body_of(body + "emitc.return %z : i32") == [
        "const int32_t v0 = g(a);",
        "return a < b ? v0 : b;",
    ]


def test_unused_results_are_dropped_but_their_calls_are_made():
    body = load("%x", "%a") + "%y = emitc.call @g(%b) : (i32) -> i32\n"
    assert body_of(body + "emitc.return %a : i32") == ["g(b);", "return a;"]


VARIABLE = '%v = "emitc.variable"() {value = 0 : i32} : () -> !emitc.lvalue<i32> loc("total")\n'


@pytest.mark.parametrize(
    ("operation", "operands", "expected"),
    [
        ("add", "%old, %a", "total += a"),
        ("add", "%a, %old", "total += a"),
        ("sub", "%old, %a", "total -= a"),
        ("sub", "%a, %old", "total = a - total"),
        ("mul", "%old, %a", "total *= a"),
        ("bitwise_right_shift", "%old, %a", "total >>= a"),
        ("bitwise_right_shift", "%a, %old", "total = a >> total"),
    ],
)
def test_an_update_of_a_variable(operation: str, operands: str, expected: str):
    body = VARIABLE + "%old = emitc.load %v : <i32>\n" + binary("%new", operation, operands)
    body += "emitc.assign %new : i32 to %v : <i32>\n%r = emitc.load %v : <i32>\n"
    assert body_of(body + "emitc.return %r : i32")[1] == f"{expected};"


def test_a_sum_with_another_object_is_no_update():
    body = VARIABLE + load("%old", "%a") + binary("%new", "add", "%old, %b")
    body += "emitc.assign %new : i32 to %v : <i32>\n%r = emitc.load %v : <i32>\n"
    assert body_of(body + "emitc.return %r : i32")[1] == "total = p[a] + b;"


def test_a_variable_is_read_by_name_until_it_changes():
    body = VARIABLE + "%x = emitc.load %v : <i32>\n" + binary("%y", "mul", "%x, %x")
    assert body_of(body + "emitc.return %y : i32")[1] == "return total * total;"
    changed = "emitc.assign %b : i32 to %v : <i32>\nemitc.return %y : i32"
    assert body_of(body + changed)[1:] == [
        "const int32_t v0 = total;",
        "total = b;",
        "return v0 * v0;",
    ]


def test_an_update_of_an_element_spells_its_index_once():
    body = binary("%i", "mul", "%a, %b") + load("%old", "%i") + binary("%new", "add", "%old, %c")
    body += "emitc.assign %new : i32 to %old_cell : <i32>\nemitc.return %a : i32"
    assert body_of(body)[0] == "p[a * b] += c;"


def test_a_narrow_update_is_no_compound_assignment():
    body = '%v = "emitc.variable"() {value = 0 : i8} : () -> !emitc.lvalue<i8>\n'
    body += "%old = emitc.load %v : <i8>\n" + binary("%new", "add", "%old, %n", "i8")
    body += "emitc.assign %new : i8 to %v : <i8>\n%r = emitc.load %v : <i8>\n"
    assert body_of(body + "emitc.return %r : i8", "i8")[1] == "acc = (int8_t)(acc + n);"


UNINITIALISED = '%v = "emitc.variable"() {value = #emitc.opaque<"">} : () -> !emitc.lvalue<i32>\n'


def test_a_variable_is_declared_where_it_gets_its_first_value():
    body = UNINITIALISED + "emitc.call @g(%a) : (i32) -> i32\n"
    body += "emitc.assign %b : i32 to %v : <i32>\n%r = emitc.load %v : <i32>\n"
    assert body_of(body + "emitc.return %r : i32") == ["g(a);", "int32_t acc = b;", "return acc;"]


def test_a_variable_first_assigned_in_a_branch_is_declared_outside():
    body = CONDITIONS + UNINITIALISED + "emitc.if %x {\nemitc.assign %b : i32 to %v : <i32>\n"
    body += "} else {\nemitc.assign %c : i32 to %v : <i32>\n}\n%r = emitc.load %v : <i32>\n"
    assert body_of(body + "emitc.return %r : i32") == [
        "int32_t acc;",
        "if (a < b) {",
        "  acc = b;",
        "} else {",
        "  acc = c;",
        "}",
        "return acc;",
    ]


def test_branches_chain():
    body = CONDITIONS + (
        'emitc.if %x {\nemitc.verbatim "one();"\n} else {\n'
        "%q = emitc.cmp gt, %a, %c : (i32, i32) -> i1\n"
        'emitc.if %q {\nemitc.verbatim "two();"\n} else {\nemitc.verbatim "three();"\n}\n}\n'
    )
    assert body_of(body + "emitc.return %a : i32") == [
        "if (a < b) {",
        "  one();",
        "} else if (a > c) {",
        "  two();",
        "} else {",
        "  three();",
        "}",
        "return a;",
    ]


def test_switch():
    body = (
        'emitc.switch %a : i32\ncase 2 {\nemitc.verbatim "two();"\nemitc.yield\n}\n'
        'default {\nemitc.verbatim "other();"\nemitc.yield\n}\n'
    )
    assert body_of(body + "emitc.return", "") == [
        "switch (a) {",
        "case 2: {",
        "  two();",
        "  break;",
        "}",
        "default: {",
        "  other();",
        "  break;",
        "}",
        "}",
    ]


def test_verbatim_text_names_values():
    body = (
        binary("%s", "add", "%a, %b") + 'emitc.verbatim "X({}) {{ y({}); }" args %a, %s : i32, i32'
    )
    assert body_of(body + "\nemitc.return", "") == ["X(a) { y((a + b)); }"]


def test_pointers():
    body = """
    %t = emitc.get_global @table : !emitc.array<4xi8>
    %zero = "emitc.constant"() {value = 0 : i32} : () -> i32
    %t0 = emitc.subscript %t[%zero] : (!emitc.array<4xi8>, i32) -> !emitc.lvalue<i8>
    %first = emitc.load %t0 : <i8>
    %wide = emitc.cast %first : i8 to i32
    %cell = emitc.subscript %p[%a] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>
    %address = emitc.address_of %cell : !emitc.lvalue<i32>
    %constant = emitc.cast %address : !emitc.ptr<i32> to !emitc.ptr<!emitc.opaque<"const int32_t">>
    %same = emitc.dereference %p : !emitc.ptr<i32>
    emitc.assign %wide : i32 to %same : <i32>
    emitc.call_opaque "use"(%constant, %p) :
      (!emitc.ptr<!emitc.opaque<"const int32_t">>, !emitc.ptr<i32>) -> ()
    emitc.return
    """
    assert body_of(body, "") == ["*p = table[0];", "use((const int32_t *)(p + a), p);"]


def test_the_address_of_a_sum_is_spelled_with_brackets():
    body = binary("%i", "add", "%a, %b") + (
        "%cell = emitc.subscript %p[%i] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>\n"
        "%address = emitc.address_of %cell : !emitc.lvalue<i32>\n"
        'emitc.call_opaque "use"(%address) : (!emitc.ptr<i32>) -> ()\nemitc.return'
    )
    assert body_of(body, "") == ["use(&p[a + b]);"]


def test_expression_regions_are_flattened():
    body = VARIABLE + (
        "%e = emitc.expression %v, %a : (!emitc.lvalue<i32>, i32) -> i32 {\n"
        "%l = emitc.load %v : <i32>\n%s = emitc.add %l, %a : (i32, i32) -> i32\n"
        "emitc.yield %s : i32\n}\nemitc.return %e : i32"
    )
    assert body_of(body) == ["int32_t total = 0;", "return total + a;"]


def test_names_come_from_hints_and_locations_and_never_collide():
    body = """
    %x = emitc.add %a, %b {emitc.name_hint = "sum/of int"} : (i32, i32) -> i32 loc("other")
    %y = emitc.mul %x, %x : (i32, i32) -> i32 loc("int")
    %z = emitc.mul %y, %y : (i32, i32) -> i32 loc("a")
    %k = emitc.mul %z, %z : (i32, i32) -> i32 loc("3rd")
    %l = emitc.mul %k, %k : (i32, i32) -> i32 loc("table")
    %m = emitc.mul %l, %l : (i32, i32) -> i32
    emitc.return %m : i32
    """
    assert body_of(body) == [
        "const int32_t sum_of_int = a + b;",
        "const int32_t int_1 = sum_of_int * sum_of_int;",
        "const int32_t a_1 = int_1 * int_1;",
        "const int32_t v3rd = a_1 * a_1;",
        "const int32_t table_1 = v3rd * v3rd;",  # a global has that name
        "return table_1 * table_1;",
    ]


def test_sibling_scopes_share_names_and_nested_ones_do_not():
    loop = "emitc.for %{0} = %a to %b step %c : i32 {{\n{1}}}\n"
    body = loop.format("i", loop.format("j", "")) + loop.format("k", "")
    heads = [line.strip() for line in body_of(body + "emitc.return %a : i32") if "for" in line]
    assert [head.split()[2] for head in heads] == ["i", "j", "i"]


def test_a_comment_names_its_value():
    body = """
    %x = emitc.add %a, %b {fdt.comment = "why */ so"} : (i32, i32) -> i32
    emitc.return %x : i32
    """
    assert body_of(body) == ["/* why * / so */", "const int32_t v0 = a + b;", "return v0;"]


def test_a_long_statement_is_cut_at_what_has_a_name():
    names = [f"%s{number}" for number in range(6)]
    body = binary("%s0", "mul", "%a, %b")
    for old, new in itertools.pairwise(names):
        body += f'{new} = emitc.bitwise_xor {old}, %w{new[2:]} : (i32, i32) -> i32 loc("mixed")\n'
    loads = "".join(load(f"%w{number}", "%b") for number in range(1, 6))
    lines = body_of(loads + body.replace("%w5", "%c") + "emitc.return %s5 : i32")
    assert lines == ["return (a * b) ^ p[b] ^ p[b] ^ p[b] ^ p[b] ^ c;"]
    long_name = "a_name_that_takes_a_good_part_of_a_line"
    named = loads.replace(" : <i32>", f' : <i32> loc("{long_name}")')
    assert all(len(line) < 100 for line in body_of(named + body + "emitc.return %s5 : i32"))


def test_module_layout():
    text = """
    emitc.include <"stdint.h">
    emitc.include "model.h"
    emitc.global static const @scale : f32 = 0.5 {fdt.comment = "output"}
    emitc.global extern @shared : i32
    emitc.global static const @grid : !emitc.array<2x3xi8> = dense<[[1, 2, 3], [4, 5, -128]]>
    emitc.declare_func @helper
    emitc.verbatim "/* Two lines\\n * of verbatim. */"
    emitc.func @helper(%x: i32 loc("x"), %unused: i32 loc("unused")) -> i32
        attributes {specifiers = ["static", "inline"], fdt.comment = "Returns x.\\n\\nAlways."} {
      emitc.return %x : i32
    }
    emitc.func @nothing() {
      emitc.return
    }
    """
    assert c_of(text) == textwrap.dedent(
        """\
        #include <stdint.h>
        #include "model.h"

        /* output */
        static const float scale = 0.5f;
        extern int32_t shared;
        static const int8_t grid[2][3] = {{1, 2, 3}, {4, 5, -128}};

        static inline int32_t helper(int32_t x, int32_t unused);

        /* Two lines
         * of verbatim. */
        /*
         * Returns x.
         *
         * Always.
         */
        static inline int32_t helper(int32_t x, int32_t unused) {
          (void)unused;
          return x;
        }

        void nothing(void) {
        }
        """
    )


def test_long_arrays_are_wrapped():
    text = c_of(
        "emitc.global static const @w : !emitc.array<2x40xi16> = dense<-1000>\n"
        "emitc.global static const @v : !emitc.array<30xi32> = dense<-2147483648>\n"
    )
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[:2] == ["static const int16_t w[2][40] = {", "    {"]
    assert lines[2] == " " * 8 + ", ".join(["-1000"] * 13) + ","
    assert text.count("-1000") == 80
    assert text.count("INT32_MIN") == 30


def test_an_unknown_operation_is_named():
    with pytest.raises(AssertionError, match=r"emitc\.do"):
        body_of(
            "emitc.do {\n} while {\n%r = emitc.expression %a, %b : (i32, i32) -> i1 {\n"
            "%q = emitc.cmp lt, %a, %b : (i32, i32) -> i1\nemitc.yield %q : i1\n}\n"
            "emitc.yield %r : i1\n}\nemitc.return %a : i32"
        )
