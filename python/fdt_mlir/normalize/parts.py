"""Tensors that are slices of others: where their elements lie, and who computes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.attributes import integer_of, integers, items, items_of
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import kept_dims, producer, shape_of

RESHAPES = ("tensor.collapse_shape", "tensor.expand_shape")


@dataclass(frozen=True)
class Place:
    """The elements of a tensor inside the memory of another: extents, strides in elements."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def expand(self, groups: Sequence[Sequence[int]], shape: Sequence[int]) -> Place:
        """Split each dimension into the dimensions of a group; always possible."""
        strides = [0] * len(shape)
        for group, step in zip(groups, self.strides, strict=True):
            for dim in reversed(group):
                strides[dim] = step
                step *= shape[dim]
        return Place(tuple(shape), tuple(strides))

    def collapse(self, groups: Sequence[Sequence[int]]) -> Place | None:
        """Join the dimensions of each group; None where their elements do not follow each other."""
        joined: list[tuple[int, int]] = []
        for group in groups:
            extent, step = 1, None
            for dim in reversed(group):
                if self.shape[dim] == 1:
                    continue
                if step is None:
                    step = self.strides[dim]
                elif self.strides[dim] != step * extent:
                    return None
                extent *= self.shape[dim]
            joined.append((extent, 1 if step is None else step))
        return Place(tuple(extent for extent, _ in joined), tuple(step for _, step in joined))


def whole(shape: Sequence[int]) -> Place:
    """The place of a tensor in a buffer of its own."""
    flat = Place((0,), (1,))  # the extent of what is expanded does not matter
    return flat.expand([range(len(shape))], shape)


def slice_place(op: ir.Operation, of: Place) -> Place | None:
    """Where the small tensor of an `extract_slice` or `insert_slice` lies in the large one.

    None where a size or stride is computed by the model.
    """
    small = op.results[0] if op.name == "tensor.extract_slice" else op.operands[0]
    sizes, steps = integers(op, "static_sizes"), integers(op, "static_strides")
    if ir.ShapedType.get_dynamic_size() in (*sizes, *steps):
        return None
    kept = kept_dims(sizes, shape_of(small))
    strides = tuple(of.strides[dim] * steps[dim] for dim in kept)
    return Place(shape_of(small), strides)


def reshaped(op: ir.Operation, place: Place, backwards: bool = False) -> Place | None:
    """The place of a reshape's result, given that of its operand; or backwards.

    None where the reshape would have to move elements.
    """
    groups = [items_of(group) for group in items(op, "reassociation")]
    indices = [[integer_of(index) for index in group] for group in groups]
    collapses = op.name == "tensor.collapse_shape"
    if collapses != backwards:
        return place.collapse(indices)
    target = op.operands[0] if backwards else op.results[0]
    return place.expand(indices, shape_of(target))


@dataclass(frozen=True)
class Part:
    """What an `insert_slice` puts into a tensor.

    `source` computes it, for this place alone; `reshapes` lie between, the last of them first.
    """

    insert: ir.Operation
    reshapes: tuple[ir.Operation, ...]
    source: ir.Operation


def part_of(insert: ir.Operation) -> Part | None:
    """Find who could write its result straight into the slice of an `insert_slice`.

    None where somebody else reads that result too, where it is an argument or constant, or where
    a reshape on the way cannot be done on the slice.
    """
    place = slice_place(insert, whole(shape_of(insert.results[0])))
    value = insert.operands[0]
    reshapes: list[ir.Operation] = []
    while place is not None and len(list(value.uses)) == 1:
        source = producer(value)
        if source is None or source.name == "arith.constant":
            return None
        if source.name not in RESHAPES:
            return Part(insert, tuple(reshapes), source)
        reshapes.append(source)
        place = reshaped(source, place, backwards=True)
        value = source.operands[0]
    return None


def insert_chain(last: ir.Operation) -> list[ir.Operation]:
    """The `insert_slice` operations that fill one tensor one after the other, ending in `last`."""
    chain = [last]
    while True:
        before = producer(chain[0].operands[1])
        if before is None or before.name != "tensor.insert_slice":
            return chain
        if len(list(before.results[0].uses)) != 1:
            return chain
        chain.insert(0, before)


def last_inserts(block: ir.Block) -> list[ir.Operation]:
    """The ends of all chains of `insert_slice` in a block, in program order."""
    inserts = [
        op.operation for op in block.operations if op.operation.name == "tensor.insert_slice"
    ]
    inner = {op for last in inserts for op in insert_chain(last)[:-1]}
    return [op for op in inserts if op not in inner]
