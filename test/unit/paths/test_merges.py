"""Which layers can be one: those whose reader asks for each element once."""

import pytest
from path_graphs import GraphBuilder

from fdt_mlir.paths.merges import mergeable_groups


def pooled(kernel, stride, pad=(0, 0), extent=12):
    """A convolution and a pool."""
    build = GraphBuilder()
    x = build.window(build.input(extent, extent, 2), 4, (3, 3), pad=(1, 1))
    build.window(x, None, kernel, stride, pad, weighted=False)
    return build.graph()


@pytest.mark.parametrize(
    ("kernel", "stride", "extent"),
    [
        ((2, 2), (2, 2), 12),
        ((3, 2), (3, 2), 12),
        ((2, 2), (2, 2), 13),  # the last row and column are never read
        ((1, 2), (3, 2), 12),  # nor are rows between windows
    ],
)
def test_windows_that_do_not_overlap(kernel, stride, extent):
    assert mergeable_groups(pooled(kernel, stride, extent=extent)) == [(0, 1)]


@pytest.mark.parametrize(
    ("kernel", "stride", "pad"),
    [
        ((3, 3), (2, 2), (0, 0)),  # a row is needed twice
        ((2, 2), (2, 1), (0, 0)),  # a column is
        ((2, 2), (2, 2), (1, 0)),  # padding would have to be computed
    ],
)
def test_windows_that_ask_for_more(kernel, stride, pad):
    assert mergeable_groups(pooled(kernel, stride, pad)) == []


def test_a_convolution_asks_for_each_channel_again():
    build = GraphBuilder()
    x = build.window(build.input(4, 4, 2), 4, (3, 3), pad=(1, 1))
    build.window(x, 3)
    assert mergeable_groups(build.graph()) == []


def test_a_global_pool_is_no_block():
    build = GraphBuilder()
    build.global_pool(build.window(build.input(4, 4, 2), 4, (3, 3), pad=(1, 1)))
    assert mergeable_groups(build.graph()) == []


def test_others_that_need_the_tensor():
    build = GraphBuilder()
    x = build.window(build.input(8, 8, 2), 4)
    build.window(x, None, (2, 2), (2, 2), weighted=False)
    assert mergeable_groups(build.graph()) == [(0, 1)]
    assert mergeable_groups(build.graph(x)) == []  # the caller
    build.add(x, x)
    assert mergeable_groups(build.graph()) == []


def test_chains():
    """Pool after pool is one layer with the convolution, and elementwise layers join too."""
    build = GraphBuilder()
    x = build.input(16, 16, 2)
    x = build.window(x, 4, (3, 3), pad=(1, 1))
    for _ in range(2):
        x = build.window(x, None, (2, 2), (2, 2), weighted=False)
    x = build.window(x, 4, (3, 3), pad=(1, 1))
    x = build.add(x, x)
    build.window(x, None, (2, 2), (2, 2), weighted=False)
    assert mergeable_groups(build.graph()) == [(0, 1, 2), (4, 5)]
