"""fdt-stream-input: the rows of an input that the caller hands over one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.allocate.promises import read_promises
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.form_kernels import alloc_tensor
from fdt_mlir.kernels.kernel import KERNEL_OP, Kernel, Stage, create_call
from fdt_mlir.kernels.stage_function import StageFunction
from fdt_mlir.normalize.structured import (
    defined_functions,
    element_type,
    shape_of,
)
from fdt_mlir.passes import Pass, op_error

INPUT_ROWS = "input_rows"
"""The layer that takes the rows of a streamed input."""

_PATH = "fdt.row_path"


@dataclass(frozen=True)
class StreamInputPass(Pass):
    """Give the rows of a streamed input a place of their own: a layer that copies them.

    The input itself is never in the arena. Its copy is a tensor like any other, of which a stream
    keeps the rows that it needs.

    Requires: kernel form; `fdt.stream_input` on the function.
    Ensures: the layer `input_rows` alone reads the input, and is in the path of the first call
        that reads its rows. Nothing changes where no input is streamed.
    Fails when: the input is returned, or is read otherwise than by kernel calls.
    """

    name: ClassVar[str] = "fdt-stream-input"

    def run(self, module: ir.Module) -> None:
        for function in defined_functions(module):
            number = read_promises(function).streamed
            if number is not None:
                _insert_copy(module, function, number)


def _insert_copy(module: ir.Module, function: ir.Operation, number: int) -> None:
    block = function.regions[0].blocks[0]
    argument: ir.Value = block.arguments[number]
    read = _read_as(argument)
    readers = {use.owner.operation for value in read for use in _uses(value)}
    for reader in readers:
        if reader.name != KERNEL_OP or reader.block != block:
            raise op_error(
                reader,
                f"the input cannot be streamed: '{reader.name}' needs all of it at once",
                "compile without --stream-input",
            )
    operations = [operation.operation for operation in block.operations]
    first = next((op for op in operations if op in readers), None)
    if first is None:
        raise op_error(function, "the input cannot be streamed: nothing reads it")
    # As its readers see it, where they agree: a view would be in the way of a path.
    rows = read[0] if len(read) == 1 else argument
    uses = list(rows.uses)
    users = {use.owner.operation for use in uses}
    with ir.InsertionPoint(next(op for op in operations if op in users)), function.location:
        call = _copy(module, rows)
    for use in uses:
        use.owner.operation.operands[use.operand_number] = call.results[0]
    if _PATH in first.attributes:
        call.attributes[_PATH] = first.attributes[_PATH]


def _read_as(value: ir.Value) -> list[ir.Value]:
    """The tensor and the reshaped views of it that something reads."""
    views = [use.owner.operation.results[0] for use in value.uses if _is_view(use)]
    found = [value] if _uses(value) else []
    return found + [each for view in views for each in _read_as(view)]


def _uses(value: ir.Value) -> list[ir.OpOperand]:
    """The uses of a tensor other than by reshapes: its elements stay in their order."""
    return [use for use in value.uses if not _is_view(use)]


def _is_view(use: ir.OpOperand) -> bool:
    return use.owner.operation.name in ("tensor.collapse_shape", "tensor.expand_shape")


def _copy(module: ir.Module, rows: ir.Value) -> ir.Operation:
    shape = shape_of(rows)
    dims = [dim for dim, extent in enumerate(shape) if extent > 1]
    index = [
        ir.AffineExpr.get_dim(dims.index(dim)) if dim in dims else ir.AffineExpr.get_constant(0)
        for dim in range(len(shape))
    ]
    same = ir.AffineMap.get(len(dims), 0, index)
    function = StageFunction(module, INPUT_ROWS)
    body = function.finish(function.argument("in:0", element_type(rows)))
    kernel = Kernel(
        layer=INPUT_ROWS,
        kind="copy",
        dims=tuple(shape[dim] for dim in dims),
        result_dims=len(dims),
        maps=(same, same),
        stages=(Stage(body, function.args, tuple(range(len(dims)))),),
    )
    return create_call(kernel, [rows], alloc_tensor(rows.type))
