"""Weights and tables as `static const` arrays, in the order in which kernels read them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.kernel_calls import KernelCall
from fdt_mlir.emitc.types import array_of
from fdt_mlir.emitc.values import create
from fdt_mlir.normalize.names import unique_name

_QUAD_BYTES = 8
"""Alignment of 16-bit weights, four of which are read at once."""


class Constants:
    """The constant arrays of a module; equal data is stored once."""

    def __init__(self, body: ir.Block):
        self._block = body
        self._names: dict[tuple[str, bytes], str] = {}

    def declare(self, call: KernelCall) -> list[str | None]:
        """Declare the constants of a call; gives a name for each operand that is one."""
        return [self._declare(call, number) for number in range(len(call.views))]

    def _declare(self, call: KernelCall, number: int) -> str | None:
        constant = call.constants[number]
        if constant is None:
            return None
        packed = constant.data
        key = (str(packed.dtype), hashlib.sha256(packed.tobytes()).digest())
        if key not in self._names:
            role = call.parameters[call.parameter_of[number]].name
            name = unique_name(f"{call.kernel.layer}_{role}", self._names.values())
            self._names[key] = name
            element_type = call.parameters[call.parameter_of[number]].element_type
            self._write(name, packed, element_type, constant.shape)
        return self._names[key]

    def _write(
        self, name: str, data: NDArray[Any], element_type: ir.Type, shape: Sequence[int]
    ) -> None:
        values = ir.DenseElementsAttr.get(data, type=element_type)
        with ir.InsertionPoint(self._block), ir.Location.unknown():
            widened = {"fdt.align": i64(_QUAD_BYTES)} if str(element_type) == "i16" else {}
            create(
                "global",
                attributes={
                    **widened,
                    "sym_name": ir.StringAttr.get(name),
                    "type": ir.TypeAttr.get(array_of(element_type, data.size)),
                    "initial_value": values,
                    "static_specifier": ir.UnitAttr.get(),
                    "const_specifier": ir.UnitAttr.get(),
                    "fdt.comment": ir.StringAttr.get("x".join(str(n) for n in shape)),
                },
            )
