"""Attributes as Python values, and back.

One that is absent or of another kind is a fault of ours, unless a function says otherwise.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from fdt_mlir.bindings import constant_array, ir
from fdt_mlir.passes import op_error


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


def tensor_data(op: ir.Operation, name: str) -> NDArray[Any]:
    """The numbers of a constant tensor. Raises CompileError where they cannot be read."""
    attribute = op.attributes[name]
    try:
        return constant_array(attribute)
    except TypeError as error:
        message = f"the data of a constant {attribute.type} cannot be read"
        hint = "write it as dense<...> of i1, i8, i16, i32, i64, f16, f32 or f64"
        raise op_error(op, message, hint) from error


def string_of(attribute: ir.Attribute) -> str:
    """The text of a string attribute or the symbol of a reference."""
    assert isinstance(attribute, (ir.StringAttr, ir.FlatSymbolRefAttr))
    return attribute.value


def integer_of(attribute: ir.Attribute) -> int:
    """The number of an integer attribute."""
    assert isinstance(attribute, ir.IntegerAttr)
    return attribute.value


def integers_of(attribute: ir.Attribute) -> tuple[int, ...]:
    """The numbers of a dense array."""
    assert isinstance(attribute, (ir.DenseI64ArrayAttr, ir.DenseI32ArrayAttr))
    return tuple(attribute)


def items_of(attribute: ir.Attribute) -> tuple[ir.Attribute, ...]:
    """The elements of an array attribute."""
    assert isinstance(attribute, ir.ArrayAttr)
    return tuple(attribute)


def strings_of(attribute: ir.Attribute) -> tuple[str, ...]:
    """The texts of an array attribute of strings."""
    return tuple(string_of(item) for item in items_of(attribute))


def number_of(attribute: ir.Attribute) -> int | float:
    """The number of an integer or float attribute; booleans are 0 and 1."""
    assert isinstance(attribute, (ir.IntegerAttr, ir.FloatAttr, ir.BoolAttr))
    return attribute.value


def i64(value: int) -> ir.IntegerAttr:
    """The number as an attribute of 64 bits."""
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(64), value)
