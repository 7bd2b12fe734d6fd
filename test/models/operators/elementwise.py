"""Arithmetic, comparisons, logic and conversions, with broadcasting."""

import tflite

from models.graph import ACTIVATIONS
from models.operators.case import EVERY, FLOAT, INTEGER, Case, Element, act, const

_SHAPE = (1, 5, 4, 3)
_CHANNELS = (1, 1, 1, 3)
_RELU = {"FusedActivationFunction": ACTIVATIONS["RELU"]}
_GENERAL = {"PotScaleInt16": False}
_ALL: tuple[Element, ...] = (*EVERY, "int32")
_INT8_AND_FLOAT: tuple[Element, ...] = ("int8", "float32")


def _binary(code: str, elements: tuple[Element, ...], options=None, **fields) -> tuple[Case, ...]:
    """An operator of two tensors: of equal shape, and with broadcasting both ways."""
    low, high = (-40, 60) if elements == INTEGER else (-1.0, 0.7)
    name = code.lower() + ("_int32" if elements == INTEGER else "")
    pairs = {
        name: ([act(_SHAPE, low, high), act(_SHAPE, 2 * low, high)], _SHAPE),
        f"{name}_broadcast": ([act(_CHANNELS, low, high), act(_SHAPE, low, high)], _SHAPE),
    }
    return tuple(
        Case(title, code, operands, [shape], options or {}, elements, **fields)
        for title, (operands, shape) in pairs.items()
    )


def _arithmetic(code: str, options=None) -> tuple[Case, ...]:
    fused = Case(
        f"{code.lower()}_relu",
        code,
        [act(_SHAPE), act(_SHAPE, -1.2, 1)],
        [_SHAPE],
        {**(options or {}), **_RELU},
    )
    constant = Case(
        f"{code.lower()}_constant", code, [act(_SHAPE), const((3,))], [_SHAPE], options or {}
    )
    return (*_binary(code, EVERY, options), *_binary(code, INTEGER, options), fused, constant)


def _comparison(code: str) -> tuple[Case, ...]:
    # Of integers of a narrow range, for enough of them to be equal.
    return (
        *_binary(code, _INT8_AND_FLOAT, result="bool", few_values=True),
        Case(
            f"{code.lower()}_int32",
            code,
            [act(_SHAPE, -2, 2), act(_CHANNELS, -2, 2)],
            [_SHAPE],
            elements=INTEGER,
            result="bool",
            few_values=True,
        ),
    )


def _logic(code: str, operands: int) -> Case:
    inputs = [act(_SHAPE, dtype="bool") for _ in range(operands)]
    return Case(code.lower(), code, inputs, [_SHAPE], elements=("bool",), few_values=True)


def _cast(source: str, result: Element, low: float, high: float) -> Case:
    codes = {
        "float32": tflite.TensorType.FLOAT32,
        "int32": tflite.TensorType.INT32,
        "int8": tflite.TensorType.INT8,
        "bool": tflite.TensorType.BOOL,
    }
    return Case(
        f"cast_{source}_{result}",
        "CAST",
        [act(_SHAPE, low, high, dtype=source)],
        [_SHAPE],
        {"InDataType": codes[source], "OutDataType": codes[result]},
        (result,),
        few_values="bool" in (source, result),
    )


_DIVISOR = act(_SHAPE, 0.2, 2.0)

