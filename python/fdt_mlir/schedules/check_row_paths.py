"""Check the row paths that a schedule annotated: one end layer each, loops that exist."""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.attributes import integer, integers, string
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import defined_functions
from fdt_mlir.passes import op_error
from fdt_mlir.schedules.layer_members import marked_layers

_PATH, _DIMS, _TILES = "fdt.row_path", "fdt.row_dims", "fdt.row_tiles"


def check_row_paths(module: ir.Module) -> None:
    """Raise CompileError where a row path cannot be built from its annotations."""
    for function in defined_functions(module):
        members: dict[int, list[ir.Operation]] = {}
        for operation in function.regions[0].blocks[0].operations:
            if _PATH in operation.attributes:
                op = operation.operation
                members.setdefault(integer(op, _PATH), []).append(op)
        for number, roots in members.items():
            _check(number, roots, function)


def _check(number: int, roots: Sequence[ir.Operation], function: ir.Operation) -> None:
    end = roots[-1]
    ends = [op for op in roots if _DIMS in op.attributes or _TILES in op.attributes]
    if ends != [end]:
        raise op_error(
            end,
            f"row path {number} has {len(ends)} layers that say what is tiled",
            f"the last of its layers, '{string(end, 'fdt.layer')}', has to, and no other",
        )
    dims, tiles = integers(end, _DIMS), integers(end, _TILES)
    loops = marked_layers(function)[string(end, "fdt.layer")].loops()
    wrong = len(dims) != len(tiles) or not dims or len(set(dims)) != len(dims)
    if wrong or any(not 0 <= dim < len(loops) for dim in dims) or any(tile < 1 for tile in tiles):
        extents = ", ".join(str(loop.extent) for loop in loops)
        raise op_error(
            end,
            f"row path {number} tiles loops {list(dims)} of layer '{string(end, 'fdt.layer')}' by "
            f"{list(tiles)}",
            f"one positive size for each tiled loop; the loops have extents {extents}",
        )
