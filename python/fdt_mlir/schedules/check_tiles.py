"""Check the tile sizes of a schedule against the module, before anything is rewritten."""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.attributes import integers, string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError
from fdt_mlir.normalize.structured import producer, structured
from fdt_mlir.passes import location_of
from fdt_mlir.schedules.script import Script

_TILE = "transform.structured.tile_using_for"
_MATCH = "transform.structured.match"
_INCLUDE = "transform.include"
_CONSTANT = "transform.param.constant"
_HANDLES = ("transform.split_handle",)
_BECOME = "become"
"""The sequence that gives an operation another layer and role."""


def check_tiles(script: Script, payload: ir.Module) -> None:
    """Check that tiles of a fixed size divide the loops that they tile, and are smaller.

    Raises CompileError that names sequence and line of every tile size that does not. Handles that
    are not found by attributes are left to the interpreter.
    """
    errors: list[Diagnostic] = []
    marks = _Marks([op for op in walk(payload.operation) if "fdt.layer" in op.attributes])
    for name, sequence in script.named_sequences().items():
        for op in walk(sequence):
            if op.name == _TILE:
                errors += _check(op, name, marks)
            elif op.name == _INCLUDE and string(op, "target") == _BECOME:
                marks.become(*op.operands)
    if errors:
        raise CompileError(errors)


class _Marks:
    """Layer and role of each operation of the payload, as the schedule has them at some point."""

    def __init__(self, members: Sequence[ir.Operation]):
        self.names = {
            op: (op.attributes["fdt.layer"], op.attributes["fdt.role"])
            for op in members
            if "fdt.role" in op.attributes
        }

    def matched(self, handle: ir.Value) -> ir.Operation | None:
        """The operation that a handle holds, where layer and role name just one."""
        op = producer(handle)
        while op is not None and op.name in _HANDLES:
            op = producer(op.operands[0])
        if op is None or op.name != _MATCH or "op_attrs" not in op.attributes:
            return None
        wanted = ir.DictAttr(op.attributes["op_attrs"])
        if "fdt.layer" not in wanted or "fdt.role" not in wanted:
            return None
        name = (wanted["fdt.layer"], wanted["fdt.role"])
        found = [candidate for candidate, known in self.names.items() if known == name]
        return found[0] if len(found) == 1 else None

    def become(self, handle: ir.Value, layer: ir.Value, role: ir.Value) -> None:
        """Follow the sequence that makes an operation part of another layer."""
        op, texts = self.matched(handle), (_text(layer), _text(role))
        if op is not None and texts[0] is not None and texts[1] is not None:
            self.names[op] = (texts[0], texts[1])


def _check(op: ir.Operation, sequence: str, marks: _Marks) -> list[Diagnostic]:
    target = marks.matched(op.operands[0])
    view = structured(target) if target is not None else None
    if target is None or view is None:
        return []
    errors: list[Diagnostic] = []
    sizes = integers(op, "static_sizes")
    for loop, (tile, extent) in enumerate(zip(sizes, view.extents, strict=False)):
        if tile < 0 or (tile > 0 and (extent % tile or tile >= extent)):
            errors.append(
                Diagnostic(
                    f"in @{sequence}: tiles of {tile} in loop {loop} of layer "
                    f"{marks.names[target][0]}, whose extent is {extent}",
                    location_of(op),
                    f"a tile size divides the extent: {_listed(_divisors(extent))}",
                )
            )
    return errors


def _text(parameter: ir.Value) -> ir.Attribute | None:
    """The constant that a parameter holds; None where it comes from elsewhere."""
    op = producer(parameter)
    return op.attributes["value"] if op is not None and op.name == _CONSTANT else None


def _divisors(extent: int) -> list[int]:
    return [tile for tile in range(1, extent) if extent % tile == 0]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)
