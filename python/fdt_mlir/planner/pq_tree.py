"""Sets of orders in which given subsets are consecutive: PQ-trees.

Source: Booth, Lueker, "Testing for the consecutive ones property, interval graphs, and graph
planarity using PQ-tree algorithms", 1976. The leaves, read from left to right, are one order of the
set. The others follow from permuting the children of P-nodes at will and reversing the children of
Q-nodes. Trees are values, never changed, so a search keeps the old ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import lgamma, log
from typing import Literal, NamedTuple


class Node(NamedTuple):
    """A leaf, or a P- or Q-node; `mask` has a bit for each leaf below."""

    kind: Literal["leaf", "P", "Q"]
    mask: int
    children: tuple[Node, ...] = ()


def leaf(number: int) -> Node:
    """The tree of a single element."""
    return Node("leaf", 1 << number)


def in_any_order(children: Sequence[Node]) -> Node:
    """Join trees whose elements stay together, one after the other in any order."""
    return children[0] if len(children) == 1 else Node("P", _mask_of(children), tuple(children))


def reduce(tree: Node, mask: int) -> Node | None:
    """Keep the orders in which the elements of `mask` are consecutive; None where none is left."""
    touched = [child for child in tree.children if child.mask & mask]
    if tree.mask & mask == tree.mask:
        return tree
    if len(touched) == 1:
        reduced = reduce(touched[0], mask)
        return None if reduced is None else _with_child(tree, touched[0], reduced)
    if tree.kind == "P":
        return _reduce_p(tree, mask)
    middle = _consecutive(tree.children, mask)
    return None if middle is None else _in_row(middle)


def replace_consecutive(tree: Node, mask: int, replacement: Node) -> Node:
    """Put `replacement` where the elements of `mask` are, which `reduce` made consecutive."""
    if tree.mask == mask:
        return replacement
    touched = [child for child in tree.children if child.mask & mask]
    if len(touched) == 1:
        return _with_child(tree, touched[0], replace_consecutive(touched[0], mask, replacement))
    assert _mask_of(touched) == mask, "the elements are not consecutive"
    assert tree.kind == "Q", "the elements are not consecutive"
    at = tree.children.index(touched[0])
    rest = tree.children[at + len(touched) :]
    return _in_row((*tree.children[:at], replacement, *rest))


def log_orders(tree: Node) -> float:
    """Return the logarithm of the number of orders."""
    own = lgamma(len(tree.children) + 1) if tree.kind == "P" else log(2)
    return 0.0 if tree.kind == "leaf" else own + sum(log_orders(child) for child in tree.children)


def order_by(tree: Node, ranks: Mapping[int, int]) -> Iterator[int]:
    """Yield the elements in an order of the tree in which `ranks` never fall, if there is one."""
    if tree.kind == "leaf":
        yield tree.mask.bit_length() - 1
        return
    children = list(tree.children)
    keys = {child: _least_rank(child, ranks) for child in children}
    if tree.kind == "P":
        children.sort(key=lambda child: keys[child])
    elif [keys[child] for child in children] != sorted(keys[child] for child in children):
        children.reverse()
    for child in children:
        yield from order_by(child, ranks)


def _least_rank(tree: Node, ranks: Mapping[int, int]) -> int:
    if tree.kind == "leaf":
        return ranks[tree.mask.bit_length() - 1]
    return min(_least_rank(child, ranks) for child in tree.children)


def _reduce_p(tree: Node, mask: int) -> Node | None:
    empty, full, partial = _sorted_out(tree.children, mask)
    if len(partial) > 2:
        return None
    middle = [in_any_order(full)] if full else []
    if partial:
        sides = [_row_to_full(child, mask) for child in partial]
        left, right = sides[0], sides[1] if len(sides) > 1 else []
        if left is None or right is None:
            return None
        middle = [*left, *middle, *reversed(right)]
    return in_any_order([*empty, _in_row(middle)])


def _row_to_full(tree: Node, mask: int) -> list[Node] | None:
    """Split a partial tree into a row: first what has no element of `mask`, then what has only."""
    if tree.kind == "P":
        empty, full, partial = _sorted_out(tree.children, mask)
        if len(partial) > 1:
            return None
        inner = _row_to_full(partial[0], mask) if partial else []
        if inner is None:
            return None
        left = [in_any_order(empty)] if empty else []
        return [*left, *inner, *([in_any_order(full)] if full else [])]
    children = tree.children
    if _is_full(children[0], mask) or not children[-1].mask & mask:
        children = children[::-1]
    row = _consecutive(children, mask)
    # All of it must lie at the end.
    return row if row is not None and _is_full(row[-1], mask) else None


def _consecutive(children: Sequence[Node], mask: int) -> list[Node] | None:
    """Make the elements of `mask` consecutive in a row of trees, splitting those at its ends."""
    row: list[Node] = []
    touched = [number for number, child in enumerate(children) if child.mask & mask]
    first, last = touched[0], touched[-1]
    for number, child in enumerate(children):
        is_partial = bool(child.mask & mask) and not _is_full(child, mask)
        if not first <= number <= last or not is_partial:
            if first < number < last and not child.mask & mask:
                return None
            row.append(child)
            continue
        if first < number < last:
            return None
        split = _row_to_full(child, mask)
        if split is None:
            return None
        row += split if number == first else reversed(split)
    return row


def _sorted_out(children: Sequence[Node], mask: int) -> tuple[list[Node], list[Node], list[Node]]:
    """The children with no element of `mask`, with only such, and the others."""
    empty = [child for child in children if not child.mask & mask]
    full = [child for child in children if _is_full(child, mask)]
    partial = [child for child in children if child.mask & mask and not _is_full(child, mask)]
    return empty, full, partial


def _is_full(tree: Node, mask: int) -> bool:
    return tree.mask & mask == tree.mask


def _in_row(children: Sequence[Node]) -> Node:
    """Join trees one after the other, in this order or the opposite."""
    if len(children) < 3:
        return in_any_order(children)
    return Node("Q", _mask_of(children), tuple(children))


def _with_child(tree: Node, old: Node, new: Node) -> Node:
    children = tuple(new if child is old else child for child in tree.children)
    return Node(tree.kind, _mask_of(children), children)


def _mask_of(trees: Sequence[Node]) -> int:
    mask = 0
    for tree in trees:
        mask |= tree.mask
    return mask
