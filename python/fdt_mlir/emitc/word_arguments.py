"""Bytes that a stage takes out of words, four neighbours loaded at once, and moved on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.cursor import Cursor
from fdt_mlir.emitc.inline_function import Moved, moved_offset
from fdt_mlir.emitc.micro_loops import call_micro, word
from fdt_mlir.emitc.statements import address
from fdt_mlir.emitc.types import Range, int_type, range_of_type
from fdt_mlir.emitc.values import Value


@dataclass(frozen=True)
class WordArgument:
    """Four elements of an operand, to each of which the stage adds `offset`."""

    word: Value
    offset: int
    elements: Range

    def lane(self, lane: int) -> Moved:
        """One of the elements, moved, in one instruction."""
        limits = Range(self.elements.low + self.offset, self.elements.high + self.offset)
        operands = [word(self.offset), self.word]
        return Moved(call_micro(f"add_byte{lane}_s8", operands, "x", limits), self.offset)


def word_arguments(
    cursor: Cursor, function: ir.Operation, names: Sequence[str], readable: Sequence[int]
) -> dict[str, WordArgument]:
    """The arguments of a function that come out of words, by name.

    `readable` are the operands of which every element is there. Where a function adds nothing to an
    element, loading it alone takes no more instructions.
    """
    found: dict[str, WordArgument] = {}
    for position, name in enumerate(names):
        kind, _, number = name.partition(":")
        if kind != "in" or int(number) not in readable or names.count(name) > 1:
            continue
        operand = int(number)
        pointer = cursor.body.pointers[operand]
        offset = moved_offset(function, position)
        if not offset or pointer.element_type != int_type(8) or cursor.lane_step(operand) != 1:
            continue
        place = address(pointer, cursor.element(operand))
        elements = pointer.elements or range_of_type(int_type(8))
        found[name] = WordArgument(call_micro("load_s8x4", [place], "bytes"), offset, elements)
    return found
