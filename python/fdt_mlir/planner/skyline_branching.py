"""Where to branch in a skyline: the edge of a valley with the least left to choose."""

from dataclasses import dataclass
from typing import NamedTuple

from fdt_mlir.planner.skyline import Move, Sections, Skyline

NO_WALL = 1 << 62  # height of the wall beside a part of time that stands alone

_FLUSH_WEIGHT = 0.3  # a cover that is level with a wall rarely is a coincidence: few other choices
_COVER_WEIGHT = 0.05
_SLACK_WEIGHT = 1  # covers; an edge that may be wasted decides little, so tight ones come first
_MAX_FACTS = 200_000  # remembered


class Valley(NamedTuple):
    """Sections `[begin, end)` whose floor, `height`, is below both neighbouring walls."""

    begin: int
    end: int
    height: int
    left_wall: int
    right_wall: int


@dataclass(frozen=True)
class ValleyFacts:
    """What the buffers that fit between two sections can do there.

    `left_covers` and `right_covers` are those that cover the edges, one of each kind;
    `left_rest` and `right_rest` the least size of those that do not. `fills` is, by section, the
    sum of the sizes of those that cover it, `least_fill` its minimum.
    """

    left_covers: list[int]
    right_covers: list[int]
    left_rest: int
    right_rest: int
    fills: list[int]
    least_fill: int


