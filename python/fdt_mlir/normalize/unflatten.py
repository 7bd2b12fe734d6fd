"""fdt-unflatten: layers that read a flattened tensor read it in its own dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir, walk
from fdt_mlir.normalize.expand_loop import expand_loop
from fdt_mlir.normalize.structured import Structured, is_constant, producer, shape_of, structured
from fdt_mlir.passes import Pass


@dataclass(frozen=True)
class UnflattenPass(Pass):
    """Let a reduction over a flattened tensor run over the tensor's own dimensions.

    Requires: linalg.generic, before layers are marked.
    Ensures: a reduction whose loop indexes one flattened dimension of a `tensor.collapse_shape`
        (a dense layer after a convolution) has one loop for each dimension behind it, and its
        weights have that shape. So tiles of rows or channels reach through the flattening.
    Fails when: never; a reshape that a loop does not index plainly is left alone, and so are
        operations that compute with an index (argmax).
    """

    name: ClassVar[str] = "fdt-unflatten"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            view = structured(op)
            found = _flattened(view) if view is not None else None
            if view is not None and found is not None:
                expand_loop(view, *found)


def _flattened(view: Structured) -> tuple[int, tuple[int, ...]] | None:
    """The loop over a flattened dimension and the extents behind it."""
    if len(view.inputs) < 2 or view.reads_indices:
        return None
    for value, affine_map in zip(view.inputs, view.maps, strict=False):
        op = producer(value)
        if op is None or op.name != "tensor.collapse_shape" or is_constant(op.operands[0]):
            continue
        extents = shape_of(op.operands[0])
        (expr, *others) = affine_map.results
        # Only a whole tensor made flat: one dimension, indexed by one loop of the reduction.
        if others or not isinstance(expr, ir.AffineDimExpr):
            continue
        loop = expr.position
        if view.iterators[loop] == "reduction" and _is_plain(view, loop):
            return loop, extents
    return None


def _is_plain(view: Structured, loop: int) -> bool:
    """Whether the loop only ever indexes a dimension alone, in tensors that can be reshaped."""
    for value, affine_map in zip((*view.inputs, view.init), view.maps, strict=True):
        for expr in affine_map.results:
            alone = isinstance(expr, ir.AffineDimExpr)
            if not alone and f"d{loop}" in str(expr):
                return False
            if isinstance(expr, ir.AffineDimExpr) and expr.position == loop:
                op = producer(value)
                flat = op is not None and op.name == "tensor.collapse_shape"
                if not (flat or is_constant(value)):
                    return False
    return True
