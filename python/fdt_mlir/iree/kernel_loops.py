"""A kernel call as loops over memory: what IREE compiles for the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fdt_mlir.bindings import ir
from fdt_mlir.iree.float_extremes import expand_extreme
from fdt_mlir.iree.index_values import (
    Index,
    add,
    as_value,
    compare,
    constant,
    divide_up,
    maximum,
    minimum,
    multiply,
    remainder,
    subtract,
)
from fdt_mlir.kernels.access import Access, Linear
from fdt_mlir.kernels.borders import clipping_dim, pad_of
from fdt_mlir.kernels.kernel import Kernel, Stage
from fdt_mlir.kernels.loops import result_order


@dataclass(frozen=True)
class Operand:
    """An operand's memory: all of its buffer as elements in a row, and where the operand begins.

    `access` says which element a point of the iteration space reads. A `table` is indexed by the
    scalar functions themselves.
    """

    memory: ir.Value
    start: Index
    access: Access
    table: bool = False


@dataclass
class KernelLoops:
    """Writes the loops of one call at the current insertion point.

    The order of the loops is the traversal that the plan reckons with: all that an element needs
    is read before it is written, element by element.

    `operands` has the result last; `bounds` holds begin and end of each slice; `functions` are the
    scalar functions by name.
    """

    kernel: Kernel
    operands: Sequence[Operand]
    bounds: Sequence[Index]
    functions: Mapping[str, ir.Operation]
    _loops: dict[int, Index] = field(default_factory=dict[int, Index], init=False)
    _stages: dict[int, ir.Value] = field(default_factory=dict[int, ir.Value], init=False)

    def write(self) -> None:
        """Write all of the call's loops."""
        self._open(result_order(self.kernel))

    def _open(self, dims: Sequence[int]) -> None:
        before = dict(self._stages)
        self._run_ready_stages(len(self.kernel.stages))
        if not dims:
            self._store()
        else:
            dim, *inner = dims

            def body(counter: ir.Value) -> None:
                last = self.kernel.dims[dim] - 1
                self._loops[dim] = subtract(last, counter) if self.kernel.reverse else counter
                self._open(inner)
                del self._loops[dim]

            low, high = self._slice(dim)
            write_loop(low, high, body)
        self._stages = before

    def _slice(self, dim: int) -> tuple[Index, Index]:
        """The range of a loop: all of it, or what the call's scalars say."""
        if dim not in self.kernel.slices:
            return 0, self.kernel.dims[dim]
        position = 2 * self.kernel.slices.index(dim)
        return self.bounds[position], self.bounds[position + 1]

    def _store(self) -> None:
        target = self.operands[-1]
        value = self._stages[len(self.kernel.stages) - 1]
        where = as_value(self._element(len(self.operands) - 1))
        ir.Operation.create("memref.store", operands=[value, target.memory, where])

    # Stages

    def _run_ready_stages(self, end: int) -> None:
        """Run those of the first `end` stages whose loops are open."""
        for number, stage in enumerate(self.kernel.stages[:end]):
            if number not in self._stages and set(stage.over) <= set(self._loops):
                self._stages[number] = self._run(number, stage)

    def _run(self, number: int, stage: Stage) -> ir.Value:
        if not stage.reduces:
            return self._evaluate(stage, stage.body, stage.args)
        assert stage.init is not None
        start = self._evaluate(stage, stage.init, stage.init_args)
        return self._reduce(number, stage, list(stage.reduces), start)

    def _reduce(
        self, number: int, stage: Stage, dims: Sequence[int], accumulator: ir.Value
    ) -> ir.Value:
        before = dict(self._stages)
        self._run_ready_stages(number)
        if dims:
            dim, *inner = dims

            def body(counter: ir.Value, carried: ir.Value) -> ir.Value:
                self._loops[dim] = counter
                result = self._reduce(number, stage, inner, carried)
                del self._loops[dim]
                return result

            low, high = self._clipped(dim, stage)
            total = write_reduction(low, high, accumulator, body)
        else:
            total = self._evaluate(stage, stage.body, stage.args, accumulator)
        self._stages = before
        return total

    def _evaluate(
        self, stage: Stage, function: str, names: Sequence[str], accumulator: ir.Value | None = None
    ) -> ir.Value:
        arguments = [self._argument(stage, name, accumulator) for name in names]
        return _inlined(self.functions[function], arguments)

    def _argument(self, stage: Stage, name: str, accumulator: ir.Value | None) -> ir.Value:
        if name == "acc":
            assert accumulator is not None
            return accumulator
        if name == "out":
            return self._load(len(self.operands) - 1)
        kind, _, number = name.partition(":")
        position = int(number)
        if kind == "table":
            return self.operands[position].memory
        if kind == "stage":
            return self._stages[position]
        if kind == "dim":
            return as_value(self._loops[position])
        return self._padded(stage, position)

    # Elements and borders

    def _padded(self, stage: Stage, operand: int) -> ir.Value:
        """The element of an operand, or what it reads as beyond its border."""
        leaving = [
            subscript
            for subscript in self.operands[operand].access.leaving(self.kernel.dims)
            if clipping_dim(self.kernel, stage, operand, subscript) is None
        ]
        if not leaving:
            return self._load(operand)
        pad = pad_of(self.kernel, operand)
        assert pad is not None, "an operand that is read beyond its border without a pad"
        conditions: list[ir.Value] = []
        for subscript in leaving:
            position = self._position(subscript.position)
            conditions += [
                compare("sge", position, 0),
                compare("slt", position, subscript.extent),
            ]
        inside = conditions[0]
        for condition in conditions[1:]:
            both = [inside, condition]
            inside = ir.Operation.create("arith.andi", [inside.type], both).results[0]
        return _when(
            inside,
            self._element_type(operand),
            lambda: self._load(operand),
            lambda: constant(pad.value),
        )

    def _load(self, operand: int) -> ir.Value:
        operands = [self.operands[operand].memory, as_value(self._element(operand))]
        loaded = ir.Operation.create("memref.load", [self._element_type(operand)], operands)
        return loaded.results[0]

    def _element_type(self, operand: int) -> ir.Type:
        memory = self.operands[operand].memory.type
        assert isinstance(memory, ir.MemRefType)
        return memory.element_type

    def _element(self, operand: int) -> Index:
        """Where the current element of an operand is in its memory, in elements."""
        access = self.operands[operand].access
        total = add(
            self.operands[operand].start, self._position(access.linear(len(self.kernel.dims)))
        )
        for ring in access.rings():
            place = remainder(self._position(ring.position), ring.size)
            total = add(total, multiply(place, ring.stride))
        return total

    def _position(self, position: Linear, without: int | None = None) -> Index:
        """Where the opened loops have led, one of them left out."""
        total: Index = position.constant
        for dim, coefficient in enumerate(position.coefficients):
            if coefficient and dim != without:
                total = add(total, multiply(self._loops[dim], coefficient))
        return total

    def _clipped(self, dim: int, stage: Stage) -> tuple[Index, Index]:
        """The part of a window that lies inside the operands, where padding is neutral."""
        low, high = self._slice(dim)
        for pad in self.kernel.pads:
            for subscript in self.operands[pad.operand].access.leaving(self.kernel.dims):
                if clipping_dim(self.kernel, stage, pad.operand, subscript) != dim:
                    continue
                step = subscript.position.coefficients[dim]
                origin = self._position(subscript.position, without=dim)
                low = maximum(low, divide_up(subtract(0, origin), step))
                high = minimum(high, divide_up(subtract(subscript.extent, origin), step))
        return low, high


