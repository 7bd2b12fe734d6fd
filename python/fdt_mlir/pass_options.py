"""The options of a pass: from the text `name=value other=[1,2]` to the fields of its dataclass."""

import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Any

from fdt_mlir.passes import Pass
from fdt_mlir.pipeline_text import Span

_BOOLS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Option:
    """An option of a pass: how it is spelled, its type, and the value it has when not given."""

    name: str
    field: str
    kind: Any
    default: object

    def __str__(self) -> str:
        return f"{self.name}={format_value(self.default)} ({describe(self.kind)})"


def options_of(pass_class: type[Pass]) -> dict[str, Option]:
    """Return the options of a pass by name, in the order of its fields."""
    kinds = typing.get_type_hints(pass_class)
    options = [
        Option(field.name.replace("_", "-"), field.name, kinds[field.name], field.default)
        for field in dataclasses.fields(pass_class)
    ]
    for option in options:
        assert option.default is not dataclasses.MISSING, f"{pass_class.name}: {option.name}"
        assert describe(option.kind), f"{pass_class.name}: no text form for {option.kind}"
    return {option.name: option for option in options}


def parse_options(pass_class: type[Pass], span: Span) -> dict[str, object]:
    """Return the given fields of `pass_class` with their values.

    Raises UsageError that points at an unknown or repeated option, or at a bad value.
    """
    options = options_of(pass_class)
    values = dict[str, object]()
    for piece in filter(str, span.split(str.isspace)):
        name, equals, text = str(piece).partition("=")
        option = options.get(name)
        if option is None:
            known = ", ".join(options) or "none"
            raise piece.error(f"{pass_class.name} has no option '{name}'; its options: {known}")
        if option.field in values:
            raise piece.error(f"option '{name}' of {pass_class.name} is given twice")
        try:
            values[option.field] = parse_value(option.kind, text if equals else None)
        except ValueError:
            wanted = describe(option.kind)
            given = f"'{text}'" if equals else "nothing"
            message = f"option '{name}' of {pass_class.name} takes {wanted}, not {given}"
            raise piece.sub(piece.begin + len(name) + len(equals)).error(message) from None
    return values


def parse_value(kind: Any, text: str | None) -> object:
    """Convert the text after `=` to `kind`; None stands for an option without `=`.

    Raises ValueError where the text is not of that kind.
    """
    if text is None:
        if kind is bool:
            return True
        raise ValueError
    optional = _without_none(kind)
    if optional is not kind:
        return None if text == "none" else parse_value(optional, text)
    if kind is bool:
        return _parse_bool(text)
    if kind is str:
        return _unquoted(text)
    if typing.get_origin(kind) is typing.Literal:
        return _one_of(typing.get_args(kind), _unquoted(text))
    if kind == tuple[int, ...]:
        return _parse_ints(text)
    return kind(text)


def describe(kind: Any) -> str:
    """Say what values an option takes; empty for a type that has no text form."""
    optional = _without_none(kind)
    if optional is not kind:
        return f"{describe(optional)} or none"
    if typing.get_origin(kind) is typing.Literal:
        return "one of " + ", ".join(typing.get_args(kind))
    texts: dict[Any, str] = {
        bool: "true or false",
        int: "an integer",
        float: "a number",
        str: "a text",
        tuple[int, ...]: "integers like [1,2,3]",
    }
    return texts.get(kind, "")


def format_value(value: object) -> str:
    """Spell a value as a pipeline does: what `parse_value` takes back."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ",".join(str(item) for item in typing.cast(tuple[int, ...], value)) + "]"
    if isinstance(value, str):
        return (
            value
            if value and not any(c.isspace() or c in "{}()[],'\"" for c in value)
            else f'"{value}"'
        )
    return str(value)


def _without_none(kind: Any) -> Any:
    if typing.get_origin(kind) not in (typing.Union, types.UnionType):
        return kind
    kinds = [argument for argument in typing.get_args(kind) if argument is not types.NoneType]
    return kinds[0] if len(kinds) == 1 else kind


def _parse_bool(text: str) -> bool:
    if text not in _BOOLS:
        raise ValueError
    return _BOOLS[text]


def _unquoted(text: str) -> str:
    quoted = len(text) >= 2 and text[0] in "'\"" and text[-1] == text[0]
    return text[1:-1] if quoted else text


def _one_of(choices: tuple[str, ...], text: str) -> str:
    if text not in choices:
        raise ValueError
    return text


def _parse_ints(text: str) -> tuple[int, ...]:
    content = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
    return tuple(int(item) for item in content.split(",")) if content.strip() else ()
