"""`static const` arrays of the generated code: how they are declared and pointed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.statements import Pointer
from fdt_mlir.emitc.types import Range, array_of, int_type, pointer_to, unsigned_type
from fdt_mlir.emitc.values import create


def declare_array(
    name: str, element_type: ir.Type, data: NDArray[Any], comment: str, align_bytes: int = 0
) -> None:
    """Declare an array of one dimension; its elements stand in `data` in C's order."""
    attributes: dict[str, ir.Attribute] = {
        "sym_name": ir.StringAttr.get(name),
        "type": ir.TypeAttr.get(array_of(element_type, data.size)),
        "initial_value": ir.DenseElementsAttr.get(data, type=element_type),
        "static_specifier": ir.UnitAttr.get(),
        "const_specifier": ir.UnitAttr.get(),
        "fdt.comment": ir.StringAttr.get(comment),
    }
    if align_bytes:
        attributes["fdt.align"] = i64(align_bytes)
    with ir.Location.unknown():
        create("global", attributes=attributes)


def array_pointer(name: str, element_type: ir.Type, elements: Range | None = None) -> Pointer:
    """Point to an array that the module declares; `elements` bounds what it holds."""
    literal = {"value": ir.StringAttr.get(name)}
    place = create("literal", [pointer_to(element_type, const=True)], attributes=literal)
    return Pointer(place.results[0], element_type, elements, const=True)


@dataclass(frozen=True)
class WordTable:
    """An array of uint32 that a helper reads."""

    name: str
    words: Sequence[int]
    comment: str

    def declare(self) -> None:
        data = np.array(self.words, np.uint32)
        declare_array(self.name, unsigned_type(int_type(32)), data, self.comment)

    def pointer(self) -> Pointer:
        return array_pointer(self.name, unsigned_type(int_type(32)))
