"""Check the tile sizes of a schedule against the module, before anything is rewritten."""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.attributes import integers
from fdt_mlir.bindings import ir, walk
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError
from fdt_mlir.normalize.structured import producer, structured
from fdt_mlir.passes import location_of
from fdt_mlir.schedules.script import Script

_TILE = "transform.structured.tile_using_for"
_MATCH = "transform.structured.match"
_HANDLES = ("transform.split_handle",)


def check_tiles(script: Script, payload: ir.Module) -> None:
    """Check that tiles of a fixed size divide the loops that they tile, and are smaller.

    Raises CompileError that names sequence and line of every tile size that does not. Handles that
    are not found by attributes are left to the interpreter.
    """
    errors: list[Diagnostic] = []
    for name, sequence in script.named_sequences().items():
        for op in walk(sequence):
            if op.name == _TILE:
                errors += _check(op, name, payload)
    if errors:
        raise CompileError(errors)


def _check(op: ir.Operation, sequence: str, payload: ir.Module) -> list[Diagnostic]:
    target = _matched(op.operands[0], payload)
    view = structured(target) if target is not None else None
    if target is None or view is None:
        return []
    errors: list[Diagnostic] = []
    sizes = integers(op, "static_sizes")
    for loop, (tile, extent) in enumerate(zip(sizes, view.extents, strict=False)):
        if tile < 0 or (tile > 0 and (extent % tile or tile >= extent)):
            errors.append(
                Diagnostic(
                    f"in @{sequence}: tiles of {tile} in loop {loop} of {_name(target)}, whose "
                    f"extent is {extent}",
                    location_of(op),
                    f"a tile size divides the extent: {_listed(_divisors(extent))}",
                )
            )
    return errors


def _matched(handle: ir.Value, payload: ir.Module) -> ir.Operation | None:
    """The operation of the payload that a handle holds, where attributes name just one."""
    op = producer(handle)
    while op is not None and op.name in _HANDLES:
        op = producer(op.operands[0])
    if op is None or op.name != _MATCH or "op_attrs" not in op.attributes:
        return None
    wanted = ir.DictAttr(op.attributes["op_attrs"])
    found = [candidate for candidate in walk(payload.operation) if _has(candidate, wanted)]
    return found[0] if len(found) == 1 else None


def _has(op: ir.Operation, wanted: ir.DictAttr) -> bool:
    return all(
        entry.name in op.attributes and op.attributes[entry.name] == entry.attr for entry in wanted
    )


def _name(op: ir.Operation) -> str:
    return f"layer {op.attributes['fdt.layer']}" if "fdt.layer" in op.attributes else op.name


def _divisors(extent: int) -> list[int]:
    return [tile for tile in range(1, extent) if extent % tile == 0]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)
