"""Layers of a module in layer form, by name: members, root, reduction, tiled loops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.normalize.structured import Structured, producer, shape_of, structured
from fdt_mlir.passes import op_error


@dataclass(frozen=True)
class MarkedLayer:
    """A layer of a function: its members in program order."""

    name: str
    members: tuple[ir.Operation, ...]

    @cached_property
    def root(self) -> ir.Operation:
        """The member whose result is used outside of the layer."""
        inside = set(self.members)
        for op in self.members:
            if any(use.owner.operation not in inside for use in op.results[0].uses):
                return op
        return self.members[-1]

    @cached_property
    def reductions(self) -> tuple[Structured, ...]:
        views = (structured(op) for op in self.members)
        return tuple(view for view in views if view is not None and view.is_reduction)

    def loops(self) -> tuple[Loop, ...]:
        """The loops of the layer as `fdt.dims` counts them: of the result, then of the reduction.

        Loops of extent 1 do not count. A layer of several reductions counts none of them.
        """
        loops: list[Loop] = []
        for dim, extent in enumerate(shape_of(self.root.results[0])):
            position = _position_of(self.root, dim)
            if extent != 1 and position is not None:
                loops.append(Loop(self.root, position, extent, is_reduction=False))
        if len(self.reductions) == 1:
            (reduction,) = self.reductions
            for position, extent in enumerate(reduction.extents):
                if extent != 1 and reduction.iterators[position] == "reduction":
                    loops.append(Loop(reduction.op, position, extent, is_reduction=True))
        return tuple(loops)

    def feeds(self, op: ir.Operation) -> set[ir.Operation]:
        """The members that compute the inputs of `op`, its start value left out."""
        view = structured(op)
        pending = list(view.inputs if view is not None else op.operands)
        found: set[ir.Operation] = set()
        while pending:
            member = producer(pending.pop())
            if member is not None and member in self.members and member not in found:
                found.add(member)
                pending += member.operands
        return found


@dataclass(frozen=True)
class Loop:
    """A loop of a layer: loop number `position` of the operation `op`."""

    op: ir.Operation
    position: int
    extent: int
    is_reduction: bool


def _position_of(op: ir.Operation, dim: int) -> int | None:
    """The loop of `op` that runs along a dimension of its result; None where several do."""
    view = structured(op)
    if view is None:  # such as tensor.pad: one loop per dimension of the result
        return dim
    expr = view.maps[-1].results[dim]
    return expr.position if isinstance(expr, ir.AffineDimExpr) else None


def marked_layers(function: ir.Operation) -> Mapping[str, MarkedLayer]:
    """The layers of a function in layer form, by name, in program order of their first members."""
    members: dict[str, list[ir.Operation]] = {}
    for operation in function.regions[0].blocks[0].operations:
        if "fdt.layer" in operation.attributes:
            op = operation.operation
            members.setdefault(string(op, "fdt.layer"), []).append(op)
    return {name: MarkedLayer(name, tuple(ops)) for name, ops in members.items()}


def layer_named(
    layers: Mapping[str, MarkedLayer], name: str, function: ir.Operation
) -> MarkedLayer:
    """The layer called `name`. Raises CompileError where there is none."""
    if name not in layers:
        raise op_error(
            function,
            f"fdt.paths names layer '{name}', which the function does not have",
            f"its layers: {', '.join(layers)}",
        )
    return layers[name]


def erase_unread(scope: ir.Operation) -> None:
    """Erase the members of layers inside of `scope` that nobody reads, and what only they read."""
    members = [op for op in walk(scope) if "fdt.role" in op.attributes]
    # Users come before what they use.
    for op in reversed(members):
        if next(iter(op.results[0].uses), None) is None:
            op.erase()
