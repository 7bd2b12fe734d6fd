"""exp, expm1 and tanh of single precision, as the generated code computes them."""

from __future__ import annotations

from fdt_mlir.emitc.arithmetic import divide
from fdt_mlir.emitc.float_bits import (
    copy_sign,
    f32,
    magnitude,
    nearest_integer,
    polynomial,
    power_of_two,
)
from fdt_mlir.emitc.statements import call, local, variable, when
from fdt_mlir.emitc.types import Range
from fdt_mlir.emitc.values import Value, cast, compare, constant, select

# log(2) in two parts: products of the first with whole numbers up to 2**9 are exact.
LN2_HIGH = 0.693145751953125
LN2_LOW = 1.4286068203094172e-06
LOG2_E = 1.4426950408889634

# Minimax in relative error on |r| <= log(2) / 2: exp(r) - 1 = r + r**2 Q(r), to 2**-26.
_EXP = (0.5, 0.16666542, 0.041666273, 0.00836672075, 0.00139473181)
# Minimax on |x| <= 0.55: tanh(x) = x + x**3 P(x**2), to 2**-29.
_TANH = (-0.333333194, 0.133326024, -0.0538538583, 0.0210777577, -0.00628247112)
_TANH_SMALL = 0.55


def exp(x: Value) -> Value:
    """exp(x) = 2**k exp(r) with |r| <= log(2) / 2.

    2**k is applied in two factors, as it may be no float itself; only the second one rounds.
    """
    # Beyond these bounds the result is 0 or infinite, and k would leave what two factors cover.
    exponent, reduced, _ = _reduce(_clamped(x, -104.0, 89.0), Range(-151, 129))
    mantissa = local("mantissa", reduced + reduced * reduced * polynomial(reduced, _EXP) + 1.0)
    half = local("half_exponent", divide(exponent, 2))
    scaled = mantissa * power_of_two(half) * power_of_two(exponent - half)
    return select(compare(x, "==", x), scaled, x)


def expm1(x: Value) -> Value:
    """exp(x) - 1 = 2**k (exp(r) - 1) + (2**k - 1), exact in its last term while that matters.

    Computed at half its size, as 2**128 is no float.
    """
    exponent, reduced, lost = _reduce(_clamped(x, -18.0, 89.0), Range(-27, 128))
    fraction = local("fraction", reduced + (reduced * reduced * polynomial(reduced, _EXP) + lost))
    scale = local("scale", power_of_two(exponent - 1))
    halved = scale * fraction + (scale - 0.5)
    nonzero = select(compare(exponent, "==", 0), fraction, halved + halved)
    return select(compare(x * x, ">", 0.0), nonzero, x)


def tanh(x: Value) -> Value:
    """tanh(x), by a polynomial near zero and by 1 - 2 / (exp(2 |x|) + 1) elsewhere."""
    size = local("size", magnitude(x))
    square = local("square", size * size)
    result = variable("result", size + size * (square * polynomial(square, _TANH)))
    with when(compare(size, ">", _TANH_SMALL)):
        doubled = call("exp_f32", [size + size], f32())
        assert doubled is not None
        result.set(1.0 - divide(constant(2.0, f32()), doubled + 1.0))
    return copy_sign(result.get(), x)


def _clamped(x: Value, low: float, high: float) -> Value:
    """Bring x into [low, high]; a NaN gives `high`, so that converting it to an integer is safe."""
    above = select(compare(x, ">", low), x, constant(low, x.type))
    return local("clamped", select(compare(x, "<", high), above, constant(high, x.type)))


def _reduce(x: Value, limits: Range) -> tuple[Value, Value, Value]:
    """Return k within `limits`, r = x - k log(2) as a float, and what that float lost."""
    exponent = local("exponent", nearest_integer(local("scaled", x * LOG2_E), limits))
    count = cast(exponent, f32())
    high = local("high", x - count * LN2_HIGH)
    low = local("low", count * LN2_LOW)
    reduced = local("reduced", high - low)
    return exponent, reduced, (high - reduced) - low
