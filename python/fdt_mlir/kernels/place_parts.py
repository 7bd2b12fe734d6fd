"""fdt-place-parts: the parts of a concatenation are written where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import KERNEL_OP, destination_of, inputs_of
from fdt_mlir.normalize.parts import Part, insert_chain, last_inserts, part_of
from fdt_mlir.normalize.structured import defined_functions, producer, shape_of
from fdt_mlir.passes import Pass


@dataclass(frozen=True)
class PlacePartsPass(Pass):
    """Let each kernel whose result is only inserted into a tensor write into that tensor.

    Requires: kernel form (fdt-form-kernels).
    Ensures: a concatenation is one tensor, created before the first kernel that writes a part of
        it; each part's kernel has a slice of it as destination and is followed at once by the
        insertion, so that bufferization copies nothing.
    Fails when: never; a part that no kernel computes keeps its place (see fdt-expose-copies).
    """

    name: ClassVar[str] = "fdt-place-parts"

    def run(self, module: ir.Module) -> None:
        for function in defined_functions(module):
            for block in function.regions[0].blocks:
                for last in last_inserts(block):
                    _place(block, insert_chain(last))


def _place(block: ir.Block, chain: Sequence[ir.Operation]) -> None:
    found = [part_of(insert) for insert in chain]
    parts = [part for part in found if part is not None and part.source.name == KERNEL_OP]
    if len(parts) != len(chain):
        return
    position = {op.operation: number for number, op in enumerate(block.operations)}
    parts.sort(key=lambda part: position[part.source])
    readers = [(use.owner, use.operand_number) for use in chain[-1].results[0].uses]
    tensor = _start(chain, parts, position)
    for part in parts:
        tensor = _write(part, tensor)
    for reader, number in readers:
        reader.operation.operands[number] = tensor


def _start(
    chain: Sequence[ir.Operation], parts: Sequence[Part], position: Mapping[ir.Operation, int]
) -> ir.Value:
    """The tensor that the parts are written into, before the first of them is."""
    start = chain[0].operands[1]
    source = producer(start)
    if source is None or source.name != "tensor.empty":
        assert source is None or position[source] < position[parts[0].source]
        return start
    with ir.InsertionPoint(parts[0].source), chain[0].location:
        return ir.Operation.create(
            "bufferization.alloc_tensor",
            results=[start.type],
            attributes={"operandSegmentSizes": ir.DenseI32ArrayAttr.get([0, 0, 0])},
        ).results[0]


def _write(part: Part, tensor: ir.Value) -> ir.Value:
    """Make the part's kernel write into `tensor`; gives the tensor with the part in it."""
    call = part.source
    own = producer(destination_of(call))
    with ir.InsertionPoint(call), part.insert.location:
        place = _slice(part.insert, tensor)
        for reshape in part.reshapes:
            place = _undo(reshape, place)
    call.operands[len(inputs_of(call))] = place
    if own is not None and not list(own.results[0].uses):
        own.erase()
    previous = call
    for op in (*reversed(part.reshapes), part.insert):
        op.move_after(previous)
        previous = op
    part.insert.operands[1] = tensor
    return part.insert.results[0]


def _slice(insert: ir.Operation, tensor: ir.Value) -> ir.Value:
    names = ("static_offsets", "static_sizes", "static_strides")
    attributes = {name: insert.attributes[name] for name in names}
    attributes["operandSegmentSizes"] = ir.DenseI32ArrayAttr.get([1, 0, 0, 0])
    part_type = insert.operands[0].type
    return ir.Operation.create("tensor.extract_slice", [part_type], [tensor], attributes).results[0]


def _undo(reshape: ir.Operation, value: ir.Value) -> ir.Value:
    """The inverse of a reshape, applied to `value`."""
    before = reshape.operands[0]
    attributes = {"reassociation": reshape.attributes["reassociation"]}
    if reshape.name == "tensor.expand_shape":
        return ir.Operation.create(
            "tensor.collapse_shape", [before.type], [value], attributes
        ).results[0]
    attributes["static_output_shape"] = ir.DenseI64ArrayAttr.get(list(shape_of(before)))
    return ir.Operation.create("tensor.expand_shape", [before.type], [value], attributes).results[0]
