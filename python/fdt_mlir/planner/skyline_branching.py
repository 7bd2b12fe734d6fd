"""Where to branch in a skyline: the edge of a valley with the least left to choose."""

from typing import NamedTuple

from fdt_mlir.planner.skyline import Move, Skyline

NO_WALL = 1 << 62  # height of the wall beside a part of time that stands alone

_FLUSH_WEIGHT = 0.3  # a cover that is level with a wall rarely is a coincidence: few other choices
_COVER_WEIGHT = 0.05


class Valley(NamedTuple):
    """Sections `[begin, end)` whose floor, `height`, is below both neighbouring walls."""

    begin: int
    end: int
    height: int
    left_wall: int
    right_wall: int


class Branching:
    """Inference and choice of branches on one skyline.

    `deaths` counts, by section, the branches that died there; it steers ties and is updated.
    """

    def __init__(self, skyline: Skyline, deaths: list[int]) -> None:
        self._skyline = skyline
        self._sections = skyline.sections
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
        floor = self._skyline.floor
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
                for edge in (first, last - 1):
                    moves, rank = self._edge_moves(valley, edge == first)
                    if not moves:
                        self._deaths[edge] += 1
                        return None
                    if moves[0].buffer < 0:
                        return moves
                    if rank < best_rank:
                        best, best_rank = moves, rank
            left_wall, first = height, last
        return best

    def _edge_moves(self, valley: Valley, is_left: bool) -> tuple[list[Move], tuple[float, int]]:
        """Return what can be done at one edge of a valley, and the rank for branching there."""
        edge = valley.begin if is_left else valley.end - 1
        candidates = self._candidates(valley, is_left)
        moves = [Move(offset, index) for index, offset in candidates]
        flush_count = 0
        if len(moves) > 1:
            flush = [self._flush_walls(valley, move) for move in moves]
            flush_count = sum(1 for walls in flush if walls)
            by_flush = sorted(range(len(moves)), key=lambda position: -flush[position])
            moves = [moves[position] for position in by_flush]
        slack = self._skyline.slack[edge]
        if slack or not moves:
            rest = self._least_rest(valley, edge) if slack else NO_WALL
            if rest - valley.height <= slack:
                moves.append(Move(rest, section=edge))
        count = len(moves)
        if count < 2:
            return moves, (1.0, 0)
        weight = 1 + _FLUSH_WEIGHT * flush_count + _COVER_WEIGHT * count
        return moves, (weight if flush_count else float(count), -self._deaths[edge])

    def _candidates(self, valley: Valley, is_left: bool) -> list[tuple[int, int]]:
        """List the buffers that fit the valley and cover its edge, one of each kind: offsets."""
        sections, left, height = self._sections, self._skyline.left, valley.height
        begin, end = valley.begin, valley.end
        aligns = self._aligns
        candidates: list[tuple[int, int]] = []
        kinds: set[int] = set()
        for index in sections.starting[begin] if is_left else sections.ending[end]:
            if not left >> index & 1 or sections.kind[index] in kinds:
                continue
            if sections.last[index] > end if is_left else sections.first[index] < begin:
                continue
            kinds.add(sections.kind[index])
            gap = -height % aligns[index]
            if not gap or gap <= min(
                self._skyline.slack[sections.first[index] : sections.last[index]]
            ):
                candidates.append((index, height + gap))
        return candidates

    def _flush_walls(self, valley: Valley, move: Move) -> int:
        """Count the walls of the valley that a buffer touches and is level with."""
        top = move.offset + self._sizes[move.buffer]
        at_left = self._sections.first[move.buffer] == valley.begin and top == valley.left_wall
        at_right = self._sections.last[move.buffer] == valley.end and top == valley.right_wall
        return at_left + at_right

    def _least_rest(self, valley: Valley, edge: int) -> int:
        """Return the least height at which a buffer can cover `edge`, none resting on the floor.

        It reaches beyond the valley, hence rests on a wall or higher; or it rests on a buffer
        that lies in the valley beside the edge.
        """
        least = min(valley.left_wall, valley.right_wall)
        first, last, left = self._sections.first, self._sections.last, self._skyline.left
        for section in range(valley.begin, valley.end):
            for index in self._sections.starting[section]:
                if not left >> index & 1 or last[index] > valley.end:
                    continue
                if first[index] <= edge < last[index]:
                    continue
                least = min(least, valley.height + self._sizes[index])
        return least
