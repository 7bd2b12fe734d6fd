"""Tables of activation functions as LiteRT makes them."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.importer.real_multiplier import single


def _logistic(value: float) -> float:
    return single(1 / single(1 + single(math.exp(-value))))


def _tanh(value: float) -> float:
    return single(math.tanh(value))


_FUNCTIONS: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {"LOGISTIC": _logistic, "TANH": _tanh}
)
TABULATED = frozenset(_FUNCTIONS)


def litert_table(
    code: str, scale: float, zero_point: int, result_scale: float, result_zero_point: int
) -> NDArray[np.int8]:
    """Return the int8 result of operator `code` for each int8 input, from -128.

    scale, zero_point: those of the input. After LiteRT's PopulateLookupTable, which computes in
    single precision and rounds half away from zero. It honours whatever quantisation the result
    has, although TFLite prescribes one.
    """
    function, inverse_scale = _FUNCTIONS[code], single(1 / result_scale)
    values: list[int] = []
    for stored in range(-128, 128):
        result = single(function(single(scale * (stored - zero_point))) * inverse_scale)
        rounded = math.copysign(math.floor(abs(result) + 0.5), result)
        values.append(min(max(int(rounded) + result_zero_point, -128), 127))
    return np.array(values, np.int8)
