"""What state that outlives an inference holds at first.

`fdt.states` has a byte for each state, with which it is filled. Where that does not say it,
`fdt.state_contents` has a constant for each state, `unit` for none: the elements in their order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.attributes import integers, items
from fdt_mlir.bindings import ir

_BYTES, _CONTENTS = "fdt.states", "fdt.state_contents"


def write_states(function: ir.Operation, contents: Sequence[int | NDArray[np.generic]]) -> None:
    """Note the first contents of the states, the last inputs of a function: bytes or elements."""
    fills = [_fill(each) for each in contents]
    function.attributes[_BYTES] = ir.DenseI64ArrayAttr.get([fill or 0 for fill in fills])
    if None in fills:
        constants = [
            ir.UnitAttr.get() if isinstance(each, int) or fill is not None else _constant(each)
            for each, fill in zip(contents, fills, strict=True)
        ]
        function.attributes[_CONTENTS] = ir.ArrayAttr.get(constants)


def state_values(function: ir.Operation) -> tuple[int, ...]:
    """The byte that each state is filled with at first; states are the last inputs and outputs."""
    return integers(function, _BYTES)


def state_contents(function: ir.Operation) -> tuple[ir.DenseElementsAttr | None, ...]:
    """The elements of each state at first, None where it is filled with a byte."""
    found = items(function, _CONTENTS) or [None] * len(state_values(function))
    return tuple(each if isinstance(each, ir.DenseElementsAttr) else None for each in found)


def _fill(contents: int | NDArray[np.generic]) -> int | None:
    """The byte that all bytes equal, if there is one."""
    if isinstance(contents, int):
        return contents
    found = np.unique(np.frombuffer(contents.tobytes(), np.int8))
    return int(found[0]) if len(found) == 1 else None


def _constant(contents: NDArray[np.generic]) -> ir.DenseElementsAttr:
    # A truth value is a byte in memory.
    is_bool = contents.dtype.kind == "b"
    return ir.DenseElementsAttr.get(contents.astype(np.int8) if is_bool else contents)
