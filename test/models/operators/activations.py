"""Functions of one tensor: activations, softmax, and the elementary functions."""

from models.operators.case import (
    EVERY,
    FLOAT,
    INTEGER,
    SIGNED_UNIT,
    UNIT,
    Case,
    Element,
    act,
    const,
)

_SHAPE = (1, 5, 4, 3)
_ROW = (2, 11)
_LOG_UNIT = {"int8": (16 / 256, 127)}
_INT8_AND_FLOAT: tuple[Element, ...] = ("int8", "float32")


def _unary(
    name: str,
    low: float,
    high: float,
    elements: tuple[Element, ...] = FLOAT,
    code: str | None = None,
    **fields,
) -> Case:
    return Case(
        name, code or name.upper(), [act(_SHAPE, low, high)], [_SHAPE], elements=elements, **fields
    )


CASES = (
    _unary("relu", -1, 1, EVERY),
    _unary("relu6", -4, 9, EVERY),
    _unary("relu_n1_to_1", -2, 2, _INT8_AND_FLOAT),
    Case(
        "prelu",
        "PRELU",
        [act(_SHAPE), const((1, 1, 3), 0.05, 0.6)],
        [_SHAPE],
        elements=_INT8_AND_FLOAT,
    ),
    _unary("leaky_relu", -1, 1, EVERY, options={"Alpha": 0.3}),
    _unary("hard_swish", -5, 4, _INT8_AND_FLOAT),
    _unary("logistic", -6, 6, EVERY, scale=UNIT),
    _unary("logistic_wide", -12, 9, EVERY, "LOGISTIC", scale=UNIT),
    _unary("tanh", -3, 3, EVERY, scale=SIGNED_UNIT),
    _unary("tanh_wide", -5, 7, EVERY, "TANH", scale=SIGNED_UNIT),
    _unary("gelu", -2.5, 3, _INT8_AND_FLOAT, options={"Approximate": False}),
    _unary("gelu_approximate", -4, 3, _INT8_AND_FLOAT, "GELU", options={"Approximate": True}),
    _unary(
        "elu",
        -4,
        3,
        _INT8_AND_FLOAT,
        reference="micro",
    ),
    Case("softmax", "SOFTMAX", [act(_ROW, -4, 4)], [_ROW], {"Beta": 1.0}, scale=UNIT),
    Case(
        "softmax_beta",
        "SOFTMAX",
        [act(_SHAPE, -4, 4)],
        [_SHAPE],
        {"Beta": 0.7},
        scale=UNIT,
    ),
    Case("softmax_steep", "SOFTMAX", [act((8, 9), -3, 1)], [(8, 9)], {"Beta": 2.5}, scale=UNIT),
    # Sums with all the bits they can have, and results next to nothing.
    Case(
        "softmax_long",
        "SOFTMAX",
        [act((2, 400), -1, 1)],
        [(2, 400)],
        {"Beta": 1.0},
        scale=UNIT,
        few_values=True,
    ),
    Case(
        "log_softmax",
        "LOG_SOFTMAX",
        [act(_ROW, -4, 4)],
        [_ROW],
        elements=_INT8_AND_FLOAT,
        scale=_LOG_UNIT,
    ),
    # Logarithms of sums with all their bits, and results beyond the least.
    Case(
        "log_softmax_long",
        "LOG_SOFTMAX",
        [act((5, 400), -20, 9)],
        [(5, 400)],
        elements=_INT8_AND_FLOAT,
        scale=_LOG_UNIT,
        few_values=True,
    ),
    Case(
        "log_softmax_flat",
        "LOG_SOFTMAX",
        [act((9, 7), -0.4, 0.3)],
        [(9, 7)],
        elements=_INT8_AND_FLOAT,
        scale=_LOG_UNIT,
        few_values=True,
    ),
    Case(
        "l2_normalization",
        "L2_NORMALIZATION",
        [act(_ROW)],
        [_ROW],
        elements=_INT8_AND_FLOAT,
        scale=SIGNED_UNIT,
    ),
    Case(
        "l2_normalization_long",
        "L2_NORMALIZATION",
        [act((2, 3, 4, 100), -0.2, 1.5)],
        [(2, 3, 4, 100)],
        elements=_INT8_AND_FLOAT,
        scale=SIGNED_UNIT,
    ),
    _unary("abs", -1, 0.7, EVERY),
    _unary("neg", -1, 0.7),
    _unary("neg_int32", -90, 90, INTEGER, "NEG"),
    _unary("square", -2, 3),
    _unary("sqrt", 0.01, 9),
    _unary("rsqrt", 0.05, 9, EVERY),
    _unary("exp", -3, 2, EVERY),
    _unary("log", 0.05, 9, EVERY),
    _unary("sin", -7, 7),
    _unary("cos", -7, 7),
    _unary("ceil", -9, 9, reference="micro"),
    _unary("floor", -9, 9),
    _unary("round", -9, 9, reference="micro"),
    _unary("zeros_like", -9, 9, few_values=True),
)
