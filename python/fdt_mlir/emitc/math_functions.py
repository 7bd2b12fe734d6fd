"""The mathematics of the generated code: a C function per operation, written where one is called.

Nothing of a C library is needed but memcpy. Arithmetic is in single precision throughout, as small
cores have no other, and results are the same on every target whose compiler does not contract
a * b + c (C99's default; GCC needs -std=c99 or -ffp-contract=off for it). Except where a function
says more, results are within 2 units in the last place for every float, subnormals included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.constant_arrays import WordTable
from fdt_mlir.emitc.error_function import erf
from fdt_mlir.emitc.exponential_functions import exp, expm1, tanh
from fdt_mlir.emitc.float_bits import BITS_OF_FLOAT, FLOAT_OF_BITS, copy_sign, f32, word
from fdt_mlir.emitc.logarithm_functions import log, log1p
from fdt_mlir.emitc.remainder_function import fmod
from fdt_mlir.emitc.root_functions import rsqrt, sqrt
from fdt_mlir.emitc.rounding_functions import ceil, floor, round_away, round_even, trunc
from fdt_mlir.emitc.statements import variable
from fdt_mlir.emitc.trigonometric_functions import (
    QUARTER_TURNS,
    SINE_OF_QUARTER_TURNS,
    TWO_OVER_PI,
    cos,
    double_word,
    quarter_turns,
    sin,
    sine_of_quarter_turns,
)
from fdt_mlir.emitc.types import lvalue_of, pointer_to
from fdt_mlir.emitc.values import Value, computed, create

TypeOf = Callable[[], ir.Type]


@dataclass(frozen=True)
class MathFunction:
    """A C function: names of its parameters, its types (made inside a context) and its body.

    `table` is a constant that it reads.
    """

    body: Callable[..., Value]
    parameters: tuple[str, ...] = ("x",)
    parameter_type: TypeOf = f32
    result_type: TypeOf = f32
    table: WordTable | None = None


def _bits_of_float(x: Value) -> Value:
    return _copy_bits(x, word())


def _float_of_bits(bits: Value) -> Value:
    return _copy_bits(bits, f32())


def _copy_bits(value: Value, result_type: ir.Type) -> Value:
    """`value`'s bytes as another type; memcpy is how C99 says so, and compilers make it a move."""
    source = variable("value", value)
    opaque = ir.Attribute.parse('#emitc.opaque<"">')
    with ir.Location.name("result"):
        target = create("variable", [lvalue_of(result_type)], attributes={"value": opaque})
    places = [(target.results[0], result_type), (source.place, value.type)]
    addresses = [
        create("address_of", [pointer_to(held)], [place]).results[0] for place, held in places
    ]
    size = {"value": ir.StringAttr.get("sizeof(float)")}
    size_bytes = create("literal", [ir.Type.parse("!emitc.size_t")], attributes=size).results[0]
    memcpy = {"callee": ir.StringAttr.get("memcpy")}
    create("call_opaque", operands=[*addresses, size_bytes], attributes=memcpy)
    return computed(create("load", [result_type], [target.results[0]]).results[0])


# Each calls only functions that stand before it.
MATH_FUNCTIONS: Mapping[str, MathFunction] = {
    BITS_OF_FLOAT: MathFunction(_bits_of_float, result_type=word),
    FLOAT_OF_BITS: MathFunction(_float_of_bits, ("bits",), parameter_type=word),
    "ceil_f32": MathFunction(ceil),
    "copysign_f32": MathFunction(copy_sign, ("x", "sign")),
    QUARTER_TURNS: MathFunction(quarter_turns, result_type=double_word, table=TWO_OVER_PI),
    SINE_OF_QUARTER_TURNS: MathFunction(
        sine_of_quarter_turns, ("turns",), parameter_type=double_word
    ),
    "cos_f32": MathFunction(cos),
    "exp_f32": MathFunction(exp),
    "erf_f32": MathFunction(erf),
    "expm1_f32": MathFunction(expm1),
    "floor_f32": MathFunction(floor),
    "fmod_f32": MathFunction(fmod, ("x", "y")),
    "log_f32": MathFunction(log),
    "log1p_f32": MathFunction(log1p),
    "round_f32": MathFunction(round_away),
    "roundeven_f32": MathFunction(round_even),
    "sin_f32": MathFunction(sin),
    "sqrt_f32": MathFunction(sqrt),
    "rsqrt_f32": MathFunction(rsqrt),
    "tanh_f32": MathFunction(tanh),
    "trunc_f32": MathFunction(trunc),
}