CASES = (
    *_arithmetic("ADD", _GENERAL),
    *_arithmetic("SUB", _GENERAL),
    *_arithmetic("MUL"),
    Case("div", "DIV", [act(_SHAPE), _DIVISOR], [_SHAPE], elements=FLOAT),
    Case(
        "div_int32",
        "DIV",
        [act(_SHAPE, -900, 900), act(_SHAPE, 1, 9)],
        [_SHAPE],
        elements=INTEGER,
    ),
    Case("floor_div", "FLOOR_DIV", [act(_SHAPE, -9, 9), _DIVISOR], [_SHAPE], elements=FLOAT),
    Case(
        "floor_div_int32",
        "FLOOR_DIV",
        [act(_SHAPE, -900, 900), act(_SHAPE, 1, 9)],
        [_SHAPE],
        elements=INTEGER,
    ),
    Case(
        "floor_mod",
        "FLOOR_MOD",
        [act(_SHAPE, -9, 9), act(_SHAPE, -2.0, 2.0)],
        [_SHAPE],
        elements=FLOAT,
    ),
    Case(
        "floor_mod_int32",
        "FLOOR_MOD",
        [act(_SHAPE, -900, 900), act(_SHAPE, 1, 99)],
        [_SHAPE],
        elements=INTEGER,
    ),
    *_binary("SQUARED_DIFFERENCE", _INT8_AND_FLOAT),
    *_binary("SQUARED_DIFFERENCE", INTEGER),
    *_binary("MAXIMUM", FLOAT),
    *_binary("MAXIMUM", INTEGER),
    *_binary("MINIMUM", FLOAT),
    *_binary("MINIMUM", INTEGER),
    Case("maximum_same", "MAXIMUM", [act(_SHAPE), act(_SHAPE)], [_SHAPE], scale="input"),
    Case("minimum_same", "MINIMUM", [act(_SHAPE), act(_SHAPE)], [_SHAPE], scale="input"),
    Case("add_n", "ADD_N", [act(_SHAPE) for _ in range(3)], [_SHAPE], elements=FLOAT),
    Case(
        "add_n_int32", "ADD_N", [act(_SHAPE, -9, 9) for _ in range(3)], [_SHAPE], elements=INTEGER
    ),
    *_comparison("EQUAL"),
    *_comparison("NOT_EQUAL"),
    *_comparison("GREATER"),
    *_comparison("GREATER_EQUAL"),
    *_comparison("LESS"),
    *_comparison("LESS_EQUAL"),
    _logic("LOGICAL_AND", 2),
    _logic("LOGICAL_OR", 2),
    _logic("LOGICAL_NOT", 1),
    Case(
        "select_v2",
        "SELECT_V2",
        [act(_SHAPE, dtype="bool"), act(_SHAPE, -99, 99), act(_SHAPE, -99, 99)],
        [_SHAPE],
        elements=_ALL,
        scale="input",
    ),
    Case(
        "select_v2_broadcast",
        "SELECT_V2",
        [act(_SHAPE, dtype="bool"), act(_CHANNELS, -99, 99), act(_SHAPE, -99, 99)],
        [_SHAPE],
        elements=_ALL,
        scale="input",
    ),
    _cast("int32", "float32", -900, 900),
    _cast("float32", "int32", -900, 900),
    _cast("bool", "float32", 0, 1),
    _cast("int8", "int32", -128, 127),
    _cast("int8", "float32", -128, 127),
    _cast("float32", "bool", -1, 1),
    Case(
        "quantize",
        "QUANTIZE",
        [act(_SHAPE, dtype="float32")],
        [_SHAPE],
        elements=("int8", "int16"),
        scale={"int8": (0.008, 11), "int16": (0.00003, 0)},
    ),
    Case(
        "requantize",
        "QUANTIZE",
        [act(_SHAPE, -1, 1)],
        [_SHAPE],
        elements=("int8", "int16"),
        scale={"int8": (0.011, -7), "int16": (0.00005, 0)},
    ),
    Case(
        "requantize_int8_to_int16",
        "QUANTIZE",
        [act(_SHAPE, -1, 1, dtype="int8")],
        [_SHAPE],
        elements=("int16",),
        scale={"int16": (0.00005, 0)},
    ),
    Case(
        "requantize_int16_to_int8",
        "QUANTIZE",
        [act(_SHAPE, -1, 1, dtype="int16")],
        [_SHAPE],
        elements=("int8",),
        scale={"int8": (0.011, -7)},
    ),
    Case(
        "dequantize",
        "DEQUANTIZE",
        [act(_SHAPE)],
        [_SHAPE],
        elements=("int8", "int16"),
        scale="input",
        result="float32",
    ),
)
