"""Constants as C spells them: single values and initialisers of arrays."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fdt_mlir.emitc.c_types import CType

LINE_COLUMNS = 100
_ARRAY_INDENT = " " * 4


def bare_integer(value: int) -> str:
    """Spell an integer whose type does not matter, as in a shift count or a subscript."""
    if value == -(2**63):
        return "INT64_MIN"
    if value == -(2**31):
        return "INT32_MIN"
    return f"{value}u" if value >= 2**63 else str(value)


def integer(value: int, c_type: CType) -> str:
    """Spell an integer so that its type is `c_type` after promotion, size_t excepted."""
    if c_type.base == "bool":
        return "true" if value else "false"
    if not c_type.is_integer or c_type.is_promoted:
        return bare_integer(value)
    if c_type.bits == 32:
        return bare_integer(value) if c_type.is_signed else f"{value}u"
    if not c_type.is_signed:
        return f"UINT64_C({value})"
    if value == -(2**63):
        return "INT64_MIN"
    return f"-INT64_C({-value})" if value < 0 else f"INT64_C({value})"


def floating(value: float, c_type: CType) -> str:
    """Spell a float by the shortest decimal that reads back as the same bits.

    Infinities and NaNs need <math.h>; the payload of a NaN is lost.
    """
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    if c_type.base == "float":
        return f"{np.float32(value)!s}f"
    return repr(float(value))


def array_initialiser(values: npt.NDArray[Any], prefix_columns: int) -> str:
    """Spell the braced initialiser of an array, nested as its shape, rows wrapped.

    `prefix_columns` is the width of what stands before it on its first line.
    """
    flat = _element_texts(values)
    if len(flat) < LINE_COLUMNS:
        one_line = _nested(flat, values.shape)
        if prefix_columns + len(one_line) + len(";") <= LINE_COLUMNS:
            return one_line
    return _wrapped(flat, values.shape, _ARRAY_INDENT)


def _element_texts(values: npt.NDArray[Any]) -> list[str]:
    flat = values.ravel()
    if flat.dtype == np.bool_:
        return ["true" if value else "false" for value in flat.tolist()]
    if flat.dtype.kind == "f":
        return _float_texts(flat)
    texts = list(map(str, flat.tolist()))
    if flat.dtype.itemsize < 4:
        return texts
    # C has no negative literals, so the least value of a type is no literal of that type.
    for position in np.flatnonzero((flat < -(2**31) + 1) | (flat > 2**31 - 1)).tolist():
        texts[position] = bare_integer(int(flat[position]))
    return texts


def _float_texts(flat: npt.NDArray[Any]) -> list[str]:
    suffix = "f" if flat.dtype == np.float32 else ""
    texts = [text + suffix for text in flat.astype("U32").tolist()]
    for position in np.flatnonzero(~np.isfinite(flat)).tolist():
        texts[position] = floating(float(flat[position]), CType("double"))
    return texts


def _nested(flat: Sequence[str], shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return "{" + ", ".join(flat) + "}"
    return "{" + ", ".join(_nested(row, shape[1:]) for row in _rows(flat, shape)) + "}"


def _wrapped(flat: Sequence[str], shape: tuple[int, ...], indent: str) -> str:
    if len(shape) == 1:
        widest = max(map(len, flat))
        per_line = max(1, (LINE_COLUMNS - len(indent)) // (widest + len(", ")))
        lines = [
            indent + ", ".join(flat[start : start + per_line])
            for start in range(0, len(flat), per_line)
        ]
    else:
        lines = [
            indent + _wrapped(row, shape[1:], indent + _ARRAY_INDENT) for row in _rows(flat, shape)
        ]
    return "{\n" + ",\n".join(lines) + "\n" + indent[len(_ARRAY_INDENT) :] + "}"


def _rows(flat: Sequence[str], shape: tuple[int, ...]) -> Iterator[Sequence[str]]:
    row_elements = len(flat) // shape[0]
    for start in range(0, len(flat), row_elements):
        yield flat[start : start + row_elements]
