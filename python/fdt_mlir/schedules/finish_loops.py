"""What a schedule leaves: loops in layer form, and the parts of end layers outside of them."""

from __future__ import annotations

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError
from fdt_mlir.normalize.generic import create_copy
from fdt_mlir.normalize.names import unique_name
from fdt_mlir.normalize.structured import (
    defined_functions,
    is_carried,
    is_constant,
    is_unit_reshape,
    producer,
    structured,
)
from fdt_mlir.passes import location_of, op_error, run_mlir_passes
from fdt_mlir.schedules.sink_start import sink_start


def finish_loops(module: ir.Module) -> None:
    """Bring the tile loops of a module into layer form, and name what they left outside.

    What starts the accumulator of a Fan-In becomes the layer `<layer>_init`, what follows the loop
    `<layer>_finish`, each with what it alone reads. Raises CompileError where a tile has no static
    shape, computes with its position, or another operation of a tiled layer is left outside.
    """
    _check_shapes(module)
    if any(op.name == "affine.apply" for op in walk(module.operation)):
        run_mlir_passes(module, "lower-affine,canonicalize,cse")
    for function in defined_functions(module):
        for operation in list(function.regions[0].blocks[0].operations):
            if operation.operation.name == "scf.for":
                _finish(function, operation.operation)


def _check_shapes(module: ir.Module) -> None:
    errors = [
        Diagnostic(
            f"a tile of layer '{string(op, 'fdt.layer')}' is {result.type}, not of a fixed size",
            location_of(op),
            "choose tile sizes that divide the extents of the loops they tile",
        )
        for op in walk(module.operation)
        for result in op.results
        if "fdt.layer" in op.attributes
        and isinstance(result.type, ir.RankedTensorType)
        and not result.type.has_static_shape
    ]
    if errors:
        raise CompileError(errors)


def _check_positions(loop: ir.Operation) -> None:
    """A tile has no scalar operand that could tell it where it is."""
    for op in walk(loop):
        if "fdt.layer" not in op.attributes or op.name != "linalg.generic":
            continue
        body = op.regions[0].blocks[0]
        inside: set[ir.Value] = set(body.arguments)
        for inner in body.operations:
            unknown = [v for v in inner.operands if v not in inside and not is_constant(v)]
            inside.update(inner.results)
            if not any(isinstance(value.type, ir.IndexType) for value in unknown):
                continue
            raise op_error(
                op,
                f"layer '{string(op, 'fdt.layer')}' computes with the index of a tiled loop",
                "tile another loop, or make it a row path, whose kernels know their position",
            )


def _finish(function: ir.Operation, loop: ir.Operation) -> None:
    end = _end_of(loop)
    if end is None:
        raise op_error(loop, "the result of a tile loop is not the result of a layer")
    inside = {string(op, "fdt.layer") for op in walk(loop) if "fdt.layer" in op.attributes}
    taken = {string(op, "fdt.layer") for op in walk(function) if "fdt.layer" in op.attributes}
    name = string(end, "fdt.layer")
    init_name, finish_name = (
        unique_name(f"{name}_init", taken),
        unique_name(f"{name}_finish", taken),
    )
    _check_positions(loop)
    _start(loop, end, init_name)
    _separate_destinations(loop, end)
    sink_start(loop, end)
    around = _operations(loop)
    starts = {op for op in around if any(result in loop.operands for result in op.results)}
    before = _with_feeds(starts, loop)
    after = _with_feeds({op for op in around if loop.is_before_in_block(op)}, loop)
    for op in around:
        if "fdt.layer" not in op.attributes or string(op, "fdt.layer") not in inside:
            continue
        if is_unit_reshape(op):
            _unmark(op)
            continue
        if string(op, "fdt.layer") != name or op not in before | after:
            raise op_error(
                op,
                f"'{string(op, 'fdt.role')}' of layer '{string(op, 'fdt.layer')}' stays outside of "
                "the loop in which its layer is tiled",
                "fuse it into the loop, after the operations that use it",
            )
        op.attributes["fdt.layer"] = ir.StringAttr.get(init_name if op in before else finish_name)


def _with_feeds(ops: set[ir.Operation], loop: ir.Operation) -> set[ir.Operation]:
    """`ops`, and what stands before `loop` for them alone.

    An epilogue may well read what does not depend on the sums, such as the shortcut of a residual
    block, rescaled before its convolution.
    """
    found = set(ops)
    for op in reversed(_operations(loop)):
        readers = {use.owner.operation for result in op.results for use in result.uses}
        if readers and readers <= found and op != loop:
            found.add(op)
    return found


def _operations(loop: ir.Operation) -> list[ir.Operation]:
    """The operations among which a loop stands."""
    return [operation.operation for operation in loop.block.operations]


def _unmark(view: ir.Operation) -> None:
    """Make a reshape that cannot move into the loop a view between layers."""
    del view.attributes["fdt.layer"]
    del view.attributes["fdt.role"]


def _end_of(loop: ir.Operation) -> ir.Operation | None:
    """The operation whose slice or partial sum a tile loop hands on."""
    op: ir.Operation | None = loop
    while op is not None and op.name in ("scf.for", "tensor.insert_slice"):
        value = op.operands[0]
        if op.name == "scf.for":
            value = list(op.regions[0].blocks[0].operations)[-1].operation.operands[0]
        op = producer(value)
    return op if op is not None and "fdt.layer" in op.attributes else None


def _start(loop: ir.Operation, end: ir.Operation, layer: str) -> None:
    """Copy a constant that an accumulator starts with: the loop writes into its start value."""
    for number, value in enumerate(loop.operands):
        if not isinstance(value.type, ir.RankedTensorType) or not is_constant(value):
            continue
        with ir.InsertionPoint(loop), end.location:
            loop.operands[number] = _copy(value, layer)


def _separate_destinations(loop: ir.Operation, end: ir.Operation) -> None:
    """Give the operations inside of a loop, but for the end, destinations of their own.

    NOTE: equal `tensor.empty` are one value after CSE; where it is the start value of a loop too,
    fusing makes a slice of the loop's result the destination of what is fused.
    """
    for op in walk(loop):
        view = structured(op)
        if view is None or op == end or view.reads_init or not is_carried(view.init):
            continue
        with ir.InsertionPoint(op), op.location:
            empty = ir.Operation.create("tensor.empty", [view.init.type])
            op.operands[len(view.inputs)] = empty.results[0]


def _copy(value: ir.Value, layer: str) -> ir.Value:
    marks = {"fdt.layer": ir.StringAttr.get(layer), "fdt.role": ir.StringAttr.get("init")}
    return create_copy(value, marks)
