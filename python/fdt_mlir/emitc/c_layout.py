"""Lines of C: comments, and statements that are too long for one line."""

import re
from collections.abc import Iterator

from fdt_mlir.emitc.c_literals import LINE_COLUMNS

_CONTINUATION = " " * 4
_OPERATORS = re.compile(r" ([-+*/%&|^<>?:]|<<|>>|&&|\|\||[=!<>]=) ")


def comment_lines(text: str, indent: str = "") -> list[str]:
    """Spell a comment; several lines become a block with a star before each."""
    lines = [
        line.replace("*/", "* /").replace("/*", "/ *").rstrip() for line in text.strip().split("\n")
    ]
    if len(lines) == 1:
        return [f"{indent}/* {lines[0]} */"]
    return [f"{indent}/*", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def statement_lines(text: str, indent: str) -> list[str]:
    """Indent a statement, breaking it where it nests least until every line fits."""
    lines: list[str] = []
    line = indent + text
    start = len(indent)
    while len(line) > LINE_COLUMNS and (at := _best_break(line, start)):
        lines.append(line[:at].rstrip())
        line = indent + _CONTINUATION + line[at:].lstrip()
        start = len(indent + _CONTINUATION)
    return [*lines, line]


def _best_break(line: str, start: int) -> int | None:
    """Return the last place of least nesting, before an operator or after a comma."""
    candidates = [
        (nesting, -at) for nesting, at in _breaks(line, start) if start < at <= LINE_COLUMNS
    ]
    return -min(candidates)[1] if candidates else None


def _breaks(line: str, start: int) -> Iterator[tuple[float, int]]:
    nesting = 0
    quote = ""
    for at in range(start, len(line)):
        character = line[at]
        if quote:
            quote = "" if character == quote and line[at - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            nesting += 1
        elif character in ")]}":
            nesting -= 1
        elif character == " " and (line[at - 1] in ",;" or _OPERATORS.match(line, at)):
            yield nesting, at
        elif character == " " and line[at - 1] == "=" and line[at - 2] not in "=!<>":
            rest_fits = start + len(_CONTINUATION) + len(line) - at - 1 <= LINE_COLUMNS
            yield nesting + (0.5 if rest_fits else 1.5), at
