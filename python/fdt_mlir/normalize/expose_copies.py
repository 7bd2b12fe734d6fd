"""fdt-expose-copies: where data has to move, an operation says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.allocate.states import state_values
from fdt_mlir.attributes import integers
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.generic import create_copy
from fdt_mlir.normalize.parts import (
    RESHAPES,
    Place,
    insert_chain,
    last_inserts,
    part_of,
    reshaped,
    slice_place,
    whole,
)
from fdt_mlir.normalize.structured import (
    defined_functions,
    producer,
    shape_of,
    structured,
)
from fdt_mlir.passes import Pass

_MOVED = ("tensor.extract_slice", "arith.constant")


@dataclass(frozen=True)
class ExposeCopiesPass(Pass):
    """Insert an identity `linalg.generic` wherever a tensor needs a second place in memory.

    Requires: linalg.generic and tensor operations on tensors.
    Ensures: every tensor that is inserted into another (a concatenation) is computed for that
        place alone, by a structured operation or a pad; slices are read in place by such
        operations, or copied; a function returns whole tensors, never slices or constants, and what
        a state held before the inference only as that state; chains of insertions that fill part of
        another chain's tensor have become part of it.
    Fails when: never.
    """

    name: ClassVar[str] = "fdt-expose-copies"

    def run(self, module: ir.Module) -> None:
        for function in defined_functions(module):
            for block in function.regions[0].blocks:
                _expose(block, len(state_values(function)))


def _expose(block: ir.Block, state_count: int) -> None:
    """Expose the copies of a block whose last `state_count` arguments and results are state."""
    for last in last_inserts(block):
        _flatten(last)
    for last in last_inserts(block):
        _copy_parts(insert_chain(last))
    for operation in list(block.operations):
        if operation.operation.name == "tensor.extract_slice":
            place = slice_place(operation.operation, whole(shape_of(operation.operands[0])))
            _copy_before_moves(operation.operation, place)
    arguments = list(block.arguments)
    _copy_results(list(block.operations)[-1].operation, arguments[len(arguments) - state_count :])


# Concatenations


def _flatten(last: ir.Operation) -> None:
    """Where a part is itself put together from parts, insert those instead."""
    for outer in insert_chain(last):
        inner = producer(outer.operands[0])
        if inner is None or inner.name != "tensor.insert_slice" or not _is_simple(outer):
            continue
        chain = insert_chain(inner)
        if len(list(inner.results[0].uses)) == 1 and _starts_empty(chain):
            _flatten(inner)
            _insert_at_once(insert_chain(inner), outer)


def _insert_at_once(inner: Sequence[ir.Operation], outer: ir.Operation) -> None:
    target = outer.operands[1]
    with ir.InsertionPoint(outer):
        for insert in inner:
            names = ("static_sizes", "static_strides", "operandSegmentSizes")
            attributes = {name: insert.attributes[name] for name in names}
            offsets = zip(
                integers(outer, "static_offsets"), integers(insert, "static_offsets"), strict=True
            )
            attributes["static_offsets"] = ir.DenseI64ArrayAttr.get([a + b for a, b in offsets])
            target = ir.Operation.create(
                "tensor.insert_slice",
                [target.type],
                [insert.operands[0], target],
                attributes,
                loc=insert.location,
            ).results[0]
    outer.results[0].replace_all_uses_with(target)
    outer.erase()
    for insert in reversed(inner):
        insert.erase()


def _is_simple(insert: ir.Operation) -> bool:
    """Whether an insertion keeps rank and order: offsets add up."""
    static = ir.ShapedType.get_dynamic_size() not in integers(insert, "static_offsets")
    dense = all(step == 1 for step in integers(insert, "static_strides"))
    return (
        static and dense and len(shape_of(insert.operands[0])) == len(shape_of(insert.results[0]))
    )


def _starts_empty(chain: Sequence[ir.Operation]) -> bool:
    start = producer(chain[0].operands[1])
    return start is not None and start.name == "tensor.empty"


def _copy_parts(chain: Sequence[ir.Operation]) -> None:
    """Copy the parts that are not computed for their place alone.

    Where the tensor has other contents before, its parts wait until those are there, and it is
    copied itself if anybody else reads it.
    """
    into_contents = not _starts_empty(chain)
    if into_contents and not _is_computed_for(chain[0].operands[1]):
        chain[0].operands[1] = _copy(chain[0].operands[1], chain[0])
    for insert in chain:
        part = part_of(insert)
        if into_contents or part is None or not _computes(part.source):
            insert.operands[0] = _copy(insert.operands[0], insert)


def _is_computed_for(value: ir.Value) -> bool:
    """Whether a structured operation computes `value` for a single reader."""
    source = producer(value)
    return source is not None and _computes(source) and len(list(value.uses)) == 1


def _computes(op: ir.Operation) -> bool:
    return op.name == "tensor.pad" or structured(op) is not None


# Slices and results


def _copy_before_moves(op: ir.Operation, place: Place | None) -> None:
    """Copy a slice before the reshapes that cannot be a view of it."""
    value = op.results[0]
    for use in list(value.uses):
        reader = use.owner.operation
        if reader.name not in RESHAPES:
            continue
        after = reshaped(reader, place) if place is not None else None
        if after is None:
            reader.operands[0] = _copy(value, reader)
        else:
            _copy_before_moves(reader, after)


def _copy_results(terminator: ir.Operation, states: Sequence[ir.Value]) -> None:
    """Copy results that are no whole tensors, and what the end of an inference overwrites."""
    first_state = len(terminator.operands) - len(states)
    for number, value in enumerate(terminator.operands):
        origin = _origin(value)
        computed_by = producer(origin)
        is_moved = computed_by is not None and computed_by.name in _MOVED
        is_own = number >= first_state and states[number - first_state] == origin
        if is_moved or (origin in states and not is_own):
            terminator.operands[number] = _copy(value, terminator)


def _origin(value: ir.Value) -> ir.Value:
    """The value whose memory holds a value, seen through reshapes."""
    op = producer(value)
    while op is not None and op.name in RESHAPES:
        value = op.operands[0]
        op = producer(value)
    return value


def _copy(value: ir.Value, reader: ir.Operation) -> ir.Value:
    """Copy a tensor for `reader`: an identity map, named after what is copied."""
    source = producer(value)
    location = reader.location if source is None else source.location
    with ir.InsertionPoint(reader), location:
        return create_copy(value)
