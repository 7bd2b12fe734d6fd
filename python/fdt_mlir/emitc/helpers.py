"""Small C functions that generated code calls by name, written when something calls them."""

from __future__ import annotations

from fdt_mlir.bindings import ir, walk
from fdt_mlir.emitc.kernel_functions import create_function
from fdt_mlir.emitc.statements import index, loop, named, return_, variable, when
from fdt_mlir.emitc.types import Range, int_type
from fdt_mlir.emitc.values import as_unsigned, compare, computed, constant, shift_right


def write_helpers(module: ir.Module) -> None:
    """Add the helpers that the module's functions call, before their first use."""
    called = {
        op.attributes["callee"].value for op in walk(module.operation) if op.name == "emitc.call"
    }
    defined = {
        op.attributes["sym_name"].value
        for op in module.body.operations
        if op.operation.name == "emitc.func"
    }
    functions = [op for op in module.body.operations if op.operation.name == "emitc.func"]
    for name in sorted(called - defined):
        assert name == "count_leading_zeros_32", f"no helper is called {name}"
        with ir.InsertionPoint(functions[0]), ir.Location.unknown():
            _count_leading_zeros(name)


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
