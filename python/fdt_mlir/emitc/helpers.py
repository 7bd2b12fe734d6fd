"""Small C functions that generated code calls by name, written when something calls them."""

from __future__ import annotations

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.emitc.arithmetic import shift_right
from fdt_mlir.emitc.kernel_functions import create_function
from fdt_mlir.emitc.math_functions import MATH_FUNCTIONS, MathFunction
from fdt_mlir.emitc.statements import index, loop, named, return_, variable, when
from fdt_mlir.emitc.types import Range, int_type
from fdt_mlir.emitc.values import (
    as_unsigned,
    compare,
    computed,
    constant,
    create,
)

_COUNT_LEADING_ZEROS = "count_leading_zeros_32"


# Each calls only functions that stand before it.
_HELPERS = (*MATH_FUNCTIONS, _COUNT_LEADING_ZEROS)


def write_helpers(module: ir.Module) -> None:
    """Add the helpers that the module's functions call, and those that helpers call.

    Each stands before its first use, so none needs a declaration.
    """
    callers = _functions(module)
    while missing := _called(module) - _functions(module).keys():
        assert missing <= set(_HELPERS), f"no helper is called {missing - set(_HELPERS)}"
        with ir.InsertionPoint(next(iter(callers.values()))), ir.Location.unknown():
            for name in _HELPERS:
                if name in missing:
                    _write(name)
    _sort_helpers(module, next(iter(callers.values()), None))
    _include_string(module)


def _sort_helpers(module: ir.Module, first_caller: ir.Operation | None) -> None:
    """What a helper calls may have been written after it."""
    functions = _functions(module)
    for name in _HELPERS:
        if name in functions and first_caller is not None:
            functions[name].move_before(first_caller)


def _called(module: ir.Module) -> set[str]:
    calls = [op for op in walk(module.operation) if op.name == "emitc.call"]
    return {string(op, "callee") for op in calls}


def _functions(module: ir.Module) -> dict[str, ir.Operation]:
    operations = [op.operation for op in module.body.operations]
    return {string(op, "sym_name"): op for op in operations if op.name == "emitc.func"}


def _write(name: str) -> None:
    if name in MATH_FUNCTIONS:
        return _math_function(name, MATH_FUNCTIONS[name])
    return _count_leading_zeros(name)


def _math_function(name: str, math_function: MathFunction) -> None:
    if math_function.table is not None:
        math_function.table.declare()
    types = [math_function.parameter_type()] * len(math_function.parameters)
    function = create_function(name, types, [math_function.result_type()], ["static"])
    locations = [named(parameter) for parameter in math_function.parameters]
    block = function.regions[0].blocks.append(*types, arg_locs=locations)
    with ir.InsertionPoint(block), ir.Location.unknown():
        return_(math_function.body(*map(computed, block.arguments)))


def _count_leading_zeros(name: str) -> None:
    word = int_type(32)
    function = create_function(name, [word], [word], ["static"])
    block = function.regions[0].blocks.append(word, arg_locs=[named("value")])
    with ir.InsertionPoint(block), ir.Location.unknown():
        bits = variable("bits", as_unsigned(computed(block.arguments[0])))
        count = variable("count", constant(32, word), Range(0, 32))
        # Shift the highest set bit out, one place per turn.
        with loop("n", index(0), index(32)):
            with when(compare(bits.get(), "!=", 0)):
                count.set(count.get() - 1)
            bits.set(shift_right(bits.get(), constant(1, word)))
        return_(count.get())


def _include_string(module: ir.Module) -> None:
    """Include <string.h> where memcpy is called, after the other headers of C."""
    callees = [
        string(op, "callee") for op in walk(module.operation) if op.name == "emitc.call_opaque"
    ]
    if "memcpy" not in callees:
        return
    attributes = {
        "include": ir.StringAttr.get("string.h"),
        "is_standard_include": ir.UnitAttr.get(),
    }
    first = next(
        op for op in module.body.operations if "is_standard_include" not in op.operation.attributes
    )
    with ir.InsertionPoint(first), ir.Location.unknown():
        create("include", attributes=attributes)
