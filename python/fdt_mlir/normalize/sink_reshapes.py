"""fdt-sink-reshapes: an epilogue computes in its reduction's shape and is reshaped after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.attributes import items, items_of
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.expand_loop import expand_loop
from fdt_mlir.normalize.structured import (
    Structured,
    defined_functions,
    is_constant,
    shape_of,
    structured,
    users,
)
from fdt_mlir.passes import Pass


@dataclass(frozen=True)
class SinkReshapesPass(Pass):
    """Move a `tensor.collapse_shape` of a reduction's result behind the maps that follow it.

    A depthwise convolution with a multiplier has channels and multiples as two dimensions; its
    bias and rescale read them as one. With the reshape between them, the accumulators would have
    to exist as a tensor of int32.

    Requires: linalg.generic, before layers are marked.
    Ensures: no reshape that joins dimensions lies between a reduction and an elementwise operation
        that reads nothing else but constants.
    Fails when: never.
    """

    name: ClassVar[str] = "fdt-sink-reshapes"

    def run(self, module: ir.Module) -> None:
        for function in defined_functions(module):
            for block in function.regions[0].blocks:
                for operation in list(block.operations):
                    view = structured(operation.operation)
                    if view is not None and view.is_reduction:
                        _sink_behind_maps(view.op)


def _sink_behind_maps(op: ir.Operation) -> None:
    """Follow the only reader of each result, and sink the reshapes on the way."""
    reader = _only_reader(op)
    while reader is not None and reader.name == "tensor.collapse_shape":
        consumer = _only_reader(reader)
        view = structured(consumer) if consumer is not None else None
        found = _loop_to_expand(view, reader) if view is not None else None
        if view is None or found is None:
            return
        reader = _only_reader(expand_loop(view, *found))


def _only_reader(op: ir.Operation) -> ir.Operation | None:
    readers = users(op.results[0])
    return readers[0] if len(readers) == 1 else None


def _loop_to_expand(view: Structured, reshape: ir.Operation) -> tuple[int, tuple[int, ...]] | None:
    """The loop over the dimension that a reshape joins, and the extents that it joins."""
    joined = reshape.results[0]
    groups = [items_of(group) for group in items(reshape, "reassociation")]
    wide = [dim for dim, group in enumerate(groups) if len(group) > 1]
    if len(wide) != 1 or not _is_epilogue(view, joined):
        return None
    (dim,) = wide
    expr = view.maps[view.inputs.index(joined)].results[dim]
    if not isinstance(expr, ir.AffineDimExpr) or not _is_plain(view, expr.position):
        return None
    return expr.position, shape_of(reshape.operands[0])[dim : dim + len(groups[dim])]


def _is_epilogue(view: Structured, value: ir.Value) -> bool:
    """Whether `view` is elementwise in `value` and constants."""
    others = [given for given in view.inputs if given != value]
    elementwise = not (view.is_reduction or view.reads_init or view.reads_indices)
    return elementwise and all(is_constant(given) for given in others)


def _is_plain(view: Structured, loop: int) -> bool:
    """Whether the loop indexes every tensor with a dimension alone, or not at all."""
    return all(
        isinstance(expr, ir.AffineDimExpr) or f"d{loop}" not in str(expr)
        for affine_map in view.maps
        for expr in affine_map.results
    )
