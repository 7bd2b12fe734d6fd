"""EmitC types: width, sign, range."""

from __future__ import annotations

from dataclasses import dataclass

from fdt_mlir.bindings import ir


@dataclass(frozen=True)
class Range:
    """Integers from `low` to `high`, both included."""

    low: int
    high: int

    def within(self, other: Range) -> bool:
        return other.low <= self.low and self.high <= other.high

    def union(self, other: Range) -> Range:
        return Range(min(self.low, other.low), max(self.high, other.high))

    def wrap(self, number: int) -> int:
        """Bring a number into the range modulo its size, as a conversion in C does."""
        return (number - self.low) % (self.high - self.low + 1) + self.low


def int_type(width: int) -> ir.Type:
    """A signed integer (MLIR's signless, which EmitC prints as intN_t); width 1 is bool."""
    return ir.IntegerType.get_signless(width)


def is_float(value_type: ir.Type) -> bool:
    return isinstance(value_type, ir.FloatType)


def is_signed(value_type: ir.Type) -> bool:
    assert isinstance(value_type, ir.IntegerType)
    return not value_type.is_unsigned and value_type.width > 1


def width_of(value_type: ir.Type) -> int:
    """Width in bits."""
    assert isinstance(value_type, (ir.IntegerType, ir.FloatType)), f"{value_type} is no scalar"
    return value_type.width


def range_of_type(value_type: ir.Type) -> Range:
    """All numbers of an integer type."""
    width = width_of(value_type)
    if is_signed(value_type):
        return Range(-(1 << (width - 1)), (1 << (width - 1)) - 1)
    return Range(0, (1 << width) - 1)


def unsigned_type(value_type: ir.Type) -> ir.Type:
    return ir.IntegerType.get_unsigned(width_of(value_type))


def signed_type(value_type: ir.Type) -> ir.Type:
    return ir.IntegerType.get_signless(width_of(value_type))


def pointer_to(element_type: ir.Type, const: bool = False) -> ir.Type:
    """A pointer; `const` elements need an opaque type, as EmitC has no qualifier."""
    if not const:
        return ir.Type.parse(f"!emitc.ptr<{element_type}>")
    return ir.Type.parse(f'!emitc.ptr<!emitc.opaque<"const {c_name(element_type)}">>')


def lvalue_of(value_type: ir.Type) -> ir.Type:
    return ir.Type.parse(f"!emitc.lvalue<{value_type}>")


def array_of(element_type: ir.Type, count: int) -> ir.Type:
    return ir.Type.parse(f"!emitc.array<{count}x{element_type}>")


def has_c_name(value_type: ir.Type) -> bool:
    """Whether C has this type of numbers: bool, integers of 8 to 64 bits, float, double."""
    if isinstance(value_type, ir.IntegerType):
        return value_type.width in (1, 8, 16, 32, 64)
    return isinstance(value_type, (ir.F32Type, ir.F64Type))


def c_name(value_type: ir.Type) -> str:
    """The C spelling of a scalar type."""
    if isinstance(value_type, ir.F32Type):
        return "float"
    if isinstance(value_type, ir.F64Type):
        return "double"
    assert isinstance(value_type, ir.IntegerType), f"{value_type} has no C name"
    if value_type.width == 1:
        return "bool"
    return f"{'u' if value_type.is_unsigned else ''}int{value_type.width}_t"
