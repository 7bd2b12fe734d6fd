"""Weights and tables as `static const` arrays, in the order in which kernels read them."""

from __future__ import annotations

import hashlib

from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.kernel_calls import KernelCall
from fdt_mlir.emitc.types import array_of
from fdt_mlir.emitc.values import create
from fdt_mlir.kernels.pack import PackedConstant
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
            self._write(name, constant, element_type)
        return self._names[key]

    def _write(self, name: str, constant: PackedConstant, element_type: ir.Type) -> None:
        data = constant.data
        with ir.InsertionPoint(self._block), ir.Location.unknown():
            aligned = {"fdt.align": i64(constant.align_bytes)} if constant.align_bytes else {}
            create(
                "global",
                attributes={
                    **aligned,
                    "sym_name": ir.StringAttr.get(name),
                    "type": ir.TypeAttr.get(array_of(element_type, data.size)),
                    "initial_value": ir.DenseElementsAttr.get(data, type=element_type),
                    "static_specifier": ir.UnitAttr.get(),
                    "const_specifier": ir.UnitAttr.get(),
                    "fdt.comment": ir.StringAttr.get("x".join(str(n) for n in constant.shape)),
                },
            )
