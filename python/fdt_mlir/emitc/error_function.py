"""The error function of single precision, as the generated code computes it."""

from __future__ import annotations

from fdt_mlir.emitc.float_bits import copy_sign, f32, magnitude, polynomial
from fdt_mlir.emitc.statements import call, local, variable, when
from fdt_mlir.emitc.values import Value, compare, constant, select

# Minimax in relative error on |x| <= 0.92: erf(x) = x + x P(x**2), to 2**-31.
_ERF = (
    0.128379166,
    -0.376126349,
    0.112837031,
    -0.0268597994,
    0.00520196045,
    -0.000815263018,
    8.40992943e-05,
)
_ERF_SMALL = 0.92
# Minimax of -log(1 - erf(x)) on [0.92, 3.95], to 2**-29 in 1 - erf(x).
_LOG_ERFC = (
    0.000207028497,
    1.12762725,
    0.637265921,
    0.103856221,
    -0.0221896954,
    0.0030336699,
    -0.000194944252,
)
_ERF_ONE = 3.95  # from here on erf(x) rounds to 1


def erf(x: Value) -> Value:
    """erf(x), by a polynomial near zero and by 1 - exp(-g(|x|)) elsewhere."""
    size = local("size", magnitude(x))
    result = variable("result", size + size * polynomial(size * size, _ERF))
    with when(compare(size, ">", _ERF_SMALL)):
        bounded = local(
            "bounded", select(compare(size, "<", _ERF_ONE), size, constant(_ERF_ONE, f32()))
        )
        complement = call("exp_f32", [0.0 - polynomial(bounded, _LOG_ERFC)], f32())
        assert complement is not None
        result.set(1.0 - complement)
    return copy_sign(result.get(), x)
