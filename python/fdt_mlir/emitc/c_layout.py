"""Lines of C: comments, and statements that are too long for one line."""

import re
from collections.abc import Iterator

from fdt_mlir.emitc.c_literals import LINE_COLUMNS

_CONTINUATION = " " * 4
# Places to break a line at, best first: before these operators, or (the first) after these signs.
_BREAKS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<=[,;]) ",
        r" (?=[?:] )",
        r" (?=\|\| )",
        r" (?=&& )",
        r" (?=([&|^]|[=!<>]=|[<>]) )",
        r" (?=[-+] )",
        r" (?=([*/%]|<<|>>) )",
    )
)


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
    """Return the place of least nesting and, among those, of loosest binding; the last of them."""
    candidates = [(cost, -at) for cost, at in _breaks(line, start) if start < at <= LINE_COLUMNS]
    return -min(candidates)[1] if candidates else None


def _breaks(line: str, start: int) -> Iterator[tuple[float, int]]:
    """Yield (cost, place) of every place where `line` may be broken; nesting counts most."""
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
        elif character == " ":
            kind = next((kind for kind, rule in enumerate(_BREAKS) if rule.match(line, at)), None)
            if kind is not None:
                yield nesting + kind / len(_BREAKS), at
            elif line[at - 1] == "=":
                rest_fits = start + len(_CONTINUATION) + len(line) - at - 1 <= LINE_COLUMNS
                yield nesting + (0.5 if rest_fits else 1.99), at
