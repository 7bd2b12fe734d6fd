"""Diagnostics that a test expects: `// expected-error@+1 {{part of the message}}`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from fdt_mlir.diagnostics import Diagnostic, Severity, SourceLocation
from fdt_mlir.errors import compile_error

_MENTIONED = re.compile(r"//.*expected-(error|warning|note|remark)")
_DIRECTIVE = re.compile(
    r"expected-(error|warning|note)(?:@([+-]\d+|above|below|unknown))?\s*{{(.*?)}}"
)
_SYNTAX = (
    "write expected-{error,warning,note}[@{+N,-N,above,below,unknown}] {{part of the message}}"
)


@dataclass(frozen=True)
class Message:
    """A diagnostic as a test sees it: expected, with a part of its text, or found, with all of it.

    `line` is None where the location names no line of the tested file. The text of a found one is
    its message and, on further lines, its hint.
    """

    severity: Severity
    line: int | None
    text: str

    def covers(self, found: "Message") -> bool:
        """Tell whether `found` is the diagnostic that this one expects."""
        same_place = (self.severity, self.line) == (found.severity, found.line)
        return same_place and self.text in found.text


def expected_messages(text: str, file: str) -> list[Message]:
    """Return what the comments in `text`, the content of `file`, expect; lines count from 1.

    Raises CompileError for a comment that begins like an expectation but is none.
    """
    lines = text.split("\n")
    mentioning = [index for index, line in enumerate(lines) if _MENTIONED.search(line)]
    messages = list[Message]()
    for index in mentioning:
        directives = _DIRECTIVE.findall(lines[index])
        if not directives:
            place = SourceLocation(file, index + 1)
            raise compile_error("not a valid expectation", place, _SYNTAX)
        for severity, place, part in directives:
            line = _line(index, place, frozenset(mentioning))
            messages.append(Message(cast(Severity, severity), line, part))
    return messages


def check_messages(
    expected: Iterable[Message], diagnostics: Iterable[Diagnostic], file: str
) -> list[Diagnostic]:
    """Return an error for each expectation not met and each diagnostic not expected.

    Every expectation takes one diagnostic. `file` is the file whose lines the expectations name.
    """
    missing = list(expected)
    errors = list[Diagnostic]()
    for found in (message for item in diagnostics for message in _messages(item, file)):
        met = next((message for message in missing if message.covers(found)), None)
        if met:
            missing.remove(met)
        else:
            errors.append(_error("unexpected", found, file))
    return errors + [_error("did not find expected", message, file) for message in missing]


def _line(index: int, place: str, mentioning: frozenset[int]) -> int | None:
    """Resolve the place of an expectation in line `index`, counted from 0, to a line from 1."""
    if place == "unknown":
        return None
    if place in ("above", "below"):
        # Several expectations may stand above each other; all mean the first line beyond them.
        step = 1 if place == "below" else -1
        index += step
        while index in mentioning:
            index += step
        return index + 1
    return index + 1 + int(place or 0)


def _messages(diagnostic: Diagnostic, file: str) -> Iterator[Message]:
    location = diagnostic.location
    line = location.line if location and location.file == file else None
    hint = f"\nhint: {diagnostic.hint}" if diagnostic.hint else ""
    yield Message(diagnostic.severity, line, diagnostic.message + hint)
    for note in diagnostic.notes:
        yield from _messages(note, file)


def _error(problem: str, message: Message, file: str) -> Diagnostic:
    place = SourceLocation(file if message.line else "<unknown>", message.line)
    return Diagnostic(f"{problem} {message.severity}: {message.text}", place)
