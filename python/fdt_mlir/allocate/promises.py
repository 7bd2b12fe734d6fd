"""What the caller is promised of its inputs: that they stay intact, and where they lie.

Promises are attributes of the model's function, so that every stage reckons with them:
`fdt.keep_inputs`, and `fdt.input_pins` with an offset for each input, -1 for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from fdt_mlir.attributes import integers
from fdt_mlir.bindings import ir
from fdt_mlir.errors import UsageError
from fdt_mlir.normalize.structured import element_bytes, element_type, tensor_bytes
from fdt_mlir.planner.problem import Offset

_KEEP, _PINS = "fdt.keep_inputs", "fdt.input_pins"
_FREE = -1


@dataclass(frozen=True)
class Promises:
    """`keep_inputs`: inputs are intact after an inference. `pins`: offsets by input number."""

    keep_inputs: bool
    pins: Mapping[int, Offset]


def read_promises(function: ir.Operation) -> Promises:
    """Read what a function promises of its inputs."""
    pins = enumerate(integers(function, _PINS))
    return Promises(
        _KEEP in function.attributes,
        {number: Offset(pin) for number, pin in pins if pin != _FREE},
    )


def write_promises(function: ir.Operation, keep_inputs: bool, pins: Mapping[int, int]) -> None:
    """Write promises on a function in layer form.

    Raises UsageError for a pin that no plan can keep.
    """
    inputs = list(function.regions[0].blocks[0].arguments)
    for number, pin in pins.items():
        if number >= len(inputs):
            raise UsageError(f"input {number} is pinned, but the model has {len(inputs)} inputs")
        align = element_bytes(element_type(inputs[number]))
        if pin % align:
            raise UsageError(
                f"input {number} is pinned to {pin}, which is no multiple of its alignment {align}"
            )
    for one, other in combinations(sorted(pins, key=lambda number: pins[number]), 2):
        end = pins[one] + tensor_bytes(inputs[one])
        if end > pins[other]:
            raise UsageError(
                f"inputs {one} and {other} are pinned onto each other: input {one} ends at {end},"
                f" input {other} begins at {pins[other]}"
            )
    if keep_inputs:
        function.attributes[_KEEP] = ir.UnitAttr.get()
    if pins:
        offsets = [pins.get(number, _FREE) for number in range(len(inputs))]
        function.attributes[_PINS] = ir.DenseI64ArrayAttr.get(offsets)