def write_loop(low: Index, high: Index, body: Callable[[ir.Value], None]) -> ir.Operation:
    """`for counter in [low, high)`: `body` writes what the loop holds."""
    loop = ir.Operation.create(
        "scf.for", operands=[as_value(low), as_value(high), as_value(1)], regions=1
    )
    block = loop.regions[0].blocks.append(ir.IndexType.get())
    with ir.InsertionPoint(block):
        body(block.arguments[0])
        ir.Operation.create("scf.yield")
    return loop


def write_reduction(
    low: Index, high: Index, start: ir.Value, body: Callable[[ir.Value, ir.Value], ir.Value]
) -> ir.Value:
    """The same with a carried value: `body` takes it and gives its next one."""
    bounds = [as_value(low), as_value(high), as_value(1)]
    loop = ir.Operation.create("scf.for", [start.type], [*bounds, start], regions=1)
    block = loop.regions[0].blocks.append(ir.IndexType.get(), start.type)
    with ir.InsertionPoint(block):
        following = body(block.arguments[0], block.arguments[1])
        ir.Operation.create("scf.yield", operands=[following])
    return loop.results[0]


def _when(
    condition: ir.Value,
    result_type: ir.Type,
    then: Callable[[], ir.Value],
    otherwise: Callable[[], ir.Value],
) -> ir.Value:
    branch = ir.Operation.create("scf.if", [result_type], [condition], regions=2)
    for region, write in zip(branch.regions, (then, otherwise), strict=True):
        with ir.InsertionPoint(region.blocks.append()):
            ir.Operation.create("scf.yield", operands=[write()])
    return branch.results[0]


def _inlined(function: ir.Operation, arguments: Sequence[ir.Value]) -> ir.Value:
    """What a scalar function computes of these arguments, at the current insertion point."""
    block = function.regions[0].blocks[0]
    known: dict[ir.Value, ir.Value] = dict(zip(block.arguments, arguments, strict=True))
    *operations, terminator = (operation.operation for operation in block.operations)
    for op in operations:
        operands = [known[operand] for operand in op.operands]
        extreme = expand_extreme(op.name, *operands) if len(operands) == 2 else None
        if extreme is not None:
            known[op.results[0]] = extreme
            continue
        copy = op.clone().operation
        for number, operand in enumerate(operands):
            copy.operands[number] = operand
        known.update(zip(op.results, copy.results, strict=True))
    return known[terminator.operands[0]]
