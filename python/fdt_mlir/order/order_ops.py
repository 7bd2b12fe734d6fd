"""fdt-order-ops: the operations run in the order that needs least memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.attributes import i64, integer, string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.kernels.kernel import KERNEL_OP
from fdt_mlir.order.read_kernels import read_kernels, step_ops
from fdt_mlir.order.read_layers import read_layers
from fdt_mlir.passes import Pass, op_error
from fdt_mlir.paths.build_graph import entry_of
from fdt_mlir.planner.step_graph import needs_bytes
from fdt_mlir.planner.step_order import best_step_order

PROVED = "fdt.order_proved_optimal"
GAP = "fdt.order_gap_bytes"


@dataclass(frozen=True)
class OrderOpsPass(Pass):
    """Reorder the operations of the entry function so that the neediest step needs least.

    Requires: layer form (fdt-mark-layers), or kernel form on tensors (before bufferization).
    Ensures: the steps (layers; kernel calls and tile loops) are in an order of least need; what a
        step needs is the sum of its live bytes less what its result may share with inputs that
        die in it. The given order is kept wherever it is no worse. The function carries
        `fdt.order_proved_optimal` and `fdt.order_gap_bytes`, by how much another order could at
        most be better; of several runs, the worst counts.
    Fails when: there is no entry function, an operation is part of no layer, or memory has been
        assigned already.

    Options: `reorder` (true by default); without it, the order stays, and the attributes say how
    good it is. `in_place` (true by default); without it, no result shares bytes with an input.
    """

    name: ClassVar[str] = "fdt-order-ops"

    reorder: bool = True
    in_place: bool = True

    def run(self, module: ir.Module) -> None:
        entry = entry_of(module)
        block = entry.regions[0].blocks[0]
        _check(entry, block)
        layers = _layers(block)
        if layers:
            graph = read_layers(module, self.in_place)
            # What takes the rows of a streamed input has no operations yet.
            units = [layers.get(step.name, []) for step in graph.steps]
        else:
            graph = read_kernels(entry, self.in_place)
            units = [[op] for op in step_ops(entry)]
        plan = best_step_order(graph)
        gap_bytes = plan.gap_bytes
        if plan.order != tuple(range(len(units))):
            if self.reorder:
                _reorder(block, [units[step] for step in plan.order])
            else:
                needs = needs_bytes(graph, range(len(units)))
                gap_bytes = needs - plan.lower_bound_bytes
        attributes = entry.attributes
        gap = max(gap_bytes, integer(entry, GAP) if GAP in attributes else 0)
        attributes[PROVED] = ir.BoolAttr.get(gap == 0)
        attributes[GAP] = i64(gap)


def _check(entry: ir.Operation, block: ir.Block) -> None:
    for operation in block.operations:
        op = operation.operation
        if op.name.startswith("linalg.") and "fdt.layer" not in op.attributes:
            raise op_error(op, f"'{op.name}' is part of no layer", "run fdt-mark-layers first")
        if any(isinstance(result.type, ir.MemRefType) for result in op.results):
            raise op_error(op, "the order is fixed once there is memory", "run it on tensors")


def _layers(block: ir.Block) -> Mapping[str, list[ir.Operation]]:
    """The operations of each layer, in program order; nothing in kernel form."""
    layers: dict[str, list[ir.Operation]] = {}
    for operation in block.operations:
        op = operation.operation
        if op.name != KERNEL_OP and "fdt.layer" in op.attributes:
            layers.setdefault(string(op, "fdt.layer"), []).append(op)
    return layers


def _reorder(block: ir.Block, units: Sequence[Sequence[ir.Operation]]) -> None:
    """Move the units to the end of the block in this order, each behind what it needs."""
    *operations, terminator = (operation.operation for operation in block.operations)
    waiting = set(operations)
    for unit in units:
        for op in unit:
            _place(op, waiting, terminator)
    for op in operations:  # views that only the terminator reads
        _place(op, waiting, terminator)


def _place(op: ir.Operation, waiting: set[ir.Operation], terminator: ir.Operation) -> None:
    """Move an operation before the terminator, after those that compute what it uses."""
    stack = [op]
    while stack:
        current = stack[-1]
        needed = [maker for maker in _makers(current) if maker in waiting and maker != current]
        stack += needed
        if needed:
            continue
        stack.pop()
        if current in waiting:
            waiting.remove(current)
            current.move_before(terminator)


def _makers(op: ir.Operation) -> list[ir.Operation]:
    """The operations whose results an operation, or one inside of it, uses."""
    makers: list[ir.Operation] = []
    for inner in walk(op):
        for value in inner.operands:
            if not isinstance(value.owner, ir.Block):
                makers.append(value.owner.operation)
    return makers
