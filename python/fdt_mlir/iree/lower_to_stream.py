"""fdt-lower-to-stream: a planned model becomes a module in IREE's stream dialect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir
from fdt_mlir.passes import Pass

_ANY_DEVICE = 'util.global private @__device_0 = #hal.device.target<"local"> : !hal.device'


@dataclass(frozen=True)
class LowerToStreamPass(Pass):
    """Replace the module's content by host code and dispatches for IREE.

    Requires: kernel calls on memrefs, planned without inputs and outputs
        (fdt-plan-arena{external-io=1}), one public function.
    Ensures: a host function `@main` in which every tile loop is a loop, every tile one dispatch,
        and the arena the only transient allocation; a function of loops over memory for each
        dispatch. Copies are gone.
    Fails when: a buffer has no place, a result of the model is one of its inputs or a constant, or
        elements have one bit.

    `model` is the prefix of the executable's name. The device is any: `fdt-compile` gives the line
    that IREE writes for a target.
    """

    name: ClassVar[str] = "fdt-lower-to-stream"

    model: str = "model"

    def run(self, module: ir.Module) -> None:
        from fdt_mlir.iree.stream_module import stream_module
        from fdt_mlir.paths.build_graph import entry_of

        text = stream_module(module, entry_of(module), self.model, _ANY_DEVICE)
        lowered = ir.Module.parse(text, module.context)
        for operation in list(module.body.operations):
            operation.operation.erase()
        for name in list(module.operation.attributes):
            del module.operation.attributes[name]
        for name in list(lowered.operation.attributes):
            module.operation.attributes[name] = lowered.operation.attributes[name]
        for operation in list(lowered.body.operations):
            operation.operation.detach_from_parent()
            module.body.append(operation)
