"""Attributes as Python values, and back. Absent or of another kind is a fault of ours."""

from __future__ import annotations

from fdt_mlir.bindings import ir


def string(op: ir.Operation, name: str) -> str:
    """The text of a string attribute or the symbol of a reference."""
    return string_of(op.attributes[name])


def integer(op: ir.Operation, name: str) -> int:
    """The number of an integer attribute."""
    return integer_of(op.attributes[name])


def integers(op: ir.Operation, name: str) -> tuple[int, ...]:
    """The numbers of a dense array; () where the attribute is absent."""
    return integers_of(op.attributes[name]) if name in op.attributes else ()


def items(op: ir.Operation, name: str) -> tuple[ir.Attribute, ...]:
    """The elements of an array attribute; () where the attribute is absent."""
    return items_of(op.attributes[name]) if name in op.attributes else ()


def string_of(attribute: ir.Attribute) -> str:
    assert isinstance(attribute, (ir.StringAttr, ir.FlatSymbolRefAttr))
    return attribute.value


def integer_of(attribute: ir.Attribute) -> int:
    assert isinstance(attribute, ir.IntegerAttr)
    return attribute.value


def integers_of(attribute: ir.Attribute) -> tuple[int, ...]:
    assert isinstance(attribute, (ir.DenseI64ArrayAttr, ir.DenseI32ArrayAttr))
    return tuple(attribute)


def items_of(attribute: ir.Attribute) -> tuple[ir.Attribute, ...]:
    assert isinstance(attribute, ir.ArrayAttr)
    return tuple(attribute)


def strings_of(attribute: ir.Attribute) -> tuple[str, ...]:
    return tuple(string_of(item) for item in items_of(attribute))


def number_of(attribute: ir.Attribute) -> int | float:
    """The number of an integer or float attribute; booleans are 0 and 1."""
    assert isinstance(attribute, (ir.IntegerAttr, ir.FloatAttr, ir.BoolAttr))
    return attribute.value


def i64(value: int) -> ir.IntegerAttr:
    """The number as an attribute of 64 bits."""
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(64), value)
