"""What the caller is promised of its inputs: that they stay intact, where they lie, how they come.

Promises are attributes of the model's function, so that every stage reckons with them:
`fdt.keep_inputs`, `fdt.input_pins` with an offset for each input, -1 for none, and
`fdt.stream_input` with the number of the input whose rows the caller hands over one after the
other. Where there are several memories, `fdt.input_homes` has the number of the memory, -1 for any.

State that outlives an inference is an input and an output of the function, the last ones; `states`
says what it is at first. Its input keeps its place for ever; the output is copied there at the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

from fdt_mlir.allocate.memories import read_memories
from fdt_mlir.allocate.states import state_values
from fdt_mlir.attributes import i64, integer, integers, items, string_of
from fdt_mlir.bindings import ir
from fdt_mlir.errors import UsageError
from fdt_mlir.normalize.structured import element_bytes, element_type, tensor_bytes
from fdt_mlir.planner.problem import Offset

_KEEP, _PINS, _HOMES = "fdt.keep_inputs", "fdt.input_pins", "fdt.input_homes"
_STREAM = "fdt.stream_input"
_FREE = -1
_Item = TypeVar("_Item")

Place = int | tuple[str, int]
"""Where a user wants an input: bytes from the start of the arena, perhaps that of a memory."""


@dataclass(frozen=True)
class Promises:
    """`keep_inputs`: inputs are intact after an inference.

    `state_count`: how many of the inputs, the last ones, are state that outlives an inference.
    `pins` and `homes`, by input number: offsets, and numbers of memories where there are several.
    `streamed`: the number of the input that is outside of the arena, its rows come one after the
        other; None for none.
    """

    keep_inputs: bool
    state_count: int
    pins: Mapping[int, Offset]
    homes: Mapping[int, int]
    streamed: int | None = None

    def kept(self, inputs: Sequence[_Item]) -> Sequence[_Item]:
        """Those of the function's inputs that must be intact after an inference."""
        if not self.keep_inputs:
            return inputs[len(inputs) - self.state_count :]
        return [each for number, each in enumerate(inputs) if number != self.streamed]


def read_promises(function: ir.Operation) -> Promises:
    """Read what a function promises of its inputs."""
    pins, homes = enumerate(integers(function, _PINS)), enumerate(integers(function, _HOMES))
    return Promises(
        _KEEP in function.attributes,
        len(state_values(function)),
        {number: Offset(pin) for number, pin in pins if pin != _FREE},
        {number: home for number, home in homes if home != _FREE},
        integer(function, _STREAM) if _STREAM in function.attributes else None,
    )


def write_promises(
    function: ir.Operation,
    keep_inputs: bool,
    pins: Mapping[int, Place],
    stream_input: bool | str = False,
) -> None:
    """Write promises on a function in layer form, after its memories.

    `stream_input`: whether the only input is streamed, or which of them is: its name, or `input:N`.

    Raises UsageError for a pin that no plan can keep, and for an input that cannot be streamed.
    """
    arguments = list(function.regions[0].blocks[0].arguments)
    inputs = arguments[: len(arguments) - len(state_values(function))]
    if stream_input:
        streamed = _find_streamed(function, len(inputs), stream_input)
        if streamed in pins or (keep_inputs and len(inputs) == 1):
            raise UsageError(
                "an input that is streamed is not in the arena: nothing keeps or pins it"
            )
        function.attributes[_STREAM] = i64(streamed)
    places = {number: _resolve(function, number, place) for number, place in pins.items()}
    for number, (home, pin) in places.items():
        if number >= len(inputs):
            raise UsageError(f"input {number} is pinned, but the model has {len(inputs)} inputs")
        align = element_bytes(element_type(inputs[number]))
        if pin % align:
            raise UsageError(
                f"input {number} is pinned to {pin}, which is no multiple of its alignment {align}"
            )
        _check_capacity(function, number, home, pin + tensor_bytes(inputs[number]))
    for one, other in combinations(sorted(places, key=lambda number: places[number]), 2):
        end = places[one][1] + tensor_bytes(inputs[one])
        if places[one][0] == places[other][0] and end > places[other][1]:
            raise UsageError(
                f"inputs {one} and {other} are pinned onto each other: input {one} ends at {end},"
                f" input {other} begins at {places[other][1]}"
            )
    if keep_inputs:
        function.attributes[_KEEP] = ir.UnitAttr.get()
    if places:
        free = (_FREE, _FREE)
        homes, offsets = zip(*(places.get(n, free) for n in range(len(arguments))), strict=True)
        function.attributes[_PINS] = ir.DenseI64ArrayAttr.get(offsets)
        if len(read_memories(function)) > 1:
            function.attributes[_HOMES] = ir.DenseI64ArrayAttr.get(homes)


def _resolve(function: ir.Operation, number: int, place: Place) -> tuple[int, int]:
    """The memory and the offset that a place means; without a name, the first memory."""
    if isinstance(place, int):
        return 0, place
    name, pin = place
    names = [memory.name for memory in read_memories(function)]
    if name not in names:
        known = ", ".join(names) or "none"
        raise UsageError(f"input {number} is pinned to memory '{name}'; memories given: {known}")
    return names.index(name), pin


def _check_capacity(function: ir.Operation, number: int, home: int, end: int) -> None:
    memories = read_memories(function)
    if memories and end > memories[home].capacity_bytes:
        raise UsageError(
            f"input {number} is pinned such that it ends at {end}, but memory"
            f" '{memories[home].name}' has {memories[home].capacity_bytes} bytes"
        )


def _find_streamed(function: ir.Operation, count: int, wanted: bool | str) -> int:
    """The number of the streamed input among the first `count`, which are no state."""
    names = [_input_name(function, number) for number in range(count)]
    listed = ", ".join(f"'{name}'" for name in names)
    if wanted is True and count == 1:
        return 0
    if wanted is True:
        raise UsageError(
            f"the model has {count} inputs ({listed}), of which one is streamed: say which, with"
            " --streamed-input NAME"
        )
    numbered = re.fullmatch(r"input:(\d+)", str(wanted))
    if wanted in names:
        return names.index(str(wanted))
    if numbered is None or int(numbered[1]) >= count:
        raise UsageError(f"'{wanted}' is no input to stream; the inputs are {listed}")
    return int(numbered[1])


def _input_name(function: ir.Operation, number: int) -> str:
    """What the model calls an input."""
    if "fdt.inputs" not in function.attributes:
        return f"input:{number}"
    return string_of(ir.DictAttr(items(function, "fdt.inputs")[number])["name"])
