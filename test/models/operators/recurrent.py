"""Layers with state that outlives an inference. Here each sample begins with the state reset."""

import tflite

from models.graph import ACTIVATIONS
from models.operators.case import (
    FLOAT,
    Case,
    Element,
    Operand,
    act,
    bias,
    const,
    quantization,
    weights,
)

_FILTERS, _MEMORY, _RANK, _DEPTH = 8, 4, 2, 5
_UNITS = 6
_ABSENT = Operand("absent", ())
_RELU = ACTIVATIONS["RELU"]


_OUTPUT_RANGE = (-0.9, 0.7)
_OUTPUT = quantization("int8", *_OUTPUT_RANGE)
assert _OUTPUT is not None


def _state(count: int, dtype: str | None = None, limit: float = 4.0) -> Operand:
    return Operand("state", (1, count), -limit, limit, dtype)


def _svdf(name: str, state: str, limit: float, **fields) -> Case:
    return Case(
        name,
        "SVDF",
        [
            act((1, _DEPTH)),
            weights((_FILTERS, _DEPTH), None),
            Operand("constant", (_FILTERS, _MEMORY), dtype=state),
            bias(_FILTERS // _RANK),
            _state(_FILTERS * _MEMORY, state, limit),
        ],
        [(1, _FILTERS // _RANK)],
        {"Rank": _RANK, "FusedActivationFunction": _RELU},
        ("int8",),
        {"int8": (0.012, -128)},
        **fields,
    )


def _lstm(
    name: str, elements: tuple[Element, ...], time_major: bool = False, cell_bits: int = 4
) -> Case:
    """As Keras and TFLite's converter make it: three steps, weights of one scale each.

    cell_bits: integer bits of a quantised cell.
    """
    is_float = elements == FLOAT
    steps = (3, 1, _DEPTH) if time_major else (1, 3, _DEPTH)
    shape = (3, 1, _UNITS) if time_major else (1, 3, _UNITS)
    axis = 0 if is_float else None
    cell_range = 32767 / 2 ** (15 - cell_bits)  # for a scale that is a power of two
    return Case(
        name,
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [
            act(steps, -2, 2),
            *(weights((_UNITS, _DEPTH), axis) for _ in range(4)),
            *(weights((_UNITS, _UNITS), axis) for _ in range(4)),
            *([_ABSENT] * 3),
            *(bias(_UNITS) for _ in range(4)),
            *([_ABSENT] * 2),
            Operand("state", (1, _UNITS), *_OUTPUT_RANGE),
            Operand("state", (1, _UNITS), -cell_range, cell_range, None if is_float else "int16"),
        ],
        [shape],
        {
            "FusedActivationFunction": tflite.ActivationFunctionType.TANH,
            "CellClip": 0.0,
            "ProjClip": 0.0,
            "TimeMajor": time_major,
        },
        elements,
        {"int8": (_OUTPUT.scale[0], _OUTPUT.zero_point[0])},
        intermediates=()
        if is_float
        else (
            *(("int16", 2.0**-12, 0) for _ in range(4)),
            ("int8", _OUTPUT.scale[0], _OUTPUT.zero_point[0]),
        ),
    )


CASES = (
    Case(
        "svdf",
        "SVDF",
        [
            act((1, _DEPTH)),
            const((_FILTERS, _DEPTH)),
            const((_FILTERS, _MEMORY)),
            const((_FILTERS // _RANK,)),
            _state(_FILTERS * _MEMORY),
        ],
        [(1, _FILTERS // _RANK)],
        {"Rank": _RANK, "FusedActivationFunction": _RELU},
        FLOAT,
    ),
    _svdf("svdf_bytes", "int16", 4.0),
    # The scale of the state times that of its weights is that of the bias.
    _svdf("svdf_state_of_bytes", "int8", 127.5 / 127, reference="micro"),
    _lstm("lstm", FLOAT),
    _lstm("lstm_time_major", FLOAT, time_major=True),
    _lstm("lstm_bytes", ("int8",)),
    _lstm("lstm_bytes_time_major", ("int8",), time_major=True),
    _lstm("lstm_bytes_wide_cell", ("int8",), cell_bits=6),
    _lstm("lstm_bytes_narrow_cell", ("int8",), cell_bits=0),
)
