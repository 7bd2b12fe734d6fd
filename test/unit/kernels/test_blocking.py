"""Register blocks: what they cover, when they are allowed, and the order of weights in them."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdt_mlir.bindings import mlir_context
from fdt_mlir.kernels.access import Access
from fdt_mlir.kernels.blocking import Blocking, choose_blocking
from fdt_mlir.kernels.machine import MACHINES, Tuning
from fdt_mlir.kernels.pack import PackedConstant, interleave
from unit.kernels.tiny_kernels import copy_stage, dense, kernel, subscript, sum_stage


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


@given(extent=st.integers(1, 40), lanes=st.integers(1, 9))
def test_parts_cover_the_loop_once_in_blocks(extent: int, lanes: int) -> None:
    parts = Blocking(lanes).splits(extent)
    covered = [
        start + lane
        for first, end, count in parts
        for start in range(first, end, count)
        for lane in range(count)
    ]
    assert covered == list(range(extent))


@given(
    tiles=st.integers(1, 3),
    rows=st.integers(1, 9),
    row=st.integers(1, 5),
    lanes=st.integers(1, 4),
)
def test_a_block_finds_its_weights_where_the_loops_look(
    tiles: int, rows: int, row: int, lanes: int
) -> None:
    """Element k of row `first + lane` of a block lies at `first * row + k * lanes + lane`."""
    weights = np.arange(tiles * rows * row)
    parts = Blocking(lanes).splits(rows)
    packed = interleave(PackedConstant(weights, (), ()), row, parts).data.reshape(tiles, -1)
    by_row = weights.reshape(tiles, rows, row)
    for first, end, count in parts:
        for start in range(first, end, count):
            for lane in range(count):
                places = start * row + np.arange(row) * count + lane
                assert np.array_equal(packed[:, places], by_row[:, start + lane])


def test_a_contraction_computes_neighbouring_channels_together() -> None:
    weights = Access((subscript((1, 0), 10, 3), subscript((0, 1), 3, 1)))
    product = kernel((10, 3), 1, [sum_stage((0,), (1,), "in:1")], operands=2)
    reads = Access((subscript((0, 1), 3, 1),))
    blocking = choose_blocking(
        product, [reads, weights, dense((10,), 2)], [False, True, False], Tuning()
    )
    assert (blocking.lanes, blocking.dim) == (MACHINES["generic"].contraction_lanes, 0)
    assert blocking.interleaved == {1}


def test_weights_that_are_no_constant_stay_in_their_order() -> None:
    weights = Access((subscript((1, 0), 10, 3), subscript((0, 1), 3, 1)))
    product = kernel((10, 3), 1, [sum_stage((0,), (1,), "in:1")], operands=2)
    reads = Access((subscript((0, 1), 3, 1),))
    blocking = choose_blocking(
        product, [reads, weights, dense((10,), 2)], [False, False, False], Tuning()
    )
    assert not blocking.interleaved


def test_elements_of_different_borders_are_computed_one_by_one() -> None:
    window = Access((subscript((1, 1), 10, 1, constant=-1),))
    blurred = kernel((10, 3), 1, [sum_stage((0,), (1,))])
    assert choose_blocking(blurred, [window, dense((10,), 2)], [False, False], Tuning()).lanes == 1


def test_a_slice_of_the_innermost_loop_is_computed_one_by_one() -> None:
    copied = kernel((10,), 1, [copy_stage(0)], slices=(0,))
    assert (
        choose_blocking(copied, [dense((10,)), dense((10,))], [False, False], Tuning()).lanes == 1
    )


def test_a_value_modulo_a_ring_is_computed_one_by_one() -> None:
    ring = Access((subscript((1,), 10, 1, ring=4),))
    copied = kernel((10,), 1, [copy_stage(0)])
    assert choose_blocking(copied, [ring, dense((10,))], [False, False], Tuning()).lanes == 1
