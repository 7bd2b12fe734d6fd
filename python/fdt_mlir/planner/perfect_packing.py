"""Pack buffers that leave no byte free in any step: orders of addresses as PQ-trees.

Where every step is full, a layout is an order of the live buffers in each step. From one step to
the next, the buffers that die leave gaps which those that are born fill exactly. So the births and
deaths of a step fall into groups, each with as many bytes dying as being born; the dying ones of a
group lie side by side, and the born ones take their place in any order. All orders that the past
allows are one PQ-tree: a group is a reduction, after which a P-node takes the place of the dead.

What remains to be searched is the partition into groups. Sizes are mostly so odd that a step has
one or a few; the one that leaves most orders comes first, which hardly ever has to be taken back.
The search is bounded by a count of partitions tried. Steps of very many births and deaths are not
partitioned: there it assumes a single group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from fdt_mlir.planner.pq_tree import (
    Node,
    in_any_order,
    leaf,
    log_orders,
    order_by,
    reduce,
    replace_consecutive,
)
from fdt_mlir.planner.problem import Buffer, Offset
from fdt_mlir.planner.skyline import Sections

_MOST_ON_ONE_SIDE = 12  # births or deaths of a step: all subsets are listed
_MOST_PER_STEP = 32  # births and deaths of a step: all subsets of halves of the rest are listed
_MOST_PARTITIONS = 64  # of one step


@dataclass(frozen=True)
class _Group:
    """Buffers that die and buffers that are born with as many bytes, as masks."""

    dying: int
    born: int


_Partition = tuple[_Group, ...]


def perfect_packing(buffers: tuple[Buffer, ...], max_partitions: int) -> list[Offset] | None:
    """Return offsets by index, or None where none were found or a step is not full.

    `max_partitions` bounds the work.
    """
    sections = Sections(buffers)
    if len(set(sections.live_bytes)) != 1 or not _is_aligned(buffers):
        return None
    path = _Search(sections).run(max_partitions)
    return None if path is None else _offsets(sections, path)


def _is_aligned(buffers: Sequence[Buffer]) -> bool:
    """Whether buffers side by side are aligned, in any order."""
    align = max(buffer.align for buffer in buffers)
    return all(buffer.size_bytes % align == 0 for buffer in buffers)


class _Step(NamedTuple):
    """A choice for one step: the orders before it that have the groups consecutive, and after."""

    groups: _Partition
    before: Node
    after: Node


class _Search:
    """Chooses a partition for every step in which buffers die, depth first."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections
        self._first_groups: dict[_Group, list[_Group]] = {}

    def run(self, max_partitions: int) -> list[_Step] | None:
        """Return the choices for all steps; None where there are none, or the count is reached."""
        sections = self._sections
        tree = _start(sections)
        path: list[_Step] = []
        choices: list[list[_Step]] = []
        tried = 0
        while len(path) + 1 < sections.count:
            if len(choices) == len(path):
                choices.append(self._choices(len(path) + 1, path[-1].after if path else tree))
                tried += max(1, len(choices[-1]))
            if tried > max_partitions:
                return None
            while not choices[-1]:
                choices.pop()
                if not path:
                    return None
                path.pop()
            path.append(choices[-1].pop())
        return path

    def _choices(self, step: int, tree: Node) -> list[_Step]:
        """The partitions of a step that the past allows, the one that leaves most orders last."""
        sections = self._sections
        dying, born = sections.ending[step], sections.starting[step]
        is_large = min(len(dying), len(born)) > _MOST_ON_ONE_SIDE
        if is_large or len(dying) + len(born) > _MOST_PER_STEP or not sections.crossing[step]:
            whole = _Group(_mask(dying), _mask(born))
            reduced = reduce(tree, whole.dying)
            partitions = iter([] if reduced is None else [((whole,), reduced)])
        else:
            partitions = islice(self._partitions(tree, dying, born), _MOST_PARTITIONS)
        found = [
            _Step(groups, reduced, _replace_all(reduced, groups)) for groups, reduced in partitions
        ]
        return sorted(found, key=lambda choice: log_orders(choice.after))

    def _partitions(
        self, tree: Node, dying: list[int], born: list[int]
    ) -> Iterator[tuple[_Partition, Node]]:
        """Yield the partitions that a tree allows, and the tree that has them consecutive."""
        if not dying:
            yield (), tree
            return
        for group in self._groups(dying, born):
            reduced = reduce(tree, group.dying)
            if reduced is None:
                continue
            left_dying = [index for index in dying if not group.dying >> index & 1]
            left_born = [index for index in born if not group.born >> index & 1]
            for rest, both in self._partitions(reduced, left_dying, left_born):
                yield (group, *rest), both

    def _groups(self, dying: list[int], born: list[int]) -> list[_Group]:
        key = _Group(_mask(dying), _mask(born))
        if key not in self._first_groups:
            self._first_groups[key] = _first_groups(self._sections, dying, born)
        return self._first_groups[key]


