"""Identifiers: what may be a name in C, and which names are taken in a scope."""

import itertools
import re
from collections.abc import Iterator

from fdt_mlir.bindings import ir

_MAX_LENGTH = 48  # C99 compilers may ignore everything after the 63rd character

# Keywords up to C23, the words of <stdbool.h>, and macros of the headers generated C includes.
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        alignas alignof asm auto bool break case char const constexpr continue default do double
        else enum errno extern false float for goto if inline int long main NAN INFINITY NULL
        nullptr register restrict return short signed sizeof size_t static static_assert struct
        switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while
        """,
    )
)
_STANDARD_TYPE = re.compile(r"u?int\w*_t|U?INT\w*_(C|MIN|MAX)")


def c_identifier(name: str) -> str:
    """Turn any name, as of a tensor, into an identifier; empty when nothing of it is usable."""
    words = re.sub(r"[^0-9A-Za-z]+", "_", name).strip("_")[:_MAX_LENGTH].rstrip("_")
    return f"v{words}" if words[:1].isdigit() else words


def is_reserved(name: str) -> bool:
    """Whether C or the headers that generated C includes give a meaning to a name."""
    return name in _RESERVED or _STANDARD_TYPE.fullmatch(name) is not None


def identifiers_in(text: str) -> Iterator[str]:
    """Yield every word of a piece of C that could be an identifier."""
    return (match[0] for match in re.finditer(r"[A-Za-z_]\w*", text))


def hinted_name(op: ir.Operation) -> str:
    """Return the identifier an operation asks for by attribute or location, or nothing."""
    if "emitc.name_hint" in op.attributes:
        return c_identifier(ir.StringAttr(op.attributes["emitc.name_hint"]).value)
    return located_name(op.location)


def located_name(location: ir.Location) -> str:
    """Return the identifier that a location names, or nothing."""
    if isinstance(location, ir.NameLoc):
        return c_identifier(location.name_str)
    if isinstance(location, ir.FusedLoc):
        names = (located_name(part) for part in location.locations)
        return next((name for name in names if name), "")
    return ""


class Scope:
    """The names of one C scope; an inner scope never hides a name of an outer one."""

    def __init__(self, taken: frozenset[str] = frozenset(), outer: "Scope | None" = None):
        self._taken = set(taken)
        self._outer = outer

    def nested(self) -> "Scope":
        """Open a scope inside this one."""
        return Scope(outer=self)

    def unique(self, *stems: str) -> str:
        """Take the first free of `stems`; when none is, the last with _1, _2, ... appended."""
        numbered = (f"{stems[-1]}_{number}" for number in itertools.count(1))
        return self._take(itertools.chain(stems, numbered))

    def numbered(self, stem: str) -> str:
        """Take the first free of stem0, stem1, ..."""
        return self._take(f"{stem}{number}" for number in itertools.count())

    def _take(self, candidates: Iterator[str]) -> str:
        name = next(name for name in candidates if not self._is_taken(name))
        self._taken.add(name)
        return name

    def _is_taken(self, name: str) -> bool:
        if name in self._taken or name in _RESERVED or _STANDARD_TYPE.fullmatch(name):
            return True
        return self._outer is not None and self._outer._is_taken(name)
