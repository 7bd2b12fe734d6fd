"""Layers with state that outlives an inference. Here each sample begins with the state reset."""

import tflite

from models.graph import ACTIVATIONS
from models.operators.case import FLOAT, Case, Operand, act, bias, const, weights

_FILTERS, _MEMORY, _RANK, _DEPTH = 8, 4, 2, 5
_UNITS = 6
_ABSENT = Operand("absent", ())
_RELU = ACTIVATIONS["RELU"]


def _state(count: int, dtype: str | None = None) -> Operand:
    return Operand("state", (1, count), -4, 4, dtype)


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
    Case(
        "svdf_bytes",
        "SVDF",
        [
            act((1, _DEPTH)),
            weights((_FILTERS, _DEPTH), None),
            Operand("constant", (_FILTERS, _MEMORY), dtype="int16"),
            bias(_FILTERS // _RANK),
            _state(_FILTERS * _MEMORY, "int16"),
        ],
        [(1, _FILTERS // _RANK)],
        {"Rank": _RANK, "FusedActivationFunction": _RELU},
        ("int8",),
        {"int8": (0.012, -128)},
    ),
    Case(
        "lstm",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        [
            act((1, 3, _DEPTH), -2, 2),
            *(weights((_UNITS, _DEPTH)) for _ in range(4)),
            *(weights((_UNITS, _UNITS)) for _ in range(4)),
            *([_ABSENT] * 3),
            *(bias(_UNITS) for _ in range(4)),
            *([_ABSENT] * 2),
            _state(_UNITS),
            _state(_UNITS),
        ],
        [(1, 3, _UNITS)],
        {
            "FusedActivationFunction": tflite.ActivationFunctionType.TANH,
            "CellClip": 0.0,
            "ProjClip": 0.0,
            "TimeMajor": False,
        },
        FLOAT,
    ),
)
