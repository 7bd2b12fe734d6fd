"""Read-only views of structured operations: iteration spaces, indexing maps, uses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fdt_mlir.attributes import integer, integers, items
from fdt_mlir.bindings import ir
from fdt_mlir.passes import op_error

PARALLEL = "#linalg.iterator_type<parallel>"
REDUCTION = "#linalg.iterator_type<reduction>"


@dataclass(frozen=True)
class Structured:
    """A `linalg.generic` with one result.

    `maps` has one map per input and, last, that of the result; `iterators` holds `parallel` or
    `reduction` for each loop; `extents` the trip count of each loop.
    """

    op: ir.Operation
    inputs: tuple[ir.Value, ...]
    init: ir.Value
    maps: tuple[ir.AffineMap, ...]
    iterators: tuple[str, ...]
    extents: tuple[int, ...]

    @property
    def result(self) -> ir.Value:
        return self.op.results[0]

    @property
    def is_reduction(self) -> bool:
        return "reduction" in self.iterators

    @property
    def reads_init(self) -> bool:
        """Whether the body uses the value that the result had before."""
        body = self.op.regions[0].blocks[0]
        return next(iter(body.arguments[len(self.inputs)].uses), None) is not None


def defined_functions(module: ir.Module) -> list[ir.Operation]:
    """The functions of a module that have a body."""
    functions = [op.operation for op in module.body.operations]
    return [op for op in functions if op.name == "func.func" and len(op.regions[0].blocks) > 0]


def structured(op: ir.Operation) -> Structured | None:
    """View `op`, or None where it is no `linalg.generic` of static shape with one result."""
    if op.name != "linalg.generic" or len(op.results) != 1:
        return None
    maps = tuple(ir.AffineMapAttr(attr).value for attr in items(op, "indexing_maps"))
    iterators = tuple(
        "parallel" if str(attr) == PARALLEL else "reduction" for attr in items(op, "iterator_types")
    )
    operands = tuple(op.operands)
    return Structured(
        op=op,
        inputs=operands[:-1],
        init=operands[-1],
        maps=maps,
        iterators=iterators,
        extents=_extents(maps, operands, len(iterators)),
    )


def _extents(
    maps: Sequence[ir.AffineMap], operands: Sequence[ir.Value], loops: int
) -> tuple[int, ...]:
    """Find each loop's trip count from an operand dimension that the loop indexes alone."""
    extents: list[int | None] = [None] * loops
    for affine_map, operand in zip(maps, operands, strict=True):
        if not isinstance(operand.type, ir.RankedTensorType):
            continue
        for expr, extent in zip(affine_map.results, operand.type.shape, strict=True):
            if isinstance(expr, ir.AffineDimExpr):
                extents[expr.position] = extent
    assert None not in extents, "a loop that no operand dimension bounds"
    return tuple(extent for extent in extents if extent is not None)


def without_units(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape without its extents of 1."""
    return tuple(extent for extent in shape if extent != 1)


def kept_dims(sizes: Sequence[int], shape: Sequence[int]) -> list[int]:
    """The dimensions of a slice that its tensor of `shape` has: some of extent 1 may be dropped."""
    droppable = len(sizes) - len(shape)
    kept: list[int] = []
    for dim, size in enumerate(sizes):
        if droppable and size == 1 and (len(kept) == len(shape) or shape[len(kept)] != 1):
            droppable -= 1
        else:
            kept.append(dim)
    return kept


def shape_of(value: ir.Value) -> tuple[int, ...]:
    """The static shape of a tensor or memref value; () for scalars."""
    return tuple(value.type.shape) if isinstance(value.type, ir.ShapedType) else ()


def producer(value: ir.Value) -> ir.Operation | None:
    """The operation that computes `value`; None for block arguments."""
    owner = value.owner
    return None if isinstance(owner, ir.Block) else owner.operation


def is_carried(value: ir.Value) -> bool:
    """Whether `value` is the tensor that a loop carries from tile to tile, or a slice of it."""
    op = producer(value)
    while op is not None and op.name == "tensor.extract_slice":
        value = op.operands[0]
        op = producer(value)
    return isinstance(value.owner, ir.Block) and value.owner.owner.operation.name == "scf.for"


def users(value: ir.Value) -> list[ir.Operation]:
    """The operations that use `value`, each once, as they appear in the use list."""
    found: list[ir.Operation] = []
    for use in value.uses:
        owner = use.owner.operation
        if owner not in found:
            found.append(owner)
    return found


def is_unit_reshape(op: ir.Operation) -> bool:
    """Whether `op` only adds or removes dimensions of extent 1: the same elements, same order."""
    if op.name not in ("tensor.collapse_shape", "tensor.expand_shape"):
        return False
    before, after = shape_of(op.operands[0]), shape_of(op.results[0])
    return [n for n in before if n != 1] == [n for n in after if n != 1]


def pad_amounts(op: ir.Operation) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Elements that a `tensor.pad` adds before and after each dimension; negative ones crop.

    Raises CompileError where an amount is computed by the model.
    """
    # NOTE: amounts that are constants in operands stay there; no pattern makes them attributes.
    operands = iter(op.operands[1:])
    low, high = (
        tuple(_amount(op, amount, operands) for amount in integers(op, name))
        for name in ("static_low", "static_high")
    )
    return low, high


def _amount(op: ir.Operation, static: int, operands: Iterator[ir.Value]) -> int:
    if static != ir.ShapedType.get_dynamic_size():
        return static
    constant = producer(next(operands))
    if constant is None or constant.name != "arith.constant":
        raise op_error(op, "the amount of padding is computed by the model, a constant is needed")
    return integer(constant, "value")


def is_constant(value: ir.Value) -> bool:
    """Whether `value` is known at compile time, or a tile of what is."""
    op = producer(value)
    while op is not None and op.name == "tensor.extract_slice":
        op = producer(op.operands[0])
    return op is not None and op.name == "arith.constant"


def is_splat(value: ir.Value) -> bool:
    """Whether `value` is a constant tensor whose elements are all equal."""
    op = producer(value)
    if op is None or op.name != "arith.constant":
        return False
    data = op.attributes["value"]
    return isinstance(data, ir.DenseElementsAttr) and data.is_splat


def element_type(value: ir.Value) -> ir.Type:
    """The element type of a tensor or memref value."""
    assert isinstance(value.type, ir.ShapedType), f"{value.type} has no elements"
    return value.type.element_type


def element_bytes(scalar: ir.Type) -> int:
    """Storage of one element; sub-byte integers take a byte."""
    if isinstance(scalar, (ir.IntegerType, ir.FloatType)):
        return max(1, scalar.width // 8)
    if isinstance(scalar, ir.IndexType):
        return 4
    raise ValueError(f"no size is known for {scalar}")


def tensor_bytes(value: ir.Value) -> int:
    """Storage of a static tensor or memref, in bytes."""
    total = element_bytes(element_type(value))
    for extent in shape_of(value):
        total *= extent
    return total