def _start(sections: Sections) -> Node:
    return in_any_order([leaf(index) for index in sections.starting[0]])


def _replace_all(tree: Node, groups: _Partition) -> Node:
    for group in groups:
        born = in_any_order([leaf(index) for index in _members(group.born)])
        tree = replace_consecutive(tree, group.dying, born)
    return tree


def _first_groups(sections: Sections, dying: list[int], born: list[int]) -> list[_Group]:
    """List the groups of the first buffer of the smaller side, small groups first."""
    few, many = (dying, born) if len(dying) <= len(born) else (born, dying)
    middle = len(many) // 2
    # A subset with a given sum is found from the sums of two halves.
    low = _subsets(sections, many[:middle])
    high: dict[int, list[int]] = {}
    for size, mask in _subsets(sections, many[middle:]):
        high.setdefault(size, []).append(mask)
    pairs = [
        (one, other | mask)
        for total, one in _subsets(sections, few)
        if one >> few[0] & 1
        for size, other in low
        for mask in high.get(total - size, ())
    ]
    pairs.sort(key=lambda pair: (pair[0].bit_count() + pair[1].bit_count(), pair))
    return [_Group(*(pair if few is dying else pair[::-1])) for pair in pairs]


def _subsets(sections: Sections, members: list[int]) -> list[tuple[int, int]]:
    """List bytes and mask of each subset of `members`; of equal buffers, the first are taken."""
    subsets = [(0, 0)]
    for position, index in enumerate(members):
        size = sections.buffers[index].size_bytes
        same = [m for m in members[:position] if sections.kind[m] == sections.kind[index]]
        needed = 1 << same[-1] if same else 0
        subsets += [
            (total + size, mask | 1 << index) for total, mask in subsets if mask & needed == needed
        ]
    return subsets


def _mask(members: Sequence[int]) -> int:
    return sum(1 << index for index in members)


def _members(mask: int) -> Iterator[int]:
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def _offsets(sections: Sections, path: Sequence[_Step]) -> list[Offset]:
    """Choose an order for each step, backwards: each agrees with the one after it."""
    offsets = [Offset(0)] * len(sections.buffers)
    tree = path[-1].after if path else _start(sections)
    order = list(order_by(tree, dict.fromkeys(range(len(offsets)), 0)))
    _place(sections, order, offsets)
    for step in reversed(path):
        ranks = {index: rank for rank, index in enumerate(order)}
        for group in step.groups:
            first = min(ranks[index] for index in _members(group.born))
            ranks.update(dict.fromkeys(_members(group.dying), first))
        order = list(order_by(step.before, ranks))
        _place(sections, order, offsets)
    return offsets


def _place(sections: Sections, order: Sequence[int], offsets: list[Offset]) -> None:
    """Stack the buffers of a step; those that live on lie where they lay."""
    offset = 0
    for index in order:
        offsets[index] = Offset(offset)
        offset += sections.buffers[index].size_bytes
