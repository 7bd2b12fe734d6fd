"""Reductions of channels side by side: what `Lanewise` comes to in C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import shift_right
from fdt_mlir.emitc.cursor import Cursor
from fdt_mlir.emitc.statements import address, local, named
from fdt_mlir.emitc.types import Range, int_type, lvalue_of, range_of_type
from fdt_mlir.emitc.values import Value, cast, computed, constant, create
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.micro_kernel import BYTE_VECTOR, QUAD, Lanewise, terms_of
from fdt_mlir.kernels.steps import Largest

_WORD = 32
_LOW_HALF, _BYTE = 16, 8


@dataclass
class LaneLoops:
    """The accumulators of a block of channels, several in a register.

    Words hold four bytes, or two sums of 16 bits: then one word has the even channels and one the
    odd ones.
    """

    micro: Lanewise
    cursor: Cursor
    stage: Stage
    registers: list[ir.Value] = field(default_factory=list[ir.Value])

    def prepare(self) -> None:
        """Compute what all loops need: nothing."""

    def covers(self, stage: Stage) -> bool:
        """Whether it computes a stage of the current block: a rest may be too short."""
        fills = self.micro.is_vector or self.cursor.lanes == self.micro.elements
        return stage is self.stage and fills

    @property
    def keeps_bytes(self) -> bool:
        """Whether the registers hold bytes as the result does, ready to be stored."""
        return isinstance(self.micro.step, Largest)

    def start(self) -> None:
        """Declare the accumulators."""
        step = self.micro.step
        if isinstance(step, Largest):
            value, count = step.start, 1
        else:
            terms = terms_of(self.cursor.body.kernel, self.stage)
            value, count = step.offset * terms, 1 if self.micro.is_vector else 2
        operand = constant(value, int_type(_WORD)).ir
        self.registers = []
        for _ in range(count):
            with named("acc"):
                opaque = {"value": ir.Attribute.parse('#emitc.opaque<"">')}
                declared = create("variable", [lvalue_of(self._type)], attributes=opaque)
            self.registers.append(declared.results[0])
            callee = self._named("splat_s8x16", "splat_s16x8", "splat_s8x4", "pair_s16")
            self._set(declared.results[0], self._call(callee, [operand]))

    def step(self) -> None:
        """Combine the accumulators with the input at the current point of the reduction."""
        number = self.micro.step.input
        pointer = self.cursor.body.pointers[number]
        place = address(pointer, self.cursor.element(number))
        if self.micro.is_vector:
            callee = self._named("max_s8x16", "add_s16x8", "", "")
            operands = [self._get(0), place, *self._count()]
            self._set(self.registers[0], self._call(callee + self._part, operands))
            return
        load = create("call_opaque", [self._type], [place], _callee("load_s8x4"))
        x = local("x", computed(load.results[0], None)).ir
        callees = ("max_s8x4",) if self.keeps_bytes else ("add_even_s8", "add_odd_s8")
        for position, callee in enumerate(callees):
            self._set(self.registers[position], self._call(callee, [self._get(position), x]))

    def store(self, result: int) -> None:
        """Write the accumulators, which hold bytes, as they are."""
        place = address(self.cursor.body.pointers[result], self.cursor.element(result))
        callee = self._named("store_s8x16", "", "store_s8x4", "")
        operands = [place, self._get(0), *self._count()]
        create("call_opaque", [], operands, _callee(callee + self._part))

    def values(self, starts: Sequence[Value], totals: Sequence[Range | None]) -> list[Value]:
        """The result of each lane as a scalar; sums are added to `starts`."""
        lanes = range(self.cursor.lanes)
        held = [self._get(position) for position in range(len(self.registers))]
        if self.keeps_bytes:
            return [_byte(held[0], lane) for lane in lanes]
        taken = _element if self.micro.is_vector else _half
        return [
            computed((start + taken(held[lane % len(held)], lane)).ir, total)
            for lane, start, total in zip(lanes, starts, totals, strict=True)
        ]

    # C

    @property
    def _type(self) -> ir.Type:
        if not self.micro.is_vector:
            return int_type(_WORD)
        name = "s8x16" if self.micro.elements == BYTE_VECTOR else "s16x8"
        return ir.Type.parse(f'!emitc.opaque<"{name}">')

    @property
    def _part(self) -> str:
        return "_part" if self._count() else ""

    def _count(self) -> list[ir.Value]:
        """How many elements of a vector are there, where not all are."""
        lanes = self.cursor.lanes
        whole = lanes == self.micro.elements
        return [] if whole else [constant(lanes, int_type(_WORD)).ir]

    def _named(self, bytes_vector: str, sums_vector: str, bytes_word: str, sums_word: str) -> str:
        """One of four functions, by what is in the registers and by which these are."""
        if self.micro.is_vector:
            return bytes_vector if self.keeps_bytes else sums_vector
        return bytes_word if self.keeps_bytes else sums_word

    def _call(self, callee: str, operands: Sequence[ir.Value]) -> ir.Value:
        return create("call_opaque", [self._type], operands, _callee(callee)).results[0]

    def _get(self, position: int) -> ir.Value:
        return create("load", [self._type], [self.registers[position]]).results[0]

    def _set(self, register: ir.Value, value: ir.Value) -> None:
        create("assign", operands=[register, value])


def _callee(name: str) -> dict[str, ir.Attribute]:
    return {"callee": ir.StringAttr.get(name)}


def _byte(word: ir.Value, lane: int) -> Value:
    moved = shift_right(_number(word), constant(_BYTE * lane, int_type(_WORD)))
    return cast(moved, int_type(_BYTE))


def _half(word: ir.Value, lane: int) -> Value:
    """The sum of a lane, in a word that has the even ones or the odd ones."""
    if lane >= QUAD // 2:
        return shift_right(_number(word), constant(_LOW_HALF, int_type(_WORD)))
    return cast(cast(_number(word), int_type(_LOW_HALF)), int_type(_WORD))


def _element(vector: ir.Value, lane: int) -> Value:
    operands = [vector, constant(lane, int_type(_WORD)).ir]
    call = create("call_opaque", [int_type(_WORD)], operands, _callee("lane_s16x8"))
    return computed(call.results[0], range_of_type(int_type(_LOW_HALF)))


def _number(word: ir.Value) -> Value:
    return computed(word, range_of_type(word.type))
