"""What the layout planner is asked: buffers, when they live, and which pairs may share bytes.

The problem type is *dynamic storage allocation with fixed lifetimes in one arena*, also known as
rectangle packing with fixed time coordinates: every buffer is a rectangle, its lifetime is given,
its offset is sought, and the arena is to be as low as possible. Pair exemptions make it more than
a packing: an exempt pair may overlap in part, so it is a system of disjunctive difference
constraints over the offsets, of which the packing is the special case without exemptions. Both
are NP-hard. The module knows nothing of MLIR.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NewType

Offset = NewType("Offset", int)
"""Bytes from the start of the arena."""

Direction = Literal["forward", "reverse", "same"]


@dataclass(frozen=True)
class Buffer:
    """A run of `size_bytes` bytes that lives over the steps `[first, last)`.

    `align` (a power of two) divides the offset. `pin` fixes the offset; `home` is the number of
    the memory that the buffer must lie in, where there are several. A buffer of no bytes collides
    with nothing, yet has an offset.
    """

    name: str
    size_bytes: int
    first: int
    last: int
    align: int = 1
    pin: Offset | None = None
    home: int | None = None

    def __post_init__(self) -> None:
        if self.size_bytes < 0:
            raise ValueError(f"buffer {self.name}: size {self.size_bytes} B is negative")
        if self.first >= self.last:
            raise ValueError(f"buffer {self.name}: lifetime [{self.first}, {self.last}) is empty")
        if self.align < 1 or self.align & (self.align - 1):
            raise ValueError(f"buffer {self.name}: alignment {self.align} is not a power of two")
        if self.pin is not None and (self.pin < 0 or self.pin % self.align):
            raise ValueError(
                f"buffer {self.name}: pin {self.pin} is not a multiple of its alignment"
                f" {self.align} at or above 0"
            )


@dataclass(frozen=True)
class Overlap:
    """Permission for a result to share bytes with an input that dies in the step writing it.

    Two buffers that live at the same time must have disjoint addresses. An exemption names one
    pair, `input_name` dying in the very step that `output_name` is born in (or in the loop of
    `steps` steps that reads the one and writes the other), and a relation of their places under
    which no byte of the input is overwritten before its last read:

    - `forward`: the step reads and writes upwards. Legal when the result starts at least
      `distance_bytes` below the input:
      `offset(output) <= offset(input) - distance_bytes`.
    - `reverse`: the step reads and writes downwards. Legal when the result ends at least
      `distance_bytes` above the end of the input:
      `offset(output) + size(output) >= offset(input) + size(input) + distance_bytes`.
    - `same`: element by element. Legal when `offset(output) == offset(input)`; the distance is 0.

    The distance is how far writing runs ahead of reading. It may be zero (the same start, or the
    same end, is fine) or negative (the writes lag behind, so that the result may even start above
    the input). A pair may have several exemptions: it is legal when it is disjoint or when any one
    of them holds. Every other pair is judged without regard to this one.
    """

    input_name: str
    output_name: str
    direction: Direction
    distance_bytes: int = 0
    steps: int = 1

    def __post_init__(self) -> None:
        if self.direction not in ("forward", "reverse", "same"):
            raise ValueError(f"{self}: direction is none of forward, reverse, same")
        if self.direction == "same" and self.distance_bytes:
            raise ValueError(f"{self}: the same place has no distance")

    def __str__(self) -> str:
        return f"overlap of {self.output_name} with {self.input_name} ({self.direction})"


@dataclass(frozen=True)
class Problem:
    """Buffers of one arena, exempt pairs, and the size of the memory where it is limited.

    Raises ValueError where a name, an exemption, or a pair of pins contradicts the others.
    """

    buffers: tuple[Buffer, ...]
    overlaps: tuple[Overlap, ...] = ()
    capacity_bytes: int | None = None

    def __post_init__(self) -> None:
        counts = Counter(buffer.name for buffer in self.buffers)
        repeated = sorted(name for name, count in counts.items() if count > 1)
        if repeated:
            raise ValueError(f"buffer names are not unique: {', '.join(repeated)}")
        if self.capacity_bytes is not None and self.capacity_bytes < 0:
            raise ValueError(f"capacity {self.capacity_bytes} B is negative")
        by_name = {buffer.name: buffer for buffer in self.buffers}
        for overlap in self.overlaps:
            _check_overlap(overlap, by_name)
        pinned = [buffer for buffer in self.buffers if buffer.pin is not None]
        for one, other in combinations(pinned, 2):
            _check_pins(one, other, self.overlaps)


def _check_overlap(overlap: Overlap, by_name: dict[str, Buffer]) -> None:
    for name in (overlap.input_name, overlap.output_name):
        if name not in by_name:
            raise ValueError(f"{overlap}: there is no buffer {name}")
    if overlap.input_name == overlap.output_name:
        raise ValueError(f"{overlap}: a buffer cannot overlap itself")
    dying, born = by_name[overlap.input_name], by_name[overlap.output_name]
    if dying.last > born.first + overlap.steps:
        raise ValueError(
            f"{overlap}: the input lives to step {dying.last}, but must die in step"
            f" {born.first + overlap.steps - 1}, by which the result is born"
        )


def _check_pins(one: Buffer, other: Buffer, overlaps: Sequence[Overlap]) -> None:
    if one.pin is None or other.pin is None or not (one.size_bytes and other.size_bytes):
        return
    if one.home != other.home:
        return
    live_together = one.first < other.last and other.first < one.last
    share_bytes = one.pin < other.pin + other.size_bytes and other.pin < one.pin + one.size_bytes
    if not (live_together and share_bytes):
        return
    pins = {one.name: (one.pin, one.size_bytes), other.name: (other.pin, other.size_bytes)}
    pair = [overlap for overlap in overlaps if {overlap.input_name, overlap.output_name} == {*pins}]
    if not any(_holds(overlap, pins) for overlap in pair):
        raise ValueError(
            f"buffers {one.name} and {other.name} live together, but their pins {one.pin} and"
            f" {other.pin} make them share bytes"
        )


def _holds(overlap: Overlap, pins: dict[str, tuple[Offset, int]]) -> bool:
    input_offset, input_bytes = pins[overlap.input_name]
    output_offset, output_bytes = pins[overlap.output_name]
    if overlap.direction == "forward":
        return output_offset <= input_offset - overlap.distance_bytes
    if overlap.direction == "reverse":
        input_end = input_offset + input_bytes
        return output_offset + output_bytes >= input_end + overlap.distance_bytes
    return output_offset == input_offset
