"""Weights and tables as `static const` arrays, in the order in which kernels read them."""

from __future__ import annotations

import hashlib

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.constant_arrays import declare_array
from fdt_mlir.emitc.kernel_calls import KernelCall
from fdt_mlir.normalize.names import unique_name


class Constants:
    """The constant arrays of a module; equal data is stored once."""

    def __init__(self, body: ir.Block):
        self._block = body
        self._names: dict[tuple[str, int, bytes], str] = {}

    def declare(self, call: KernelCall) -> list[str | None]:
        """Declare the constants of a call; gives a name for each operand that is one."""
        return [self._declare(call, number) for number in range(len(call.views))]

    def _declare(self, call: KernelCall, number: int) -> str | None:
        constant = call.constants[number]
        if constant is None:
            return None
        packed = constant.data
        key = (str(packed.dtype), constant.align_bytes, hashlib.sha256(packed.tobytes()).digest())
        if key not in self._names:
            role = call.parameters[call.parameter_of[number]].name
            name = unique_name(f"{call.kernel.layer}_{role}", {*self._names.values()})
            self._names[key] = name
            element_type = call.parameters[call.parameter_of[number]].element_type
            shape = "x".join(str(n) for n in constant.shape)
            with ir.InsertionPoint(self._block):
                declare_array(name, element_type, constant.data, shape, constant.align_bytes)
        return self._names[key]
