"""What an operation must be like to become part of a kernel, and what to tell where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fdt_mlir.bindings import downcast, ir
from fdt_mlir.normalize.structured import Structured, is_constant, structured

# Operations that move or rename data without a loop of their own.
_VIEWS = frozenset(
    ["tensor.collapse_shape", "tensor.expand_shape", "tensor.extract_slice", "tensor.insert_slice"]
)
_FREE = frozenset(["arith.constant", "tensor.empty", "func.return", "return"])
_NEXT_STEPS = {
    "linalg": "run linalg-generalize-named-ops first",
    "tosa": "run iree-tosa-input-transformation-pipeline first",
    "scf": "export the model without control flow",
}


class Fault(NamedTuple):
    """Why an operation cannot be compiled, and the next step for the user."""

    message: str
    hint: str | None = None


def fault_of(op: ir.Operation) -> Fault | None:
    """Say what keeps a top-level operation of a function out of a kernel; None where nothing."""
    return next(_faults(op), None)


def _faults(op: ir.Operation) -> Iterator[Fault]:
    if op.name in _FREE:
        return
    # Shapes first: what follows looks at operations of static shape only.
    for value in (*op.operands, *op.results):
        yield from _type_faults(value.type)
    if op.name in _VIEWS:
        return
    if op.name == "tensor.pad":
        yield from _pad_faults(op)
        return
    view = structured(op)
    if view is None:
        hint = _NEXT_STEPS.get(op.name.partition(".")[0])
        yield Fault(f"operation '{op.name}' cannot be compiled", hint)
        return
    yield from _map_faults(view)
    yield from _scalar_faults(op)


def _type_faults(given: ir.Type) -> Iterator[Fault]:
    if not isinstance(given, ir.ShapedType):
        return
    if not given.has_rank or not given.has_static_shape:
        yield Fault(f"{given} has no static shape", "run fdt-make-batch-static first")
    if not isinstance(given.element_type, (ir.IntegerType, ir.FloatType, ir.IndexType)):
        yield Fault(f"elements of {given} are no numbers that C knows")


def _pad_faults(pad: ir.Operation) -> Iterator[Fault]:
    (value,) = list(pad.regions[0].blocks[0].operations)[-1].operands
    if not is_constant(value):
        yield Fault("a tensor is padded with a value that is not a constant")


def _map_faults(view: Structured) -> Iterator[Fault]:
    parallel = {loop for loop, kind in enumerate(view.iterators) if kind == "parallel"}
    written = [
        expr.position for expr in view.maps[-1].results if isinstance(expr, ir.AffineDimExpr)
    ]
    looping = {loop for loop in parallel if view.extents[loop] != 1}
    if len(written) != len(set(written)) or not looping <= set(written) <= parallel:
        yield Fault(
            f"the result is written through {view.maps[-1]}, which is not one element for each"
            " point of the parallel loops"
        )
    for affine_map in view.maps:
        if not all(_is_linear(expr) for expr in affine_map.results):
            yield Fault(f"{affine_map} is not linear in the loops")


def _is_linear(expr: ir.AffineExpr) -> bool:
    concrete = downcast(expr)
    if isinstance(concrete, (ir.AffineAddExpr, ir.AffineMulExpr)):
        return _is_linear(concrete.lhs) and _is_linear(concrete.rhs)
    return isinstance(concrete, (ir.AffineDimExpr, ir.AffineConstantExpr))


def _scalar_faults(op: ir.Operation) -> Iterator[Fault]:
    body = op.regions[0].blocks[0]
    inside = {*body.arguments, *(result for inner in body.operations for result in inner.results)}
    used = [*op.operands, *(value for inner in body.operations for value in inner.operands)]
    for inner in body.operations:
        if len(inner.regions) > 0:
            yield Fault(
                f"'{inner.operation.name}' inside of '{op.name}' cannot be compiled",
                "compute both sides and choose with arith.select",
            )
    for value in used:
        is_tensor = isinstance(value.type, ir.ShapedType)
        if value not in inside and not is_tensor and not is_constant(value):
            yield Fault("an element is computed from a scalar that is not a constant")
