"""How much stack a model can need at most: GCC's call graph, with the frame of each function."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

CALL_GRAPH_FLAG = "-fcallgraph-info=su"
"""Makes GCC write the graph beside the object file; `su` adds what -fstack-usage prints."""

_NODE = re.compile(r'^node: \{ title: "([^"]+)" label: "[^"]*?(?:(\d+) bytes \(([a-z,]+)\))?"')
_EDGE = re.compile(r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
_BOUNDED = ("static", "dynamic,bounded")


@dataclass(frozen=True)
class StackBound:
    """The deepest that a function can reach, in bytes, return addresses included.

    `library` names functions of the compiler's or C library on the way (such as __aeabi_lmul on a
    core without a long multiplication), whose frames are not in the sum.
    """

    size_bytes: int
    library: tuple[str, ...]


def stack_bound(function: str, call_graphs: Iterable[Path]) -> StackBound | None:
    """Return the bound of `function`, or None where there is none: recursion, or no graph."""
    frames: dict[str, int | None] = {}
    calls: dict[str, set[str]] = {}
    unbounded: set[str] = set()
    for path in call_graphs:
        for line in path.read_text(encoding="utf-8").splitlines():
            if node := _NODE.match(line):
                name, size, kind = node.groups()
                if size is not None or name not in frames:
                    frames[name] = None if size is None else int(size)
                if kind is not None and kind not in _BOUNDED:
                    unbounded.add(name)
            elif edge := _EDGE.match(line):
                calls.setdefault(edge[1], set()).add(edge[2])
    if frames.get(function) is None:
        return None
    reached = _reached(function, calls)
    if reached & unbounded or any(name in _reached_from(name, calls) for name in reached):
        return None
    library = sorted(name for name in reached if frames.get(name) is None)
    return StackBound(_depth(function, frames, calls), tuple(library))


def _depth(name: str, frames: Mapping[str, int | None], calls: Mapping[str, set[str]]) -> int:
    inner = max((_depth(callee, frames, calls) for callee in calls.get(name, ())), default=0)
    return (frames.get(name) or 0) + inner


def _reached(start: str, calls: Mapping[str, set[str]]) -> set[str]:
    return {start} | _reached_from(start, calls)


def _reached_from(start: str, calls: Mapping[str, set[str]]) -> set[str]:
    """The functions called from `start`, directly or not; itself only where it recurs."""
    found: set[str] = set()
    pending = list(calls.get(start, ()))
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += calls.get(name, ())
    return found
