"""Pipelines as text: where elements, options and nested pipelines begin and end."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fdt_mlir.errors import UsageError

_CLOSING = {"(": ")", "{": "}", "[": "]"}
_NAME = re.compile(r"[\w.\-]+")
_CARET_WINDOW = 60  # characters of the pipeline shown on either side of a fault


@dataclass(frozen=True)
class Span:
    """The part `[begin, end)` of a text; remembers the whole text so that errors can point."""

    text: str
    begin: int
    end: int

    def __str__(self) -> str:
        return self.text[self.begin : self.end]

    def sub(self, begin: int, end: int | None = None) -> "Span":
        """Return the part from `begin` to `end`, both positions of the whole text."""
        return Span(self.text, begin, self.end if end is None else end)

    def strip(self) -> "Span":
        """Return the span without the white space around it."""
        content = str(self)
        begin = self.begin + len(content) - len(content.lstrip())
        return self.sub(begin, begin + len(content.strip()))

    def split(self, is_separator: Callable[[str], bool]) -> list["Span"]:
        """Return the stripped pieces between separators outside any bracket and quote."""
        begin, pieces = self.begin, list["Span"]()
        for index, depth in _scan(self):
            if depth == 0 and is_separator(self.text[index]):
                pieces.append(self.sub(begin, index).strip())
                begin = index + 1
        return [*pieces, self.sub(begin).strip()]

    def bracketed(self) -> tuple["Span", "Span"]:
        """Split a span that begins with a bracket into the bracket's content and the rest."""
        close = next(index for index, depth in _scan(self) if depth == 0)
        return self.sub(self.begin + 1, close), self.sub(close + 1).strip()

    def error(self, message: str) -> UsageError:
        """Build the error for this span: the message, the text and a caret below its beginning."""
        begin = max(self.begin - _CARET_WINDOW, 0)
        shown = self.text[begin : self.begin + _CARET_WINDOW]
        # One character per character, so that the caret stays below its place.
        shown = re.sub(r"\s", " ", shown)
        return UsageError(f"{message}\n  {shown}\n  {' ' * (self.begin - begin)}^")


@dataclass(frozen=True)
class Element:
    """One element of a pipeline: a pass with options, or an anchor with a nested pipeline."""

    span: Span
    name: str
    options: Span | None
    nested: Span | None

    def nested_elements(self) -> "list[Element]":
        """Parse the pipeline inside the parentheses; empty for a pass."""
        return parse_elements(self.nested) if self.nested else []


def span_of(text: str) -> Span:
    """Return the span of a whole text."""
    return Span(text, 0, len(text))


def parse_elements(span: Span) -> list[Element]:
    """Parse a comma-separated pipeline. Raises UsageError that points at the fault."""
    pieces = span.split(lambda character: character == ",")
    if not str(span).strip():
        return []
    return [_parse_element(piece) for piece in pieces]


def _parse_element(span: Span) -> Element:
    match = _NAME.match(str(span))
    if not match:
        raise span.error("expected the name of a pass")
    options = nested = None
    rest = span.sub(span.begin + match.end()).strip()
    if str(rest).startswith("{"):
        options, rest = rest.bracketed()
    elif str(rest).startswith("("):
        nested, rest = rest.bracketed()
    if str(rest):
        raise rest.error(f"expected ',' after '{match.group()}'")
    return Element(span, match.group(), options, nested)


def _scan(span: Span) -> Iterator[tuple[int, int]]:
    """Yield every position outside quotes with the bracket depth after its character.

    Raises UsageError for a bracket or quote that has no partner.
    """
    opened = list[int]()
    quote: int | None = None
    for index in range(span.begin, span.end):
        character = span.text[index]
        if quote is not None:
            quote = None if character == span.text[quote] else quote
            continue
        if character in "'\"":
            quote = index
            continue
        if character in _CLOSING:
            opened.append(index)
        elif character in _CLOSING.values():
            if not opened or _CLOSING[span.text[opened[-1]]] != character:
                raise span.sub(index).error(f"unbalanced '{character}'")
            opened.pop()
        yield index, len(opened)
    unclosed = opened if quote is None else [quote]
    if unclosed:
        raise span.sub(unclosed[0]).error(f"{span.text[unclosed[0]]!r} is never closed")
