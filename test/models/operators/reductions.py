"""Reductions over axes, and places of extremes."""

import tflite

from models.operators.case import EVERY, FLOAT, INTEGER, QUANTISED, Case, Element, act, ints, table

_SHAPE = (1, 6, 4, 3)
_INT8_AND_FLOAT: tuple[Element, ...] = ("int8", "float32")


def _reduce(
    name: str, axes: tuple[int, ...], shape, keep=False, elements=EVERY, code=None, **fields
) -> Case:
    low, high = (-30, 40) if elements == INTEGER else (-1.0, 2.0)
    return Case(
        name,
        code or name.upper(),
        [act(_SHAPE, low, high), ints(*axes)],
        [shape],
        {"KeepDims": keep},
        elements,
        **fields,
    )


def _extreme(code: str) -> Case:
    return Case(
        code.lower(),
        code,
        [act((3, 11), -5, 5), table(1)],
        [(3,)],
        {"OutputType": tflite.TensorType.INT32},
        (*_INT8_AND_FLOAT, "int32"),
        result="int32",
        few_values=True,
    )


CASES = (
    _reduce("mean", (1, 2), (1, 3)),
    _reduce("mean_keep", (1, 2), (1, 1, 1, 3), True, code="MEAN"),
    _reduce("mean_rows", (1,), (1, 4, 3), code="MEAN"),
    _reduce("mean_same_scale", (1, 2), (1, 3), code="MEAN", scale="input"),
    _reduce("mean_channels", (3,), (1, 6, 4), code="MEAN"),
    _reduce("sum", (1, 2), (1, 3), elements=FLOAT),
    _reduce("sum_channels", (-1,), (1, 6, 4, 1), True, FLOAT, "SUM"),
    # LiteRT's reference adds bytes in bytes, which overflow.
    _reduce("sum_quantised", (1, 2), (1, 3), False, QUANTISED, "SUM", reference="micro"),
    _reduce("sum_quantised_channels", (3,), (1, 6, 4), False, QUANTISED, "SUM", reference="micro"),
    _reduce("sum_int32", (2,), (1, 6, 3), False, INTEGER, "SUM"),
    _reduce("reduce_max", (1, 2), (1, 3), scale="input", few_values=True),
    _reduce("reduce_max_channels", (3,), (1, 6, 4), code="REDUCE_MAX", scale="input"),
    _reduce("reduce_max_int32", (2,), (1, 6, 3), False, INTEGER, "REDUCE_MAX"),
    _reduce("reduce_min", (1, 2), (1, 3), scale="input", few_values=True),
    _reduce("reduce_min_channels", (3,), (1, 6, 4), code="REDUCE_MIN", scale="input"),
    _reduce("reduce_prod", (3,), (1, 6, 4), False, FLOAT, "REDUCE_PROD"),
    _extreme("ARG_MAX"),
    _extreme("ARG_MIN"),
    Case(
        "cumsum",
        "CUMSUM",
        [act((2, 5, 3), -30, 30), table(1)],
        [(2, 5, 3)],
        {"Exclusive": False, "Reverse": False},
        elements=("float32", "int32"),
    ),
    Case(
        "cumsum_exclusive_reverse",
        "CUMSUM",
        [act((2, 5, 3), -30, 30), table(1)],
        [(2, 5, 3)],
        {"Exclusive": True, "Reverse": True},
        elements=("float32", "int32"),
    ),
)
