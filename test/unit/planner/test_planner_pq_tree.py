"""PQ-trees stand for exactly the orders that they should, against all permutations."""

from itertools import permutations, product
from random import Random

from fdt_mlir.planner.pq_tree import (
    Node,
    in_any_order,
    leaf,
    log_orders,
    order_by,
    reduce,
    replace_consecutive,
)


def orders(tree: Node) -> set[tuple[int, ...]]:
    """All orders of a tree, from the definition of its nodes."""
    if tree.kind == "leaf":
        return {(tree.mask.bit_length() - 1,)}
    numbers = tuple(range(len(tree.children)))
    arrangements = permutations(numbers) if tree.kind == "P" else (numbers, numbers[::-1])
    below = [orders(child) for child in tree.children]
    return {
        sum(parts, ())
        for arrangement in arrangements
        for parts in product(*(below[number] for number in arrangement))
    }


def are_consecutive(order: tuple[int, ...], members: set[int]) -> bool:
    places = [order.index(member) for member in members]
    return max(places) - min(places) == len(members) - 1


# Wrong if a reduction loses an order, keeps one too many, or finds none where there is one.
def test_reductions_keep_exactly_the_orders_that_fit():
    for seed in range(400):
        random = Random(seed)
        count = random.randint(2, 6)
        tree = in_any_order([leaf(number) for number in range(count)])
        expected = set(permutations(range(count)))
        for _ in range(random.randint(1, 5)):
            members = set(random.sample(range(count), random.randint(1, count)))
            expected = {order for order in expected if are_consecutive(order, members)}
            reduced = reduce(tree, sum(1 << member for member in members))
            assert (reduced is None) == (not expected), f"seed {seed}"
            if reduced is None:
                break
            tree = reduced
            assert orders(tree) == expected, f"seed {seed}"
            assert round(2.718281828459045 ** log_orders(tree)) == len(expected), f"seed {seed}"


# Wrong if what takes the place of consecutive elements ends up elsewhere.
def test_replacements_take_the_place():
    for seed in range(200):
        random = Random(seed)
        count = random.randint(2, 5)
        tree: Node | None = in_any_order([leaf(number) for number in range(count)])
        members: set[int] = set()
        for _ in range(random.randint(1, 3)):
            members = set(random.sample(range(count), random.randint(1, count)))
            tree = tree and reduce(tree, sum(1 << member for member in members))
        if tree is None:
            continue
        replaced = replace_consecutive(tree, sum(1 << m for m in members), leaf(9))
        expected = {
            tuple(dict.fromkeys(9 if number in members else number for number in order))
            for order in orders(tree)
        }
        assert orders(replaced) == expected, f"seed {seed}"


# Wrong if an order that agrees with one of the tree is not found.
def test_orders_follow_ranks():
    for seed in range(200):
        random = Random(seed)
        count = random.randint(2, 6)
        tree: Node | None = in_any_order([leaf(number) for number in range(count)])
        for _ in range(random.randint(1, 4)):
            members = random.sample(range(count), random.randint(1, count))
            tree = tree and reduce(tree, sum(1 << member for member in members))
        if tree is None:
            continue
        wanted = random.choice(sorted(orders(tree)))
        ranks = {number: rank for rank, number in enumerate(wanted)}
        assert tuple(order_by(tree, ranks)) == wanted, f"seed {seed}"
