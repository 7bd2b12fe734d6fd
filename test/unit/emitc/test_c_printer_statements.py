"""The C text of statements: updates, declarations, names, layout."""

import itertools
import textwrap

import pytest
from printing import CONDITIONS, binary, body_of, c_of, load

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
