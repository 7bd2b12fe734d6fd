"""State that outlives an inference: set at first, and put where the next inference finds it."""

from __future__ import annotations

from dataclasses import dataclass

from fdt_mlir.allocate.memories import arena_names, arena_of
from fdt_mlir.allocate.promises import state_values
from fdt_mlir.attributes import integers
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.kernel_functions import create_function
from fdt_mlir.emitc.statements import Pointer, index, load, loop, named, store
from fdt_mlir.emitc.types import int_type, pointer_to
from fdt_mlir.emitc.values import constant, create
from fdt_mlir.normalize.structured import tensor_bytes


@dataclass(frozen=True)
class Place:
    """A place in an arena: its bytes, and how many of them come before."""

    base: ir.Value
    offset: int

    @property
    def bytes(self) -> Pointer:
        return Pointer(self.base, int_type(8))


def copy_bytes(target: Place, source: Place, size_bytes: int) -> None:
    """Copy bytes from one place to another; they do not overlap."""
    with loop("byte", index(0), index(size_bytes)) as byte:
        store(target.bytes, byte + target.offset, load(source.bytes, byte + source.offset))


def write_reset(model: str, entry: ir.Operation, block: ir.Block) -> None:
    """Write `void <model>_reset(void *arena)`, where the model has state."""
    values = state_values(entry)
    if not values:
        return
    void_pointer = ir.Type.parse('!emitc.ptr<!emitc.opaque<"void">>')
    names = arena_names(entry)
    parameters = [void_pointer] * len(names)
    with ir.InsertionPoint(block), ir.Location.unknown():
        function = create_function(f"{model}_reset", parameters, [])
    locations = [named(name) for name in names]
    body = function.regions[0].blocks.append(*parameters, arg_locs=locations)
    arguments = list(entry.regions[0].blocks[0].arguments)
    offsets = integers(entry, "fdt.input_offsets")
    first = len(arguments) - len(values)
    with ir.InsertionPoint(body), ir.Location.unknown():
        for state, offset, value in zip(arguments[first:], offsets[first:], values, strict=True):
            with named("base"):
                arena = body.arguments[arena_of(entry, state)]
                base = create("cast", [pointer_to(int_type(8))], [arena]).results[0]
            with loop("byte", index(0), index(tensor_bytes(state))) as byte:
                place = Place(base, offset)
                store(place.bytes, byte + offset, constant(value, int_type(8)))
        create("return")