class FactBook:
    """Facts of valleys, remembered by bounds and buffers left; they depend on nothing else."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections
        self._sizes = [buffer.size_bytes for buffer in sections.buffers]
        self._within: dict[tuple[int, int], int] = {}
        self._facts: dict[tuple[int, int, int], ValleyFacts] = {}

    def within(self, begin: int, end: int) -> int:
        """Return the mask of the buffers that live in sections `[begin, end)` only."""
        mask = self._within.get((begin, end))
        if mask is None:
            mask = self._within[begin, end] = self._sections.within(begin, end)
        return mask

    def facts(self, begin: int, end: int, left: int) -> ValleyFacts:
        """Return the facts of a valley when the buffers of mask `left` are left to place."""
        fitting = left & self.within(begin, end)
        key = (begin, end, fitting)
        facts = self._facts.get(key)
        if facts is None:
            if len(self._facts) >= _MAX_FACTS:
                self._facts.clear()
            facts = self._facts[key] = self._collect(begin, end, fitting)
        return facts

    def _collect(self, begin: int, end: int, fitting: int) -> ValleyFacts:
        first, last, sizes = self._sections.first, self._sections.last, self._sizes
        fills = [0] * (end - begin)
        left_rest = right_rest = NO_WALL
        for section in range(begin, end):
            for buffer in self._sections.starting[section]:
                if not fitting >> buffer & 1:
                    continue
                size = sizes[buffer]
                for covered in range(section - begin, last[buffer] - begin):
                    fills[covered] += size
                if first[buffer] > begin:
                    left_rest = min(left_rest, size)
                if last[buffer] < end:
                    right_rest = min(right_rest, size)
        left_covers = self._one_of_each_kind(self._sections.starting[begin], fitting)
        right_covers = self._one_of_each_kind(self._sections.ending[end], fitting)
        return ValleyFacts(left_covers, right_covers, left_rest, right_rest, fills, min(fills))

    def _one_of_each_kind(self, buffers: list[int], fitting: int) -> list[int]:
        kinds: dict[int, int] = {}
        for buffer in buffers:
            if fitting >> buffer & 1:
                kinds.setdefault(self._sections.kind[buffer], buffer)
        return list(kinds.values())


class Branching:
    """Inference and choice of branches on one skyline.

    `deaths` counts, by section, the branches that died there; it steers ties and is updated.
    """

    def __init__(self, skyline: Skyline, book: FactBook, deaths: list[int]) -> None:
        self._skyline = skyline
        self._book = book
        self._deaths = deaths
        self._sizes = [buffer.size_bytes for buffer in skyline.sections.buffers]
        self._aligns = [buffer.align for buffer in skyline.sections.buffers]

    def moves(self, begin: int, end: int) -> list[Move] | None:
        """Waste what must be wasted in `[begin, end)`; return the moves of the best edge.

        Return None where an edge can neither be covered nor wasted.
        """
        while True:
            moves = self._best_moves(begin, end)
            if moves is None or len(moves) > 1 or moves[0].buffer >= 0:
                return moves
            self._skyline.apply(moves[0])

    def _best_moves(self, begin: int, end: int) -> list[Move] | None:
        """Return the moves of the best edge, or a raise of a floor alone where one is forced."""
        floor, left = self._skyline.floor, self._skyline.left
        best: list[Move] = []
        best_rank = (float(NO_WALL), 0)
        left_wall = NO_WALL
        first = begin
        while first < end:
            height = floor[first]
            last = first + 1
            while last < end and floor[last] == height:
                last += 1
            right_wall = floor[last] if last < end else NO_WALL
            if left_wall > height < right_wall:
                valley = Valley(first, last, height, left_wall, right_wall)
                facts = self._book.facts(first, last, left)
                if not self._can_be_filled(valley, facts):
                    return None
                for is_left in (True, False):
                    moves, rank = self._edge_moves(valley, facts, is_left)
                    if not moves:
                        self._deaths[first if is_left else last - 1] += 1
                        return None
                    if moves[0].buffer < 0:
                        return moves
                    if rank < best_rank:
                        best, best_rank = moves, rank
            left_wall, first = height, last
        return best

    def _can_be_filled(self, valley: Valley, facts: ValleyFacts) -> bool:
        """Say whether buffers that fit and waste can raise every section to the lower wall.

        Others reach beyond the valley, so they lie higher than that.
        """
        wall = min(valley.left_wall, valley.right_wall)
        missing = wall - valley.height - facts.least_fill
        if missing <= 0 or wall == NO_WALL:
            return True
        depth = wall - valley.height
        slacks = self._skyline.slack[valley.begin : valley.end]
        for section, (fill, slack) in enumerate(zip(facts.fills, slacks, strict=True)):
            if fill + slack < depth:
                self._deaths[valley.begin + section] += 1
                return False
        return True

    def _edge_moves(
        self, valley: Valley, facts: ValleyFacts, is_left: bool
    ) -> tuple[list[Move], tuple[float, int]]:
        """Return what can be done at one edge of a valley, and the rank for branching there."""
        edge = valley.begin if is_left else valley.end - 1
        moves = self._covers(valley, facts.left_covers if is_left else facts.right_covers)
        flush_count = 0
        if len(moves) > 1:
            flush = [self._flush_walls(valley, move) for move in moves]
            flush_count = len(flush) - flush.count(0)
            by_flush = sorted(range(len(moves)), key=lambda position: -flush[position])
            moves = [moves[position] for position in by_flush]
        slack = self._skyline.slack[edge]
        if slack:
            # The least height at which a later buffer can cover the edge, none resting on the
            # floor: it reaches beyond the valley, hence rests on a wall or higher, or it rests on
            # a buffer that lies in the valley beside the edge.
            rest = valley.height + (facts.left_rest if is_left else facts.right_rest)
            rest = min(rest, valley.left_wall, valley.right_wall)
            if rest - valley.height <= slack:
                moves.append(Move(rest, section=edge))
        if len(moves) < 2:
            return moves, (1.0, 0)
        count = len(moves) + (_SLACK_WEIGHT if slack else 0)
        weight = 1 + _FLUSH_WEIGHT * flush_count + _COVER_WEIGHT * count
        return moves, (weight if flush_count else float(count), -self._deaths[edge])

    def _covers(self, valley: Valley, buffers: list[int]) -> list[Move]:
        """Return the moves that put one of `buffers` on the floor, where the slack allows."""
        sections, height = self._skyline.sections, valley.height
        moves: list[Move] = []
        for buffer in buffers:
            gap = -height % self._aligns[buffer]
            if gap:
                lifetime = slice(sections.first[buffer], sections.last[buffer])
                if gap > min(self._skyline.slack[lifetime]):
                    continue
            moves.append(Move(height + gap, buffer))
        return moves

    def _flush_walls(self, valley: Valley, move: Move) -> int:
        """Count the walls of the valley that a buffer touches and is level with."""
        sections = self._skyline.sections
        top = move.offset + self._sizes[move.buffer]
        at_left = sections.first[move.buffer] == valley.begin and top == valley.left_wall
        at_right = sections.last[move.buffer] == valley.end and top == valley.right_wall
        return at_left + at_right
