"""Prints small EmitC functions, for the tests of the C printer."""

import textwrap

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.emitc.c_printer import print_c

CONDITIONS = """
%x = emitc.cmp lt, %a, %b : (i32, i32) -> i1
%y = emitc.cmp ne, %b, %c : (i32, i32) -> i1
"""


def c_of(text: str) -> str:
    with mlir_context():
        module = ir.Module.parse(text)
        module.operation.verify()
        return print_c(module)


def body_of(body: str, results: str = "i32") -> list[str]:
    """Print a function of a, b, c: i32, w: i64, u: ui32, n: i8, p: pointer; return its lines."""
    arguments = ", ".join(
        f'%{name}: {mlir_type} loc("{name}")'
        for name, mlir_type in (
            ("a", "i32"),
            ("b", "i32"),
            ("c", "i32"),
            ("w", "i64"),
            ("u", "ui32"),
            ("n", "i8"),
            ("p", "!emitc.ptr<i32>"),
        )
    )
    result = f"-> {results}" if results else ""
    text = c_of(
        "emitc.func private @g(i32) -> i32\n"
        "emitc.global static const @table : !emitc.array<4xi8> = dense<1>\n"
        f"emitc.func @f({arguments}) {result} {{\n{textwrap.dedent(body)}\n}}"
    )
    lines = text.split("f(int32_t a")[1].splitlines()[1:-1]
    return [line[2:] for line in lines if "(void)" not in line]


def number(name: str, value: object, mlir_type: str = "i32") -> str:
    return f'{name} = "emitc.constant"() {{value = {value} : {mlir_type}}} : () -> {mlir_type}\n'


def binary(result: str, operation: str, operands: str, mlir_type: str = "i32") -> str:
    return f"{result} = emitc.{operation} {operands} : ({mlir_type}, {mlir_type}) -> {mlir_type}\n"


def load(result: str, index: str) -> str:
    cell = f"{result}_cell"
    return (
        f"{cell} = emitc.subscript %p[{index}] : (!emitc.ptr<i32>, i32) -> !emitc.lvalue<i32>\n"
        f"{result} = emitc.load {cell} : <i32>\n"
    )
