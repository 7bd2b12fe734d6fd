"""Comparing diagnostics with the comments of a test must notice every difference."""

import pytest

from fdt_mlir.cli.expected import check_messages, expected_messages
from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError

FILE = "test.mlir"


def at(line: int, message: str = "message", **more: object) -> Diagnostic:
    return Diagnostic(message, SourceLocation(FILE, line, 5), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("comment", "line"),
    [
        ("// expected-error {{essa}}", 3),
        ("  op // expected-error@+2 {{essa}}", 5),
        ("// expected-error@-1 {{essa}}", 2),
        ("// expected-error@below {{essa}}", 4),
        ("// expected-error@above {{essa}}", 2),
        ("// expected-error@below {{essa}}\n// expected-note@above {{n}}", 5),
    ],
)
def test_a_directive_means_one_line(comment: str, line: int) -> None:
    expected = expected_messages(f"one\ntwo\n{comment}\nlast", FILE)
    assert (expected[0].line, expected[0].severity) == (line, "error")


def test_what_is_expected_is_silent() -> None:
    expected = expected_messages("op // expected-error {{one}} expected-error {{two}}", FILE)
    assert check_messages(expected, [at(1, "two"), at(1, "one")], FILE) == []


def test_the_hint_and_the_notes_belong_to_a_diagnostic() -> None:
    text = "// expected-error {{hint: go on}}\n// expected-note {{see here}}"
    note = at(2, "see here", severity="note")
    found = at(1, hint="go on", notes=(note,))
    assert check_messages(expected_messages(text, FILE), [found], FILE) == []


@pytest.mark.parametrize(
    "found",
    [
        at(2),
        at(1, "another text"),
        at(1, severity="warning"),
        Diagnostic("message"),
        Diagnostic("message", SourceLocation("other.mlir", 1)),
    ],
)
def test_another_diagnostic_is_both_missing_and_unexpected(found: Diagnostic) -> None:
    expected = expected_messages("// expected-error {{message}}", FILE)
    errors = [str(error) for error in check_messages(expected, [found], FILE)]
    assert len(errors) == 2
    assert "unexpected" in errors[0]
    assert errors[1] == "test.mlir:1: error: did not find expected error: message"


def test_an_expectation_takes_one_diagnostic() -> None:
    expected = expected_messages("// expected-error {{message}}", FILE)
    assert len(check_messages(expected, [at(1), at(1)], FILE)) == 1


@pytest.mark.parametrize(
    "comment", ["expected-error-re {{a}}", "expected-warning", "expected-remark {{a}}"]
)
def test_a_misspelt_expectation_is_an_error(comment: str) -> None:
    with pytest.raises(CompileError, match=r"test.mlir:2: error: not a valid expectation"):
        expected_messages(f"op\nop // {comment}", FILE)
