"""How the result of a step lies in memory: what `NAME_traced.json` says of it.

What a traced model announces before a step (`fdt_trace_value`) are, in this order: the index of
each tile loop around it, begin and end of each slice, the first position of each window.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TracedResult:
    """The result of one step, as its kernel addresses it.

    shape: positions along each dimension, of a tile where a loop computes tiles.
    layer_shape: those of the whole layer where they are known, else the same.
    strides: elements between neighbours in memory.
    loops: first index, step and number of turns of each tile loop around it, outer ones first.
    slices: for each slice the dimension that it restricts, None for none of the result's.
    windows: for each window the dimension of which memory holds only a part, None for that of
        another operand.
    rings: for each dimension the positions that memory holds (position i lies at i modulo that),
        0 where it holds all. Neighbouring dimensions that are rings are one: `Access.rings`.
    """

    layer: str
    type: str
    shape: tuple[int, ...]
    layer_shape: tuple[int, ...]
    strides: tuple[int, ...]
    loops: tuple[tuple[int, int, int], ...]
    slices: tuple[int | None, ...]
    windows: tuple[int | None, ...]
    rings: tuple[int, ...]
