"""Make `linalg.generic` operations, at the current insertion point and location."""

from collections.abc import Mapping, Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.normalize.structured import element_type, shape_of


def create_generic(
    inputs: Sequence[ir.Value],
    init: ir.Value,
    maps: Sequence[ir.AffineMap],
    iterators: Sequence[ir.Attribute],
    attributes: Mapping[str, ir.Attribute] | None = None,
) -> ir.Operation:
    """Create one with one result, whose region is still empty.

    `maps` has one map per input and, last, that of the result.
    """
    return ir.Operation.create(
        "linalg.generic",
        results=[init.type],
        operands=[*inputs, init],
        attributes={
            "indexing_maps": ir.ArrayAttr.get([ir.AffineMapAttr.get(m) for m in maps]),
            "iterator_types": ir.ArrayAttr.get(list(iterators)),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(inputs), 1]),
            **(attributes or {}),
        },
        regions=1,
    )


def iterator_type(kind: str) -> ir.Attribute:
    """The attribute of a loop that is `parallel` or a `reduction`."""
    return ir.Attribute.parse(f"#linalg.iterator_type<{kind}>")


def add_body(generic: ir.Operation) -> ir.Block:
    """Give it its block: one argument for an element of each operand."""
    return generic.regions[0].blocks.append(*(element_type(value) for value in generic.operands))


def create_copy(value: ir.Value, attributes: Mapping[str, ir.Attribute] | None = None) -> ir.Value:
    """Copy a tensor to a new one: an identity map."""
    rank = len(shape_of(value))
    empty = ir.Operation.create("tensor.empty", [value.type]).results[0]
    identity = ir.AffineMap.get_identity(rank)
    parallel = [iterator_type("parallel")] * rank
    copy = create_generic([value], empty, [identity, identity], parallel, attributes)
    body = add_body(copy)
    with ir.InsertionPoint(body):
        ir.Operation.create("linalg.yield", operands=[body.arguments[0]])
    return copy.results[0]
