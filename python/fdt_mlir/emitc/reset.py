"""State that outlives an inference: set at first, and put where the next inference finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.allocate.memories import arena_of
from fdt_mlir.allocate.promises import state_values
from fdt_mlir.attributes import integers
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.model_function import arena_parameters, bases_of, model_function
from fdt_mlir.emitc.statements import Pointer, index, load, loop, return_, store
from fdt_mlir.emitc.types import int_type
from fdt_mlir.emitc.values import constant
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
    if not state_values(entry):
        return
    with model_function(block, f"{model}_reset", arena_parameters(entry)) as (_, arenas):
        fill_states(entry, bases_of(entry, arenas))
        return_()


def fill_states(entry: ir.Operation, bases: Sequence[ir.Value]) -> None:
    """Fill every state with what it is at first."""
    values = state_values(entry)
    arguments = list(entry.regions[0].blocks[0].arguments)
    offsets = integers(entry, "fdt.input_offsets")
    first = len(arguments) - len(values)
    for state, offset, value in zip(arguments[first:], offsets[first:], values, strict=True):
        place = Place(bases[arena_of(entry, state)], offset)
        with loop("byte", index(0), index(tensor_bytes(state))) as byte:
            store(place.bytes, byte + offset, constant(value, int_type(8)))
