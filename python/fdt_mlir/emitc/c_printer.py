"""Print an EmitC module as C99 that a person would have written.

The C assumes that `int` has at least 32 bits. Fixed-width types, INT64_C and INT32_MIN need
<stdint.h>, `bool` needs <stdbool.h>, size_t <stddef.h>, infinities and NaNs <math.h>; the module
includes what it uses.

Attributes that only this printer reads:

- `emitc.name_hint` (string) or the operation's NameLoc: the name of a local. Parameters and
  induction variables take the location of the block argument.
- `fdt.comment` (string): a comment above a function, global or statement. On an operation that
  computes a value it also makes the value a named local.
- `fdt.align` (integer): bytes of alignment of a global; the module defines the macro FDT_ALIGN.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from fdt_mlir.bindings import ir, walk
from fdt_mlir.emitc.c_literals import array_initialiser
from fdt_mlir.emitc.c_names import Scope, identifiers_in
from fdt_mlir.emitc.c_statements import comment_of, function, prototype
from fdt_mlir.emitc.c_types import c_type
from fdt_mlir.emitc.c_values import constant
from fdt_mlir.emitc.trace import TRACED

ALIGN = "FDT_ALIGN"
_DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)", re.MULTILINE)
_OPAQUE_TYPE = re.compile(r'!emitc\.opaque<"([^"]*)">')


def print_c(module: ir.Module) -> str:
    """Return the C text of an EmitC module, ending with a newline; traced functions are left out.

    Operations outside the supported set are an internal error (AssertionError naming them).
    """
    return _print(module, [op for op in _top_level(module) if TRACED not in op.attributes])


def print_traced(module: ir.Module) -> str:
    """Return the C text of the traced functions alone."""
    return _print(module, [op for op in _top_level(module) if TRACED in op.attributes])


def _print(module: ir.Module, operations: Sequence[ir.Operation]) -> str:
    scope = Scope(_module_names(module))
    functions = {_symbol(op): op for op in _top_level(module) if op.name == "emitc.func"}
    lines: list[str] = []
    previous = ""
    for op in operations:
        item = _item_lines(op, functions, scope)
        if lines and _is_separated(previous, op.name, lines[-1], item):
            lines.append("")
        lines += item
        previous = op.name
    return "\n".join(lines) + "\n"


def _item_lines(op: ir.Operation, functions: dict[str, ir.Operation], scope: Scope) -> list[str]:
    if op.name == "emitc.include":
        name = ir.StringAttr(op.attributes["include"]).value
        return [
            f"#include <{name}>" if "is_standard_include" in op.attributes else f'#include "{name}"'
        ]
    if op.name == "emitc.verbatim":
        text = ir.StringAttr(op.attributes["value"]).value
        return [line.rstrip() for line in text.split("\n")]
    if op.name == "emitc.global":
        return _global_lines(op)
    if op.name == "emitc.declare_func":
        return prototype(functions[ir.FlatSymbolRefAttr(op.attributes["sym_name"]).value], scope)
    assert op.name == "emitc.func", f"the C printer does not know {op.name}"
    if len(op.regions[0].blocks):
        return function(op, scope)
    return comment_of(op) + prototype(op, scope)


def _global_lines(op: ir.Operation) -> list[str]:
    words = [word for word in ("extern", "static") if f"{word}_specifier" in op.attributes]
    value_type = c_type(ir.TypeAttr(op.attributes["type"]).value)
    declare = value_type.declare
    if "const_specifier" in op.attributes and not value_type.const:
        words.append("const")
    if "fdt.align" in op.attributes:
        words.append(f"{ALIGN}({ir.IntegerAttr(op.attributes['fdt.align']).value})")
    head = " ".join([*words, declare(_symbol(op))])
    if "initial_value" not in op.attributes:
        return [*comment_of(op), f"{head};"]
    value = op.attributes["initial_value"]
    if isinstance(value, ir.DenseElementsAttr):
        text = array_initialiser(np.array(value), len(head) + len(" = "))
    else:
        text = constant(value, value_type).text
    return [*comment_of(op), *f"{head} = {text};".split("\n")]


def _is_separated(previous: str, current: str, last_line: str, item: list[str]) -> bool:
    """Decide whether a blank line stands between two items of a file."""
    if not last_line or not item[0]:
        return False
    if previous == "emitc.verbatim" and (current == "emitc.verbatim" or last_line.endswith("*/")):
        return False
    if previous == current and current in ("emitc.include", "emitc.declare_func"):
        return False
    if previous == current == "emitc.global":
        return len(item) > 1 or last_line == "};"
    return True


def _module_names(module: ir.Module) -> frozenset[str]:
    """Collect the names that locals must not hide: symbols, macros, and words of verbatim C."""
    names = {_symbol(op) for op in _top_level(module) if "sym_name" in op.attributes}
    types: set[ir.Type] = set()
    for op in walk(module.operation):
        if op.name == "emitc.literal":
            names.update(identifiers_in(ir.StringAttr(op.attributes["value"]).value))
        elif op.name == "emitc.call_opaque":
            names.add(ir.StringAttr(op.attributes["callee"]).value)
        elif op.name == "emitc.verbatim":
            names.update(_DEFINE.findall(ir.StringAttr(op.attributes["value"]).value))
        types.update(result.type for result in op.results)
        if op.name == "emitc.func":
            types.add(ir.TypeAttr(op.attributes["function_type"]).value)
    for spelled in _OPAQUE_TYPE.findall(" ".join(map(str, types))):
        names.update(identifiers_in(spelled))
    return frozenset(names)


def _symbol(op: ir.Operation) -> str:
    attribute = op.attributes["sym_name"]
    if isinstance(attribute, ir.FlatSymbolRefAttr):
        return attribute.value
    return ir.StringAttr(attribute).value


def _top_level(module: ir.Module) -> Iterator[ir.Operation]:
    return (view.operation for view in module.body.operations)
