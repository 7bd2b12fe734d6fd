"""The C type of every EmitC type, and how C declares a name of it."""

import re
from dataclasses import dataclass, replace
from functools import cache, cached_property

from fdt_mlir.bindings import ir

_SCALARS = {
    "i1": "bool",
    "f32": "float",
    "f64": "double",
    "index": "size_t",
    "!emitc.size_t": "size_t",
    "!emitc.ptrdiff_t": "ptrdiff_t",
} | {
    f"{sign}{bits}": f"{'u' if sign == 'ui' else ''}int{bits}_t"
    for sign in ("i", "si", "ui")
    for bits in (8, 16, 32, 64)
}
_INTEGER = re.compile(r"(u?)int(\d+)_t")
_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{2}|.)")


@dataclass(frozen=True)
class CType:
    """`base` behind `pointers` stars in an array of `shape`; `const` qualifies the base."""

    base: str
    const: bool = False
    pointers: int = 0
    shape: tuple[int, ...] = ()

    @property
    def is_integer(self) -> bool:
        """An intN_t or uintN_t; neither bool nor size_t, whose width C leaves open."""
        return self._integer is not None

    @property
    def is_signed(self) -> bool:
        """Of an intN_t or uintN_t: whether it has negative values."""
        return not self.base.startswith("u")

    @property
    def bits(self) -> int:
        """Width of an intN_t or uintN_t."""
        match = self._integer
        assert match, f"{self} has no fixed width"
        return int(match[2])

    @property
    def is_promoted(self) -> bool:
        """C computes with `int` where an operand has this type: the result must be cast back."""
        return self.is_scalar and (
            self.base == "bool" or (self._integer is not None and self.bits < 32)
        )

    @property
    def is_scalar(self) -> bool:
        """Neither a pointer nor an array."""
        return not self.pointers and not self.shape

    @property
    def value(self) -> "CType":
        """The type of a value of this type: without the qualifier of the object it is read from."""
        return replace(self, const=False) if self.const and self.is_scalar else self

    def holds_all_of(self, other: "CType") -> bool:
        """Every value of the integer type `other` exists in this integer type."""
        if not (self.is_integer and other.is_integer):
            return False
        if self.is_signed == other.is_signed:
            return self.bits >= other.bits
        return self.is_signed and self.bits > other.bits

    def is_implicit_from(self, other: "CType") -> bool:
        """C converts a value of type `other` to this one unasked, without loss or warning."""
        if self.pointers == other.pointers == 1 and not (self.shape or other.shape):
            return self.base in (other.base, "void") and (self.const or not other.const)
        return self.holds_all_of(other)

    def declare(self, name: str = "") -> str:
        """Spell the declaration of `name`, or the type alone when there is no name."""
        dims = "".join(f"[{extent}]" for extent in self.shape)
        declarator = "*" * self.pointers + name + dims
        return f"{self._qualified} {declarator}".rstrip()

    def declare_const(self, name: str) -> str:
        """Spell the declaration of a local that is never assigned again."""
        return replace(self, const=True).declare(name) if self.is_scalar else self.declare(name)

    def __str__(self) -> str:
        return self.declare()

    @property
    def _qualified(self) -> str:
        return f"const {self.base}" if self.const else self.base

    @cached_property
    def _integer(self) -> "re.Match[str] | None":
        return _INTEGER.fullmatch(self.base) if self.is_scalar else None


def c_type(mlir_type: ir.Type) -> CType:
    """Map an EmitC type; an lvalue maps to the type of the object it designates.

    The bindings have no classes for EmitC's types, so the text of the type is what is read.
    """
    return _parse(str(mlir_type))


def is_lvalue(mlir_type: ir.Type) -> bool:
    """Whether values of `mlir_type` designate an object; such values are spelled at every use."""
    return str(mlir_type).startswith("!emitc.lvalue<")


def unescape(quoted: str) -> str:
    """Undo the escapes of an MLIR string literal; `quoted` comes without its quotes."""
    return _ESCAPE.sub(
        lambda match: chr(int(match[1], 16)) if len(match[1]) == 2 else match[1], quoted
    )


@cache
def _parse(text: str) -> CType:
    if text in _SCALARS:
        return CType(_SCALARS[text])
    head, _, body = text.removesuffix(">").partition("<")
    if head == "!emitc.lvalue":
        return _parse(body)
    if head == "!emitc.opaque":
        spelled = unescape(body.strip('"'))
        unqualified = spelled.removeprefix("const ")
        # NOTE: "const int8_t *" qualifies what is pointed to, so it is one opaque spelling.
        if spelled == unqualified or "*" in spelled:
            return CType(spelled)
        return CType(unqualified, const=True)
    if head == "!emitc.ptr":
        pointee = _parse(body)
        assert not pointee.shape, f"pointer to an array: {text}"
        return replace(pointee, pointers=pointee.pointers + 1)
    if head == "!emitc.array":
        shape, element = re.fullmatch(r"((?:\d+x)+)(.*)", body, re.DOTALL).groups()  # type: ignore[union-attr]
        return replace(_parse(element), shape=tuple(map(int, shape[:-1].split("x"))))
    raise AssertionError(f"no C type for {text}")
