"""Statements of the generated C: loads, stores, variables, loops, calls."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.types import Range, is_float, lvalue_of
from fdt_mlir.emitc.values import Number, Value, attribute, cast, computed, constant, create, lift


@dataclass(frozen=True)
class Pointer:
    """A pointer or array in C: what it holds, and the range of its elements where it is known.

    `strides`, in elements, say how a table of several dimensions is indexed.
    """

    value: ir.Value
    element_type: ir.Type
    elements: Range | None = None
    const: bool = False
    strides: tuple[int, ...] = ()


def named(name: str) -> ir.Location:
    """A location that carries the C name of what is created with it."""
    return ir.Location.name(name)


def local(name: str, value: Value) -> Value:
    """Give a value just computed its name in C, should it become a local; constants have none."""
    if value.defined is not None and not isinstance(value.defined.owner, ir.Block):
        value.defined.owner.attributes["emitc.name_hint"] = ir.StringAttr.get(name)
    return value


def load(pointer: Pointer, index: Value, name: str | None = None) -> Value:
    """`pointer[index]`."""
    place = _element(pointer, index)
    with ir.Location.name(name) if name else ir.Location.unknown():
        loaded = create("load", [_held_type(pointer)], [place])
        if not pointer.const:
            return computed(loaded.results[0], pointer.elements)
        # NOTE: `const` exists only in opaque types, so a typed value takes a cast (C prints none).
        typed = create("cast", [pointer.element_type], [loaded.results[0]])
        return computed(typed.results[0], pointer.elements)


def store(pointer: Pointer, index: Value, value: Value) -> None:
    """`pointer[index] = value`."""
    assert not pointer.const
    create("assign", operands=[_element(pointer, index), value.ir])


def address(pointer: Pointer, index: Value) -> ir.Value:
    """`&pointer[index]`."""
    return create("address_of", [pointer.value.type], [_element(pointer, index)]).results[0]


def _element(pointer: Pointer, index: Value) -> ir.Value:
    held = _held_type(pointer)
    return create("subscript", [lvalue_of(held)], [pointer.value, index.ir]).results[0]


def _held_type(pointer: Pointer) -> ir.Type:
    if not pointer.const:
        return pointer.element_type
    pointee = str(pointer.value.type).removeprefix("!emitc.ptr<").removesuffix(">")
    return ir.Type.parse(pointee)


@dataclass(frozen=True)
class Variable:
    """A local variable that is assigned more than once."""

    place: ir.Value
    type: ir.Type
    range: Range | None

    def get(self) -> Value:
        return computed(create("load", [self.type], [self.place]).results[0], self.range)

    def set(self, value: Value) -> None:
        create("assign", operands=[self.place, value.ir])


def variable(name: str, value: Value, limits: Range | None = None) -> Variable:
    """Declare a variable with a start value. `limits` says what it will ever hold, if known."""
    literal = value.constant is not None and isfinite(value.constant)
    with named(name):
        initial = attribute(value) if literal else ir.Attribute.parse('#emitc.opaque<"">')
        declared = create("variable", [lvalue_of(value.type)], attributes={"value": initial})
    result = Variable(declared.results[0], value.type, None if is_float(value.type) else limits)
    if not literal:
        result.set(value)
    return result


@contextmanager
def loop(name: str, low: Value, high: Value, step: int = 1) -> Generator[Value, None, None]:
    """`for (int32_t name = low; name < high; name += step)`; yields the index.

    A loop that runs exactly once leaves no loop behind: the index is its only value.
    """
    assert low.range is not None
    assert high.range is not None
    turns = _turns(low, high, step)
    assert turns is None or turns > 0, "a loop that never runs"
    if turns == 1:
        yield low
        return
    index_type = low.type
    last = max(low.range.low, high.range.high - 1)
    operation = create("for", operands=[low.ir, high.ir, constant(step, index_type).ir], regions=1)
    block = operation.regions[0].blocks.append(index_type, arg_locs=[named(name)])
    with ir.InsertionPoint(block):
        yield computed(block.arguments[0], Range(low.range.low, last))
        create("yield")


def _turns(low: Value, high: Value, step: int) -> int | None:
    """How often a loop runs, where both its ends are known."""
    if low.constant is None or high.constant is None:
        return None
    return len(range(int(low.constant), int(high.constant), step))


@contextmanager
def when(condition: Value) -> Generator[None, None, None]:
    """`if (condition)`; nothing at all where the condition is known."""
    if condition.constant is not None:
        assert condition.constant, "the caller leaves out what never runs"
        yield
        return
    operation = create("if", operands=[condition.ir], regions=2)
    with ir.InsertionPoint(operation.regions[0].blocks.append()):
        yield
        create("yield")


def either_way(condition: Value, body: Callable[[bool], None]) -> None:
    """`if (condition) ... else ...`, both written by `body`; only one where it is known which."""
    if condition.constant is not None:
        return body(bool(condition.constant))
    operation = create("if", operands=[condition.ir], regions=2)
    for region, holds in zip(operation.regions, (True, False), strict=True):
        with ir.InsertionPoint(region.blocks.append()):
            body(holds)
            create("yield")
    return None


def call(
    function: str,
    arguments: Sequence[Value | ir.Value],
    result_type: ir.Type | None = None,
    result_range: Range | None = None,
    name: str | None = None,
    comment: str | None = None,
) -> Value | None:
    """Call a function of the module."""
    operands = [arg.ir if isinstance(arg, Value) else arg for arg in arguments]
    attributes: dict[str, ir.Attribute] = {"callee": ir.FlatSymbolRefAttr.get(function)}
    if comment:
        attributes["fdt.comment"] = ir.StringAttr.get(comment)
    with ir.Location.name(name) if name else ir.Location.unknown():
        results = [result_type] if result_type is not None else []
        operation = create("call", results, operands, attributes)
    if result_type is None:
        return None
    return computed(operation.results[0], result_range)


def return_(value: Value | None = None) -> None:
    create("return", operands=[] if value is None else [value.ir])


def index(number: Value | Number) -> Value:
    """An int32 index: what all loops and subscripts of the generated C count in."""
    return lift(number, ir.IntegerType.get_signless(32))


def to_index(value: Value) -> Value:
    return cast(value, ir.IntegerType.get_signless(32))
