"""The memories that a model may use, as attributes of its function, and where its buffers lie.

`fdt.memories` lists name and capacity, the fastest first. `fdt-plan-arena` then writes the bytes
that it uses of each, `fdt.memory_bytes`, the memory of every input, `fdt.input_memories`, and on
every allocation `fdt.memory`. A function without memories has one arena of any size.
"""

from __future__ import annotations

from collections.abc import Mapping

from fdt_mlir.attributes import i64, integer_of, integers, items, string_of
from fdt_mlir.bindings import ir
from fdt_mlir.kernels.operands import view_of
from fdt_mlir.normalize.structured import producer
from fdt_mlir.planner.memories import Memory

DEFAULT = "arena"
"""The name of the only memory where none was named, and of its place in C."""

_MEMORIES = "fdt.memories"


def write_memories(function: ir.Operation, memories: Mapping[str, int]) -> None:
    """Say on a function which memories it may use, the fastest first."""
    if memories:
        entries = [
            ir.DictAttr.get({"name": ir.StringAttr.get(name), "capacity_bytes": i64(size)})
            for name, size in memories.items()
        ]
        function.attributes[_MEMORIES] = ir.ArrayAttr.get(entries)


def read_memories(function: ir.Operation) -> tuple[Memory, ...]:
    """Read which memories a function may use; none: an arena of any size."""
    entries = [ir.DictAttr(attribute) for attribute in items(function, _MEMORIES)]
    return tuple(
        Memory(string_of(entry["name"]), integer_of(entry["capacity_bytes"])) for entry in entries
    )


def arena_names(function: ir.Operation) -> tuple[str, ...]:
    """The names of the arenas in C; that of a single one does not depend on its memory."""
    memories = read_memories(function)
    return tuple(memory.name for memory in memories) if len(memories) > 1 else (DEFAULT,)


def arena_of(function: ir.Operation, value: ir.Value) -> int:
    """The number of the arena in which a planned buffer, or a part of it, lies."""
    base = view_of(value).base
    op = producer(base)
    if op is None:
        homes = integers(function, "fdt.input_memories")
        return homes[ir.BlockArgument(base).arg_number] if homes else 0
    return integer_of(op.attributes["fdt.memory"]) if "fdt.memory" in op.attributes else 0
