"""Read tables of a flatbuffer whose bytes nobody has checked.

NOTE: the `flatbuffers` package has no verifier for Python; its accessors follow any offset, also
backwards and beyond the end, and believe any length. Every access here is checked against the
file, and the elements read in total are bounded by the file's size, so that a hostile file ends in
CorruptFlatbufferError and never in a hang.
"""

import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_OFFSET_BYTES = 4


class CorruptFlatbufferError(ValueError):
    """An offset or a length in the file points outside of it. Positions are in bytes."""


@dataclass
class Bytes:
    """The file, and how many elements of vectors may still be read from it."""

    data: bytes
    budget: int = field(init=False)

    def __post_init__(self) -> None:
        # Elements take at least a byte each; sharing a vector between tables is legal but rare.
        self.budget = 4 * len(self.data)

    def scalar(self, layout: str, position: int) -> int:
        """Read an integer of struct layout `layout` at `position`."""
        self.check(position, struct.calcsize(layout))
        return struct.unpack_from(layout, self.data, position)[0]

    def target(self, position: int) -> int:
        """Follow the forward offset that is stored at `position`."""
        offset = self.scalar("<I", position)
        self.check(position + offset, _OFFSET_BYTES)
        return position + offset

    def check(self, position: int, count: int) -> None:
        """Raise CorruptFlatbufferError unless `count` bytes from `position` lie in the file."""
        if position < 0 or count < 0 or position + count > len(self.data):
            raise CorruptFlatbufferError(
                f"bytes {position} to {position + count} are outside of the file"
            )

    def spend(self, elements: int) -> None:
        """Count elements that are about to be read."""
        self.budget -= elements
        if self.budget < 0:
            raise CorruptFlatbufferError("the file refers to more elements than it has bytes")


@dataclass(frozen=True)
class Table:
    """A table; `position` is that of its first byte. Fields are named by their id in the schema."""

    file: Bytes
    position: int

    @classmethod
    def root(cls, data: bytes) -> "Table":
        """Return the root table of a file."""
        file = Bytes(data)
        return cls(file, file.target(0))

    def scalar(self, field_id: int, layout: str, default: int = 0) -> int:
        """Return a number of struct layout `layout`, the default where the file leaves it out."""
        place = self._place(field_id)
        return default if place is None else self.file.scalar(layout, place)

    def reference(self, field_id: int) -> int | None:
        """Return the position of what a field refers to: a table, a vector or a string."""
        place = self._place(field_id)
        return None if place is None else self.file.target(place)

    def table(self, field_id: int) -> "Table | None":
        """Return the table that a field refers to."""
        position = self.reference(field_id)
        return None if position is None else Table(self.file, position)

    def tables(self, field_id: int) -> "tuple[Table, ...]":
        """Return the tables of a vector; none where the file leaves it out."""
        start, count = self._vector(field_id, _OFFSET_BYTES)
        places = range(start, start + count * _OFFSET_BYTES, _OFFSET_BYTES)
        return tuple(Table(self.file, self.file.target(place)) for place in places)

    def numbers(self, field_id: int, dtype: str) -> NDArray[np.generic]:
        """Return a vector of numbers, empty where the file leaves it out, as a view of the file."""
        start, count = self._vector(field_id, np.dtype(dtype).itemsize)
        return np.frombuffer(self.file.data, dtype, count, start)

    def integers(self, field_id: int) -> tuple[int, ...]:
        """Return a vector of 32-bit integers."""
        return tuple(int(number) for number in self.numbers(field_id, "<i4"))

    def count(self, field_id: int) -> int:
        """Return the length of a vector, without reading it."""
        position = self.reference(field_id)
        return 0 if position is None else self.file.scalar("<I", position)

    def text(self, field_id: int) -> str:
        """Return a string, empty where the file leaves it out."""
        start, count = self._vector(field_id, 1)
        return self.file.data[start : start + count].decode(errors="replace")

    def _place(self, field_id: int) -> int | None:
        """Return where a field is stored, or None where the file leaves it out."""
        vtable = self.position - self.file.scalar("<i", self.position)
        vtable_bytes = self.file.scalar("<H", vtable)
        entry = 4 + 2 * field_id
        offset = self.file.scalar("<H", vtable + entry) if entry + 2 <= vtable_bytes else 0
        return self.position + offset if offset else None

    def _vector(self, field_id: int, element_bytes: int) -> tuple[int, int]:
        """Return where the elements of a vector start, and their number."""
        position = self.reference(field_id)
        if position is None:
            return 0, 0
        count = self.file.scalar("<I", position)
        start = position + _OFFSET_BYTES
        self.file.check(start, count * element_bytes)
        self.file.spend(count)
        return start, count
