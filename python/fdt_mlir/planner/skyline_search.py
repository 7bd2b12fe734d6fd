"""Decide whether a plain packing fits a capacity: branch and bound over a skyline.

In the manner of MiniMalloc (Moffitt, "MiniMalloc: a lightweight memory allocator for
hardware-accelerated machine learning", ASPLOS 2024): inference on sections, independent parts of
time solved apart, canonical solutions only. In place of a global order of offsets, the search
branches where the least is left to choose:

- A *valley* is a run of sections of equal floor between higher ones. Gravity gives every packing a
  form in which each buffer rests on another or on the ground. Therefore the section at the edge
  of a valley is either covered by a buffer that fits the valley and rests on its floor, or wasted
  up to the least height at which a later buffer can rest there.
- Waste is limited by the section's slack (capacity less floor less bytes left to place). Where
  neither a buffer nor waste is possible, the branch is dead.
- Of all edges of all valleys, one with the fewest choices is branched on; among those, the edge
  where branches have died most often.
- Parts of time that no buffer left to place connects are solved one after the other; when one is
  impossible, the search returns to where it was split off.
- States (buffers left and floors of one part) proved impossible are remembered.

Runs are restarted after counts of nodes in Luby's sequence, with other orders of choices drawn
from a seeded generator; what is known to be impossible stays known. Counts alone bound the search.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple, Optional

from fdt_mlir.planner.problem import Buffer, Offset
from fdt_mlir.planner.skyline import Move, Sections, Skyline
from fdt_mlir.planner.skyline_branching import Branching, FactBook

Verdict = Literal["packed", "impossible", "undecided"]

_State = tuple[int, tuple[int, ...]]
"""Mask of the buffers left in a part, and the floors of its sections."""

_RESTART_NODES = 300  # of the shortest run, beyond one for each buffer
_SHUFFLE_CHANCE = 0.1  # of a node after the first run
_MAX_DEAD_STATES = 1_000_000  # remembered; bounds the memory to some hundred MB


@dataclass(frozen=True)
class SkylineResult:
    """Offsets by index where the buffers fit, the verdict, and the nodes it took."""

    verdict: Verdict
    offsets: list[Offset]
    nodes: int


def skyline_search(
    buffers: tuple[Buffer, ...], capacity_bytes: int, max_nodes: int
) -> SkylineResult:
    """Pack `buffers` (no pins, no exemptions, no empty ones) into `capacity_bytes`."""
    sections = Sections(buffers)
    if any(live > capacity_bytes for live in sections.live_bytes):
        return SkylineResult("impossible", [], 0)
    knowledge = _Knowledge(sections)
    nodes, run = 0, 0
    while nodes < max_nodes:
        run += 1
        search = _Run(Skyline(sections, capacity_bytes), knowledge, run > 1)
        run_nodes = len(buffers) + _RESTART_NODES * luby(run)
        verdict = search.run(min(run_nodes, max_nodes - nodes))
        nodes += search.nodes
        if verdict == "packed":
            offsets = [Offset(offset) for offset in search.skyline.offsets]
            return SkylineResult(verdict, offsets, nodes)
        if verdict == "impossible":
            return SkylineResult(verdict, [], nodes)
    return SkylineResult("undecided", [], nodes)


def luby(index: int) -> int:
    """Return element `index` (from 1) of 1 1 2 1 1 2 4 ..., the best restarts for want of better.

    Source: Luby, Sinclair, Zuckerman, "Optimal speedup of Las Vegas algorithms", 1993.
    """
    length = 1
    while length < index:
        length = 2 * length + 1
    while index != length:
        length //= 2
        if index > length:
            index -= length
    return (length + 1) // 2


class _Knowledge:
    """What lasts from run to run: where branches died, states proved impossible, facts."""

    def __init__(self, sections: Sections) -> None:
        self.deaths = [0] * sections.count
        self.dead_states: set[_State] = set()
        self.book = FactBook(sections)
        self.random = Random(0)


class _Part(NamedTuple):
    """Sections `[begin, end)` to be packed, split off by the frame `origin`; then `rest`."""

    begin: int
    end: int
    origin: int
    rest: Optional["_Part"]


@dataclass
class _Frame:
    """A node of the search: moves not tried yet, and where to go when none is left."""

    part: _Part
    moves: list[Move]
    mark: int
    state: _State


class _Run:
    """One depth-first run."""

    def __init__(self, skyline: Skyline, knowledge: _Knowledge, shuffled: bool) -> None:
        self.skyline = skyline
        self.knowledge = knowledge
        self.nodes = 0
        self._branching = Branching(skyline, knowledge.book, knowledge.deaths)
        self._shuffled = shuffled
        self._frames: list[_Frame] = []

    def run(self, max_nodes: int) -> Verdict:
        """Search until the verdict is known or `max_nodes` nodes have been visited."""
        agenda = self._split(0, self.skyline.sections.count, -1, None)
        while agenda is not None:
            if self.nodes == max_nodes:
                return "undecided"
            self.nodes += 1
            frame = self._open(agenda)
            if frame is None:
                frame = self._backtrack(agenda.origin)
            if frame is None:
                return "impossible"
            move = frame.moves.pop()
            self.skyline.apply(move)
            part = frame.part
            agenda = self._split(part.begin, part.end, len(self._frames) - 1, part.rest)
        return "packed"

    def _split(self, begin: int, end: int, origin: int, rest: _Part | None) -> _Part | None:
        parts = self.skyline.components(begin, end)
        if len(parts) > 1:
            parts.sort(key=lambda part: part[0] - part[1])  # the shortest comes first in the end
        for one, other in parts:
            rest = _Part(one, other, origin, rest)
        return rest

    def _open(self, part: _Part) -> _Frame | None:
        """Begin a node; none where it is dead."""
        moves = self._branching.moves(part.begin, part.end)
        if moves is None:
            return None
        if self._shuffled and len(moves) > 1 and self.knowledge.random.random() < _SHUFFLE_CHANCE:
            self.knowledge.random.shuffle(moves)
        skyline = self.skyline
        mask = self.knowledge.book.within(part.begin, part.end)
        state = (skyline.left & mask, tuple(skyline.floor[part.begin : part.end]))
        if state in self.knowledge.dead_states:
            return None
        moves.reverse()
        frame = _Frame(part, moves, skyline.mark, state)
        self._frames.append(frame)
        return frame

    def _backtrack(self, origin: int) -> _Frame | None:
        """Return to the frame that made a dead part, or to the nearest before with a move left."""
        while origin >= 0:
            del self._frames[origin + 1 :]
            frame = self._frames[origin]
            self.skyline.undo_to(frame.mark)
            if frame.moves:
                return frame
            if len(self.knowledge.dead_states) < _MAX_DEAD_STATES:
                self.knowledge.dead_states.add(frame.state)
            origin = frame.part.origin
        return None
