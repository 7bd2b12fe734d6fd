"""What the C printer moves where: loads, calls, values of loops."""

import pytest
from printing import CONDITIONS, binary, body_of, load


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
