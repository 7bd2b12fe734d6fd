"""fdt-mark-layers: group operations into layers, each of which becomes one kernel call."""

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir, source_name
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError
from fdt_mlir.normalize.layer_kinds import layer_kind
from fdt_mlir.normalize.layers import Layer, find_layers, prepare
from fdt_mlir.normalize.names import identifier, layer_name, unique_name
from fdt_mlir.normalize.structured import defined_functions, is_unit_reshape, structured
from fdt_mlir.normalize.supported import fault_of
from fdt_mlir.passes import Pass, location_of, op_error


@dataclass(frozen=True)
class MarkLayersPass(Pass):
    """Mark every structured operation with its layer and its role in it.

    Requires: linalg.generic, tensor, arith and math ops of static shape in functions of one block.
    Ensures: every structured operation carries `fdt.layer` and `fdt.role`, which together name it;
        each layer has one result that is used outside of it; cheap producers (fills, pads,
        widening casts) that several layers read are duplicated, one for each.
    Fails when: an operation cannot become part of a kernel (normalize/supported.py says which
        can); all of them are named.
    """

    name: ClassVar[str] = "fdt-mark-layers"

    def run(self, module: ir.Module) -> None:
        for function in defined_functions(module):
            _mark_function(function)


def _mark_function(function: ir.Operation) -> None:
    blocks = list(function.regions[0].blocks)
    if len(blocks) != 1:
        raise op_error(
            function,
            f"the function has {len(blocks)} blocks, one is needed",
            "export the model without control flow",
        )
    _check_operations(blocks[0])
    prepare(blocks[0])
    # Buffers are named after layers, and inputs by number.
    taken = {f"input_{number}" for number in range(len(blocks[0].arguments))}
    for layer in find_layers(blocks[0]):
        name = _name(layer, taken)
        taken.add(name)
        _mark(layer, name)


def _check_operations(block: ir.Block) -> None:
    operations = [operation.operation for operation in block.operations]
    faults = [(op, fault) for op in operations if (fault := fault_of(op))]
    if faults:
        raise CompileError(
            [Diagnostic(fault.message, location_of(op), fault.hint) for op, fault in faults]
        )


def _name(layer: Layer, taken: set[str]) -> str:
    reductions = [op for op in layer.members if (view := structured(op)) and view.is_reduction]
    # A convolution keeps its name where a join or an activation is fused into it.
    named = reductions[0] if len(reductions) == 1 else layer.root
    return layer_name(source_name(named.location) or "", layer_kind(layer.members), taken)


def _mark(layer: Layer, name: str) -> None:
    assert identifier(name) == name
    roles: set[str] = set()
    for op in layer.members:
        role = unique_name(_role(op, layer), roles)
        roles.add(role)
        op.attributes["fdt.layer"] = ir.StringAttr.get(name)
        op.attributes["fdt.role"] = ir.StringAttr.get(role)


def _role(op: ir.Operation, layer: Layer) -> str:
    if op.name == "tensor.pad":
        return "pad"
    if is_unit_reshape(op):
        return "reshape"
    view = structured(op)
    assert view is not None
    if view.is_reduction:
        return "reduce"
    return "init" if op in layer.inits else "map"
