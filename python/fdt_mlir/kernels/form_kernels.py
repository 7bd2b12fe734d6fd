"""fdt-form-kernels: each layer becomes one destination-passing kernel call."""

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.kernels.compose import compose_kernel
from fdt_mlir.kernels.kernel import create_call
from fdt_mlir.normalize.structured import defined_functions, is_carried, producer, structured
from fdt_mlir.normalize.supported import fault_of
from fdt_mlir.passes import Pass, op_error

# What schedules say about a layer stays on its call.
_KEPT_ATTRIBUTES = (
    "fdt.row_path",
    "fdt.row_dims",
    "fdt.row_tiles",
    "fdt.row_stream",
    "fdt.pixel_stream",
)


@dataclass(frozen=True)
class FormKernelsPass(Pass):
    """Replace the operations of every layer by one kernel call on tensors.

    Requires: layer form (fdt-mark-layers).
    Ensures: no structured operation is left; accumulators, pads and start values are gone; each
        call writes a tensor of its own (`bufferization.alloc_tensor`); its scalar computations are
        private functions.
    Fails when: a structured operation belongs to no layer, a layer has several results, or one of
        its members cannot be part of a kernel.
    """

    name: ClassVar[str] = "fdt-form-kernels"

    def run(self, module: ir.Module) -> None:
        for function in defined_functions(module):
            _check_marks(function)
            for op in walk(function):
                if op.name == "scf.for":
                    _own_results(op)
            for members in _layers(function):
                _replace(module, members)


def _check_marks(function: ir.Operation) -> None:
    for op in walk(function):
        if "fdt.layer" not in op.attributes:
            if structured(op) is not None or op.name == "tensor.pad":
                raise op_error(op, f"'{op.name}' belongs to no layer", "run fdt-mark-layers first")
        elif fault := fault_of(op):
            raise op_error(op, fault.message, fault.hint)


def _own_results(loop: ir.Operation) -> None:
    """Let a loop write into tensors of its own, not into an empty one that others share."""
    for number, value in enumerate(loop.operands):
        op = producer(value)
        if op is not None and op.name == "tensor.empty":
            with ir.InsertionPoint(loop), loop.location:
                loop.operands[number] = alloc_tensor(value.type)


def _layers(op: ir.Operation) -> list[list[ir.Operation]]:
    """The members of each layer, by block: a tiled layer may be partly inside a loop."""
    found: list[list[ir.Operation]] = []
    for region in op.regions:
        for block in region.blocks:
            layers: dict[str, list[ir.Operation]] = {}
            for nested in block.operations:
                if "fdt.layer" in nested.attributes:
                    name = string(nested.operation, "fdt.layer")
                    layers.setdefault(name, []).append(nested.operation)
                else:
                    found += _layers(nested.operation)
            found += layers.values()
    return found


def _replace(module: ir.Module, members: list[ir.Operation]) -> None:
    root = _root(members)
    if root is not None:
        _create_call(module, members, root)
    for op in reversed(members):
        op.erase()


def _create_call(module: ir.Module, members: list[ir.Operation], root: ir.Operation) -> None:
    given = _given_destination(root, members)
    composed = compose_kernel(module, members, root, given)
    with ir.InsertionPoint(root), composed.location:
        destination = given if given is not None else alloc_tensor(root.results[0].type)
        call = create_call(composed.kernel, composed.inputs, destination)
    for name in _KEPT_ATTRIBUTES:
        if name in root.attributes:
            call.attributes[name] = root.attributes[name]
    root.results[0].replace_all_uses_with(call.results[0])


def alloc_tensor(tensor: ir.Type) -> ir.Value:
    """A tensor of its own, which no other value shares after bufferization."""
    empty = {"operandSegmentSizes": ir.DenseI32ArrayAttr.get([0, 0, 0])}
    return ir.Operation.create("bufferization.alloc_tensor", [tensor], attributes=empty).results[0]


def _given_destination(root: ir.Operation, members: list[ir.Operation]) -> ir.Value | None:
    """The tensor that a tile loop wants the result in; None where the layer is free to choose."""
    view = structured(root)
    start = producer(view.init) if view is not None else None
    # A tile of a reduction may have a start value that is written to the same place.
    if start is not None and start in members and structured(start) is not None:
        view = structured(start)
    return view.init if view is not None and is_carried(view.init) else None


def _root(members: list[ir.Operation]) -> ir.Operation | None:
    """The member whose result is used outside of the layer; None where nobody uses it."""
    inside = set(members)
    roots = [
        op for op in members if any(use.owner.operation not in inside for use in op.results[0].uses)
    ]
    if len(roots) > 1:
        name = string(roots[0], "fdt.layer")
        raise op_error(
            roots[-1],
            f"layer '{name}' has {len(roots)} results that others read, a kernel has one",
            "let fdt-mark-layers mark the layers",
        )
    return roots[0] if roots else None
