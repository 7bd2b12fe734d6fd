"""What people call a layer, derived from its indexing maps."""

from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import Structured, is_constant, producer, structured


def layer_kind(members: Sequence[ir.Operation]) -> str:
    """Name the kind of a layer.

    One of conv, depthwise, dense, matmul, pool, reduce, softmax, copy, transpose, pad,
    elementwise: a label for people and for choosing a faster kernel; nothing depends on it for
    correctness.
    """
    views = [view for op in members if (view := structured(op)) is not None]
    reductions = [view for view in views if view.is_reduction]
    kinds = [_reduction_kind(view) for view in reductions]
    # A layer merged with the pools that read it is what it was.
    kinds = [kind for kind in kinds if kind != "pool"] or kinds[:1]
    if len({_combiner(view) for view in reductions}) > 1 and set(kinds) == {"reduce"}:
        return "softmax"  # the greatest, then a sum
    if kinds:
        return kinds[0]
    if views and not all(_is_copy(view) for view in views):
        return "elementwise"
    if any(op.name == "tensor.pad" for op in members):
        return "pad"
    return "copy" if all(view.maps[0] == view.maps[-1] for view in views) else "transpose"


def _is_copy(view: Structured) -> bool:
    """Whether the body gives back what it reads."""
    body = view.op.regions[0].blocks[0]
    only = next(iter(body.operations)).operation
    return (
        only.name == "linalg.yield"
        and only.operands[0] == body.arguments[0]
        and len(view.inputs) == 1
    )


def _combiner(view: Structured) -> str:
    """The operation that takes a reduction one element further."""
    (yielded,) = view.op.regions[0].blocks[0].operations[-1].operands
    op = producer(yielded)
    return op.name if op is not None else ""


def _reduction_kind(view: Structured) -> str:
    windowed = not view.maps[0].is_projected_permutation
    if not _is_product(view):
        # Pools from TFLite carry a second input that only gives the window its extents.
        return "pool" if windowed or len(view.inputs) > 1 else "reduce"
    spatial = [
        loop
        for loop, extent in enumerate(view.extents)
        if extent != 1 and view.iterators[loop] == "parallel" and _indexes(view.maps[0], loop)
    ]
    reduced = [
        loop
        for loop, extent in enumerate(view.extents)
        if extent != 1 and view.iterators[loop] == "reduction"
    ]
    if windowed and any(_indexes(view.maps[1], loop) for loop in spatial):
        return "depthwise"
    if not _is_known(view.inputs[1]):
        return "matmul"
    if not spatial and len(reduced) <= 1:
        return "dense"
    return "conv"


def _is_product(view: Structured) -> bool:
    body = view.op.regions[0].blocks[0]
    multiplies = any(op.operation.name in ("arith.muli", "arith.mulf") for op in body.operations)
    return len(view.inputs) == 2 and multiplies


def _indexes(affine_map: ir.AffineMap, loop: int) -> bool:
    """Whether `loop` occurs in a result of the map."""
    return any(f"d{loop}" in str(expr).replace("(", " ").split() for expr in affine_map.results)


def _is_known(value: ir.Value) -> bool:
    """Whether a value is constant, or the slice of a constant that a tile loop takes."""
    op = producer(value)
    if op is not None and op.name == "tensor.extract_slice":
        return _is_known(op.operands[0])
    return is_constant(value)
