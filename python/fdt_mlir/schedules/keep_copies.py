"""Copies that a schedule must not simplify away: a second place for a tensor is their point."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.normalize.structured import structured
from fdt_mlir.schedules.layer_members import erase_unread

# NOTE: canonicalization erases identity maps, and no option of it says not to. It leaves this
# operation alone, whose result is its operand.
_BARRIER = "util.optimization_barrier"


@contextmanager
def kept_copies(module: ir.Module) -> Generator[None, None, None]:
    """Hide from simplifications, while the block runs, that layers which copy compute nothing.

    What was fused into a loop is erased afterwards where it stood, and what only that read:
    nothing else finds it dead.
    """
    for op in walk(module.operation):
        if _is_copy(op):
            _hide(op)
    yield
    barriers = [op for op in walk(module.operation) if op.name == _BARRIER]
    for barrier in barriers:
        barrier.results[0].replace_all_uses_with(barrier.operands[0])
        barrier.erase()
    if barriers:
        erase_unread(module.operation)


def _is_copy(op: ir.Operation) -> bool:
    view = structured(op) if "fdt.role" in op.attributes else None
    # A copy that moves elements stays by itself. Hidden, it would keep alive what it reads outside
    # of the loop into which both were fused.
    if view is None or any(each != view.maps[-1] for each in view.maps):
        return False
    operations = list(op.regions[0].blocks[0].operations)
    # An accumulator may well start as a constant itself.
    return len(operations) == 1 and not string(op, "fdt.role").startswith("init")


def _hide(copy: ir.Operation) -> None:
    (terminator,) = (op.operation for op in copy.regions[0].blocks[0].operations)
    value = terminator.operands[0]
    with ir.InsertionPoint(terminator), copy.location:
        hidden = ir.Operation.create(_BARRIER, [value.type], [value])
    terminator.operands[0] = hidden.results[0]
