"""Make several layers one: the members of all of them, and the views between, get one name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from fdt_mlir.attributes import string
from fdt_mlir.bindings import copy_module, ir
from fdt_mlir.normalize.names import unique_name
from fdt_mlir.normalize.structured import defined_functions, is_unit_reshape
from fdt_mlir.passes import op_error
from fdt_mlir.schedules.layer_members import MarkedLayer, layer_named, marked_layers
from fdt_mlir.schedules.sequence_text import SequenceText


@dataclass(frozen=True)
class _View:
    """A view between two layers: operand number `operand` of `user`."""

    op: ir.Operation
    user: ir.Operation
    operand: int


@dataclass(frozen=True)
class Merge:
    """Layers that become the layer `name`, and the role of each of its operations.

    `views`, which belonged to no layer, come users first.
    """

    name: str
    layers: tuple[MarkedLayer, ...]
    views: tuple[_View, ...]

    @property
    def roles(self) -> list[tuple[ir.Operation, str]]:
        """Every operation of the merged layer and its role there."""
        taken: set[str] = set()
        roles: list[tuple[ir.Operation, str]] = []
        members = [op for layer in self.layers for op in layer.members]
        for op in (*members, *(view.op for view in self.views)):
            stem = string(op, "fdt.role") if "fdt.role" in op.attributes else "view"
            roles.append((op, unique_name(stem, taken)))
            taken.add(roles[-1][1])
        return roles

    def apply(self) -> None:
        """Give the operations their new layer and roles."""
        for op, role in self.roles:
            op.attributes["fdt.layer"] = ir.StringAttr.get(self.name)
            op.attributes["fdt.role"] = ir.StringAttr.get(role)

    def write(self, text: SequenceText) -> None:
        """Write the lines of a schedule that do the same."""
        handles = {op: text.find(op) for layer in self.layers for op in layer.members}
        for number, view in enumerate(self.views):
            handles[view.op] = f"%view_{number}"
            text.add(
                f"%view_{number} = transform.get_producer_of_operand"
                f" {handles[view.user]}[{view.operand}] : (!op) -> !op"
            )
        text.add(f'%layer = transform.param.constant "{self.name}" -> !text')
        for op, role in self.roles:
            handle = handles[op]
            text.add(
                f'{handle}_role = transform.param.constant "{role}" -> !text',
                f"transform.include @become failures(propagate) ({handle}, %layer, {handle}_role)",
                "  : (!op, !text, !text) -> ()",
            )


def merged_copy(module: ir.Module, groups: Sequence[Sequence[str]]) -> ir.Module:
    """A copy of a module in layer form in which each group of layers is one.

    Raises CompileError where they cannot be one layer.
    """
    copy = copy_module(module)
    for function in defined_functions(copy):
        for names in groups:
            layers = marked_layers(function)
            plan_merge([layer_named(layers, name, function) for name in names], [*layers]).apply()
    return copy


def plan_merge(layers: Sequence[MarkedLayer], taken: Sequence[str]) -> Merge:
    """Plan to make layers one; each reads the result of the one before, which nobody else does.

    `taken` are the names of all layers. Raises CompileError where they cannot be one layer.
    """
    views: list[_View] = []
    for layer, reader in pairwise(layers):
        views += _views_between(layer, reader)
    name = unique_name("_".join(layer.name for layer in layers), taken)
    return Merge(name, tuple(layers), tuple(views))


def _views_between(layer: MarkedLayer, reader: MarkedLayer) -> list[_View]:
    """The views through which `reader` alone reads the result of `layer`, users first."""
    found: list[_View] = []
    pending = [layer.root]
    while pending:
        op = pending.pop()
        for use in op.results[0].uses:
            user = use.owner.operation
            if op != layer.root:
                found.insert(0, _View(op, user, use.operand_number))
            if user in reader.members:
                continue
            if user.name != "tensor.extract_slice" and not is_unit_reshape(user):
                raise op_error(
                    user,
                    f"layers '{layer.name}' and '{reader.name}' cannot be one: '{user.name}' reads"
                    " the tensor between them as well",
                )
            pending.append(user)
    return found
