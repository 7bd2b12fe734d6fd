"""Operators that compute each element by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.encoded import real
from fdt_mlir.importer.onnx.scalars import (
    BOOL,
    Scalar,
    absolute,
    clip,
    convert,
    floored_remainder,
    function,
    literal,
    maximum,
    minimum,
    negate,
    select,
)
from fdt_mlir.importer.onnx.tensor import Tensor, constant

Unary = Callable[[Scalar], Scalar]
Binary = Callable[[Scalar, Scalar], Scalar]


def unary(body: Unary) -> Callable[[Call], Tensor]:
    """An operator of one tensor."""

    def translate(call: Call) -> Tensor:
        source = real(call.tensor())
        return elementwise((source,), source.dtype, body)

    return translate


def parametrised(body: Callable[[Call], Unary]) -> Translation:
    """An operator of one tensor whose formula depends on attributes."""
    return lambda call: unary(body(call))(call)


def nary(body: Binary) -> Callable[[Call], Tensor]:
    """An operator of two tensors, or of any number from left to right."""

    def translate(call: Call) -> Tensor:
        tensors = [real(call.tensor(index)) for index in range(len(call.inputs))]
        result = tensors[0]
        for tensor in tensors[1:]:
            result = elementwise((result, tensor), result.dtype, body)
        return result

    return translate


def comparison(predicate: str) -> Translation:
    """An operator that compares two tensors."""

    def translate(call: Call) -> Tensor:
        tensors = (real(call.tensor(0)), real(call.tensor(1)))
        return elementwise(tensors, BOOL, lambda left, right: left.compare(predicate, right))

    return translate


def sigmoid(value: Scalar) -> Scalar:
    """1 / (1 + exp(-x))."""
    one = literal(1.0, value.dtype)
    return one / (function("exp", negate(value)) + 1.0)


def _hard_sigmoid(call: Call) -> Unary:
    alpha, beta = call.number("alpha", 0.2), call.number("beta", 0.5)
    return lambda value: clip(value * alpha + beta, 0.0, 1.0)


def _hard_swish(value: Scalar) -> Scalar:
    return value * clip(value * (1 / 6) + 0.5, 0.0, 1.0)


def _gelu(call: Call) -> Unary:
    if call.text("approximate", "none") == "tanh":
        factor = math.sqrt(2 / math.pi)

        def approximated(value: Scalar) -> Scalar:
            inner = (value + value * value * value * 0.044715) * factor
            return value * 0.5 * (function("tanh", inner) + 1.0)

        return approximated
    return lambda value: value * 0.5 * (function("erf", value * math.sqrt(0.5)) + 1.0)


def _leaky_relu(call: Call) -> Unary:
    alpha = call.number("alpha", 0.01)
    return lambda value: select(value.compare(">=", 0.0), value, value * alpha)


def _elu(call: Call) -> Unary:
    alpha = call.number("alpha", 1.0)
    return lambda value: select(value.compare(">=", 0.0), value, function("expm1", value) * alpha)


def _selu(call: Call) -> Unary:
    alpha, gamma = call.number("alpha", 1.6732632), call.number("gamma", 1.0507010)
    return lambda value: select(
        value.compare(">", 0.0), value * gamma, function("expm1", value) * (alpha * gamma)
    )


def _celu(call: Call) -> Unary:
    alpha = call.number("alpha", 1.0)
    return lambda value: (
        maximum(value, 0.0) + minimum(function("expm1", value / alpha) * alpha, 0.0)
    )


def _thresholded_relu(call: Call) -> Unary:
    alpha = call.number("alpha", 1.0)
    return lambda value: select(value.compare(">", alpha), value, 0.0)


def _softplus(value: Scalar) -> Scalar:
    # log(1 + exp(x)) without the overflow of exp.
    return maximum(value, 0.0) + function("log1p", function("exp", negate(absolute(value))))


def _softsign(value: Scalar) -> Scalar:
    return value / (absolute(value) + 1.0)


def _reciprocal(value: Scalar) -> Scalar:
    return literal(1.0, value.dtype) / value


def _sign(value: Scalar) -> Scalar:
    one, zero = literal(1, value.dtype), literal(0, value.dtype)
    negative = select(value.compare("<", 0), negate(one), zero)
    return select(value.compare(">", 0), one, negative)


def _select_prelu(value: Scalar, slope: Scalar) -> Scalar:
    return select(value.compare("<", 0), value * slope, value)


def _relu(call: Call) -> Tensor:
    source = call.tensor()
    quantisation = source.quantisation
    if quantisation is not None and source.table is None:
        zero = constant(quantisation.zero_point.astype(source.dtype))
        stored = replace(source, quantisation=None)
        result = elementwise((stored, zero), source.dtype, maximum)
        return replace(result, quantisation=quantisation)
    return unary(lambda value: maximum(value, 0))(call)


def _clip(call: Call) -> Tensor:
    source = call.tensor()
    bounds = [call.tensor(index) if call.has(index) else None for index in (1, 2)]
    quantisation = source.quantisation
    is_known = all(bound is None or bound.is_constant for bound in bounds)
    if quantisation is not None and source.table is None and is_known:
        bounds = [
            None
            if bound is None or bound.data is None
            else constant(quantisation.stored(bound.data, source.dtype))
            for bound in bounds
        ]
    else:
        source = real(source)
    result = replace(source, quantisation=None)
    for bound, nearest in zip(bounds, (maximum, minimum), strict=True):
        if bound is not None:
            result = elementwise((result, bound), source.dtype, nearest)
    return replace(result, quantisation=source.quantisation)


def _where(call: Call) -> Tensor:
    condition, yes, no = call.tensor(0), real(call.tensor(1)), real(call.tensor(2))
    return elementwise((condition, yes, no), yes.dtype, select)


def _power(call: Call) -> Tensor:
    base = real(call.tensor(0))
    exponent = call.constant(1, "the exponent")
    if exponent.size != 1 or base.dtype.kind != "f":
        raise call.error(
            f"powers of {base.dtype} by a tensor of {exponent.size} exponents are not supported",
            "use a single constant exponent, and floats",
        )
    number = float(exponent.item())
    if number in (0.5, -0.5):
        name = "sqrt" if number > 0 else "rsqrt"
        return elementwise((base,), base.dtype, lambda value: function(name, value))
    if number == 0.0:
        return elementwise((base,), base.dtype, lambda value: literal(1.0, value.dtype))
    if number == int(number) and abs(number) <= 8:
        power = literal_power(number)
        return elementwise((base,), base.dtype, power)
    raise call.error(
        f"the exponent {number:g} is not supported",
        "whole exponents from -8 to 8, 0.5 and -0.5 are",
    )


def literal_power(number: float) -> Unary:
    """x**number for whole numbers."""
    return lambda value: function("powf", value, literal(number, value.dtype))


def _mean(call: Call) -> Tensor:
    total = nary(lambda left, right: left + right)(call)
    count = len(call.inputs)
    return elementwise((total,), total.dtype, lambda value: value * (1 / count))


def _cast(call: Call) -> Tensor:
    from onnx import helper

    source = real(call.tensor())
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(call.integer("to")))
    if dtype.kind not in "fiub" or dtype.name in ("float16", "bfloat16"):
        raise call.error(f"no numbers of type {dtype} are supported", "use float32 or integers")
    return elementwise((source,), dtype, lambda value: convert(value, dtype))


def _modulo(call: Call) -> Tensor:
    left, right = real(call.tensor(0)), real(call.tensor(1))
    if call.integer("fmod") or left.dtype.kind == "u":
        return elementwise((left, right), left.dtype, lambda a, b: a % b)
    if left.dtype.kind != "f":
        return elementwise((left, right), left.dtype, floored_remainder)

    def signed(a: Scalar, b: Scalar) -> Scalar:
        return function("copysign", floored_remainder(a, b), b)  # zeros too

    return elementwise((left, right), left.dtype, signed)


def _inverted(value: Scalar) -> Scalar:
    return value ^ 1 if value.dtype.kind == "b" else value ^ -1


def _is_nan(call: Call) -> Tensor:
    return elementwise((real(call.tensor()),), BOOL, lambda value: value.compare("!=", value))


def _function(name: str) -> Translation:
    return unary(lambda value: function(name, value))


ELEMENTWISE: Mapping[str, Translation] = MappingProxyType(
    {
        "Abs": unary(absolute),
        "And": nary(lambda left, right: left & right),
        "BitwiseAnd": nary(lambda left, right: left & right),
        "BitwiseNot": unary(_inverted),
        "BitwiseOr": nary(lambda left, right: left | right),
        "BitwiseXor": nary(lambda left, right: left ^ right),
        "Cast": _cast,
        "Ceil": _function("ceil"),
        "Celu": parametrised(_celu),
        "Clip": _clip,
        "Cos": _function("cos"),
        "Div": nary(lambda left, right: left / right),
        "Elu": parametrised(_elu),
        "Equal": comparison("=="),
        "Erf": _function("erf"),
        "Exp": _function("exp"),
        "Floor": _function("floor"),
        "Gelu": parametrised(_gelu),
        "Greater": comparison(">"),
        "GreaterOrEqual": comparison(">="),
        "HardSigmoid": parametrised(_hard_sigmoid),
        "HardSwish": unary(_hard_swish),
        "IsNaN": _is_nan,
        "LeakyRelu": parametrised(_leaky_relu),
        "Less": comparison("<"),
        "LessOrEqual": comparison("<="),
        "Log": _function("log"),
        "Max": nary(maximum),
        "Mean": _mean,
        "Min": nary(minimum),
        "Mod": _modulo,
        "Neg": unary(negate),
        "Not": unary(_inverted),
        "Or": nary(lambda left, right: left | right),
        "PRelu": nary(_select_prelu),
        "Pow": _power,
        "Reciprocal": unary(_reciprocal),
        "Relu": _relu,
        "Round": _function("roundeven"),
        "Selu": parametrised(_selu),
        "Sigmoid": unary(sigmoid),
        "Sign": unary(_sign),
        "Sin": _function("sin"),
        "Softplus": unary(_softplus),
        "Softsign": unary(_softsign),
        "Sqrt": _function("sqrt"),
        "Sum": nary(lambda left, right: left + right),
        "Tanh": _function("tanh"),
        "ThresholdedRelu": parametrised(_thresholded_relu),
        "Where": _where,
        "Xor": nary(lambda left, right: left ^ right),
    }
)
