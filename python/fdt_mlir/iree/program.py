"""A planned function as dispatches and the loops around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from fdt_mlir.allocate.lifetimes import loop_bounds
from fdt_mlir.attributes import integer, string
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import KERNEL_OP, destination_of, inputs_of
from fdt_mlir.kernels.operands import view_of
from fdt_mlir.normalize.names import unique_name
from fdt_mlir.normalize.structured import producer
from fdt_mlir.passes import op_error


@dataclass(frozen=True)
class Resource:
    """Memory of which a dispatch gets a binding: the arena, or an input or output by number."""

    kind: Literal["arena", "input", "output"]
    number: int = 0

    @property
    def name(self) -> str:
        return self.kind if self.kind == "arena" else f"{self.kind}_{self.number}"


@dataclass(frozen=True)
class Place:
    """Where a buffer is: its resource, and the bytes before it."""

    resource: Resource
    offset_bytes: int = 0


@dataclass(frozen=True)
class Dispatch:
    """Kernel calls that IREE runs as one: a call of the straight program, or all of a tile.

    `counters` are those of the loops around it, outermost first.
    """

    name: str
    calls: tuple[ir.Operation, ...]
    counters: tuple[ir.Value, ...]
    resources: tuple[Resource, ...]


@dataclass(frozen=True)
class TileLoop:
    """A loop from `first` to before `end`."""

    first: int
    end: int
    step: int
    body: tuple[Item, ...]


Item = Dispatch | TileLoop


@dataclass(frozen=True)
class Program:
    """All that the host code does, and the tensors at its edges (arguments and returned buffers).

    `outputs` gives the resource of each result of the model.
    """

    items: tuple[Item, ...]
    inputs: tuple[ir.Value, ...]
    outputs: tuple[Resource, ...]
    results: tuple[ir.Value, ...]
    arena_bytes: int

    def dispatches(self) -> Iterator[Dispatch]:
        """All dispatches, in program order."""
        pending: list[Item] = list(reversed(self.items))
        while pending:
            item = pending.pop()
            if isinstance(item, Dispatch):
                yield item
            else:
                pending += reversed(item.body)


class Places:
    """Where the buffers of a function are, once the arena is planned without inputs and outputs."""

    def __init__(self, function: ir.Operation):
        self._arguments = list(function.regions[0].blocks[0].arguments)
        terminator = list(function.regions[0].blocks[0].operations)[-1].operation
        self.results = [view_of(value).base for value in terminator.operands]
        self._outputs = list(dict.fromkeys(self.results))

    def of(self, base: ir.Value) -> Place | None:
        """The place of a buffer; None for a constant.

        Raises CompileError where the buffer has none.
        """
        if isinstance(base, ir.BlockArgument):
            return Place(Resource("input", self._arguments.index(base)))
        op = producer(base)
        assert op is not None
        if op.name == "memref.get_global":
            return None
        if base in self._outputs:
            return Place(Resource("output", self._outputs.index(base)))
        if "fdt.offset" not in op.attributes:
            raise op_error(
                op, "the buffer has no place in the arena", "run fdt-plan-arena{external-io=1}"
            )
        return Place(Resource("arena"), integer(op, "fdt.offset"))


def read_program(function: ir.Operation) -> Program:
    """Read the program of a planned function.

    Raises CompileError where a result of the model is one of its inputs or a constant.
    """
    places = Places(function)
    outputs: list[Resource] = []
    for value in places.results:
        place = places.of(value)
        if place is None or place.resource.kind != "output":
            raise op_error(
                function,
                "a result of the model is one of its inputs or a constant, which an IREE module"
                " cannot hand over",
                "leave it out with --outputs",
            )
        outputs.append(place.resource)
    block = function.regions[0].blocks[0]
    names: list[str] = []
    return Program(
        items=_items(block, (), places, names),
        inputs=tuple(block.arguments),
        outputs=tuple(outputs),
        results=tuple(places.results),
        arena_bytes=integer(function, "fdt.arena_bytes"),
    )


def _items(
    block: ir.Block, counters: tuple[ir.Value, ...], places: Places, names: list[str]
) -> tuple[Item, ...]:
    """The calls of a tile are one dispatch; those of the straight program one each."""
    items: list[Item] = []
    pending: list[ir.Operation] = []

    def flush() -> None:
        if pending:
            items.append(_dispatch(pending, counters, places, names))
            pending.clear()

    for operation in block.operations:
        op = operation.operation
        if op.name == KERNEL_OP:
            pending.append(op)
            if not counters:
                flush()
        elif op.name == "scf.for":
            flush()
            body = op.regions[0].blocks[0]
            inner = _items(body, (*counters, body.arguments[0]), places, names)
            items.append(TileLoop(*loop_bounds(op), inner))
    flush()
    return tuple(items)


def _dispatch(
    calls: Sequence[ir.Operation],
    counters: tuple[ir.Value, ...],
    places: Places,
    names: list[str],
) -> Dispatch:
    layers = [string(call, "fdt.layer") for call in calls]
    name = unique_name("_to_".join(dict.fromkeys((layers[0], layers[-1]))), names)
    names.append(name)
    resources: dict[Resource, None] = {}
    for call in calls:
        for value in (*inputs_of(call), destination_of(call)):
            place = places.of(view_of(value).base)
            if place is not None:
                resources[place.resource] = None
    return Dispatch(name, tuple(calls), counters, tuple(resources))
