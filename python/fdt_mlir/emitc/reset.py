"""State that outlives an inference: set at first, and put where the next inference finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.allocate.memories import arena_of
from fdt_mlir.allocate.states import state_contents, state_values
from fdt_mlir.attributes import integers
from fdt_mlir.bindings import constant_array, ir
from fdt_mlir.emitc.constant_arrays import array_pointer, declare_array
from fdt_mlir.emitc.model_function import arena_parameters, bases_of, model_function
from fdt_mlir.emitc.statements import Pointer, address, index, load, loop, named, return_, store
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

    def pointer(self, element_type: ir.Type) -> Pointer:
        """The place as elements of a type."""
        place = address(self.bytes, index(self.offset))
        target = pointer_to(element_type)
        if place.type != target:
            with named("state"):
                place = create("cast", [target], [place]).results[0]
        return Pointer(place, element_type)


def copy_bytes(target: Place, source: Place, size_bytes: int) -> None:
    """Copy bytes from one place to another; they do not overlap."""
    with loop("byte", index(0), index(size_bytes)) as byte:
        store(target.bytes, byte + target.offset, load(source.bytes, byte + source.offset))


def declare_contents(model: str, entry: ir.Operation, block: ir.Block) -> None:
    """Declare an array for each state that is not filled with a byte at first."""
    for number, contents in enumerate(state_contents(entry)):
        if contents is not None:
            name, data = _contents_name(model, number), constant_array(contents)
            with ir.InsertionPoint(block):
                declare_array(name, _element_type(contents), data, "a state at first")


def write_reset(model: str, entry: ir.Operation, block: ir.Block) -> None:
    """Write `void <model>_reset(void *arena)`, where the model has state."""
    if not state_values(entry):
        return
    with model_function(block, f"{model}_reset", arena_parameters(entry)) as (_, arenas):
        fill_states(model, entry, bases_of(entry, arenas))
        return_()


def fill_states(model: str, entry: ir.Operation, bases: Sequence[ir.Value]) -> None:
    """Fill every state with what it is at first, once its contents are declared."""
    values, contents = state_values(entry), state_contents(entry)
    arguments = list(entry.regions[0].blocks[0].arguments)
    offsets = integers(entry, "fdt.input_offsets")
    first = len(arguments) - len(values)
    for number, (state, offset) in enumerate(zip(arguments[first:], offsets[first:], strict=True)):
        place, known = Place(bases[arena_of(entry, state)], offset), contents[number]
        if known is not None:
            _copy_array(
                array_pointer(_contents_name(model, number), _element_type(known)), known, place
            )
            continue
        with loop("byte", index(0), index(tensor_bytes(state))) as byte:
            store(place.bytes, byte + offset, constant(values[number], int_type(8)))


def _copy_array(source: Pointer, contents: ir.DenseElementsAttr, target: Place) -> None:
    elements = target.pointer(source.element_type)
    with loop("n", index(0), index(len(contents))) as n:
        store(elements, n, load(source, n))


def _contents_name(model: str, number: int) -> str:
    return f"{model}_state_{number}"


def _element_type(contents: ir.DenseElementsAttr) -> ir.Type:
    assert isinstance(contents.type, ir.ShapedType)
    return contents.type.element_type
