"""Which kernels get a micro-kernel, and the order of weights that its loops rely on."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.access import Access
from fdt_mlir.kernels.blocking import Blocking, choose_blocking
from fdt_mlir.kernels.kernel import Pad, Stage
from fdt_mlir.kernels.machine import MACHINES, Optimize, Tuning
from fdt_mlir.kernels.micro_kernel import (
    BYTE_VECTOR,
    QUAD,
    VECTOR,
    Dot,
    Lanewise,
    MicroKernel,
    Taps,
)
from fdt_mlir.kernels.pack import PackedConstant, TiledDim, pack_quads, pack_taps
from fdt_mlir.kernels.product import Product, match_product
from fdt_mlir.kernels.steps import Addition, Largest
from unit.kernels.tiny_kernels import kernel, subscript, sum_stage

PRODUCT = Product(input=0, weights=1, zero_point=-5)


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


@given(
    rows=st.integers(2, 9),
    runs=st.integers(1, 3),
    run=st.integers(4, 11),
    wide=st.booleans(),
)
def test_quads_hold_every_weight_once(rows: int, runs: int, run: int, wide: bool) -> None:
    """Quad q of a run starts at 4 q, the last one ends with the run; what is done is zero."""
    weights = np.arange(1, rows * runs * run + 1).reshape(rows, runs, run)
    micro = Dot(PRODUCT, run, whole=run % QUAD == 0, wide=wide)
    row = runs * micro.padded_run
    parts = Blocking(QUAD).splits(rows)
    packed = pack_quads(PackedConstant(weights.reshape(-1), (), ()), runs * run, parts, micro).data
    order = [0, 2, 1, 3] if wide else [0, 1, 2, 3]
    for first, end, lanes in parts:
        for start in range(first, end, lanes):
            for place in range(0, row, QUAD):
                number, quad = divmod(place, micro.padded_run)
                begin = min(quad, run - QUAD)
                done = quad - begin
                for lane in range(lanes):
                    at = start * row + lanes * place + QUAD * lane
                    expected = weights[start + lane, number, begin : begin + QUAD].copy()
                    expected[:done] = 0
                    assert list(packed[at : at + QUAD]) == list(expected[order])


@given(tiles=st.integers(1, 2), rows=st.integers(4, 9), taps=st.integers(1, 7))
def test_taps_hold_both_of_a_pair_side_by_side(tiles: int, rows: int, taps: int) -> None:
    weights = np.arange(1, tiles * rows * taps + 1).reshape(tiles, rows, taps)
    micro = Taps(PRODUCT, taps, split=False)
    constant = PackedConstant(weights.reshape(-1), (), ())
    packed = pack_taps(constant, Blocking(QUAD).splits(rows), micro).data.reshape(tiles, -1)
    for first in range(0, rows - rows % QUAD, QUAD):
        for tap in range(taps):
            for lane in range(QUAD):
                at = first * micro.padded_taps + tap // 2 * 2 * QUAD + 2 * lane + tap % 2
                assert np.array_equal(packed[:, at], weights[:, first + lane, tap])


@given(tiles=st.integers(2, 4), rows=st.integers(2, 9), run=st.integers(4, 11))
def test_tiles_that_are_filled_up_begin_where_their_weights_are(
    tiles: int, rows: int, run: int
) -> None:
    """Zeros that complete the quads of a tile move the tiles behind it, whatever they are of."""
    weights = np.arange(1, tiles * rows * run + 1)
    position = ir.Operation.parse("%tile = arith.constant 0 : index").results[0]
    constant = PackedConstant(weights, (), (), (TiledDim(position, run, rows * run),))
    micro = Dot(PRODUCT, run, whole=run % QUAD == 0, wide=False)
    packed = pack_quads(constant, run, Blocking(QUAD).splits(rows), micro)
    (dim,) = packed.tiled
    for tile in range(tiles):
        found = packed.data[tile * dim.step_elements : (tile + 1) * dim.step_elements]
        assert sorted(found[found != 0]) == list(weights[tile * rows * run :][: rows * run])


def chosen(target: str, optimize: Optimize, run: int, pixels: int = 1) -> MicroKernel | None:
    """The micro-kernel of a dense layer on `pixels` rows of `run` elements."""
    dims = (pixels, 12, run)
    reads = Access((subscript((1, 0, 0), pixels, run), subscript((0, 0, 1), run, 1)))
    weights = Access((subscript((0, 1, 0), 12, run), subscript((0, 0, 1), run, 1)))
    result = Access((subscript((1, 0, 0), pixels, 12), subscript((0, 1, 0), 12, 1)))
    dense = kernel(dims, 2, [sum_stage((0, 1), (2,), "in:1")], operands=2)
    tuning = Tuning(MACHINES[target], optimize)
    accesses = [reads, weights, result]
    return choose_blocking(dense, accesses, [False, True, False], tuning, PRODUCT).micro


def test_only_cores_with_the_instructions_get_dot_products() -> None:
    assert chosen("generic", "speed", 16) is None
    assert chosen("cortex-m4", "size", 16) == Dot(PRODUCT, 16, whole=True, wide=False)
    helium = Dot(PRODUCT, 16, whole=True, wide=False, elements=VECTOR)
    assert chosen("cortex-m55", "size", 16) == helium
    assert chosen("cortex-m4", "size", 3) is None


def test_weights_are_widened_where_that_pays() -> None:
    """Balanced: those that are used often; for speed: all."""
    wide = {
        (optimize, pixels): micro.wide
        for optimize in ("size", "balanced", "speed")
        for pixels in (1, 400)
        if isinstance(micro := chosen("cortex-m4", optimize, 16, pixels), Dot)
    }
    often = {name for (name, pixels), is_wide in wide.items() if is_wide and pixels == 400}
    once = {name for (name, pixels), is_wide in wide.items() if is_wide and pixels == 1}
    assert (often, once) == ({"balanced", "speed"}, {"speed"})


def side_by_side(
    step: Largest | Addition,
    target: str = "cortex-m4",
    channels: int = 20,
    window: int = 4,
    apart: int = 1,
    padding: int = 0,
    slices: Sequence[int] = (),
) -> MicroKernel | None:
    """The micro-kernel of a pool over rows, whose channels are `apart` in memory."""
    dims = (3, channels, window)
    rows = 3 + window - 1 - padding
    reads = Access(
        (subscript((1, 0, 1), rows, channels * apart), subscript((0, 1, 0), channels, apart))
    )
    result = Access((subscript((1, 0, 0), 3, channels), subscript((0, 1, 0), channels, 1)))
    pads = [Pad(0, ir.Attribute.parse("0 : i8"), neutral=True)] if padding else []
    pool = kernel(dims, 2, [sum_stage((0, 1), (2,))], pads=pads, slices=slices)
    tuning = Tuning(MACHINES[target])
    return choose_blocking(pool, [reads, result], [False, False], tuning, step).micro


LARGEST, SUM, MOVED_SUM = Largest(0, -128), Addition(0, 0), Addition(0, 5)


def test_channels_side_by_side_fill_the_registers_there_are() -> None:
    assert side_by_side(LARGEST) == Lanewise(LARGEST, QUAD)
    assert side_by_side(SUM) == Lanewise(SUM, QUAD)
    assert side_by_side(LARGEST, "cortex-m55") == Lanewise(LARGEST, BYTE_VECTOR)
    assert side_by_side(SUM, "cortex-m55") == Lanewise(SUM, VECTOR)
    assert side_by_side(SUM, "cortex-m55", channels=5) == Lanewise(SUM, QUAD)
    assert side_by_side(LARGEST, "cortex-m3") is None


def test_channels_that_no_register_holds_keep_plain_loops() -> None:
    assert side_by_side(LARGEST, channels=3) is None
    assert side_by_side(LARGEST, apart=2) is None


def test_sums_stay_within_16_bits() -> None:
    """256 terms of -128 are the least there is; an offset leaves room for fewer."""
    assert side_by_side(SUM, window=256) is not None
    assert side_by_side(SUM, window=257) is None
    assert side_by_side(MOVED_SUM, window=246) is not None
    assert side_by_side(MOVED_SUM, window=247) is None


def test_offsets_are_added_at_once_only_where_all_terms_are_there() -> None:
    assert side_by_side(SUM, padding=1) is not None
    assert side_by_side(MOVED_SUM, padding=1) is None
    assert side_by_side(MOVED_SUM, slices=(2,)) is None


BODY = """
func.func private @step(%sum: i32, %x: i8, %w: i8) -> i32 {{
  %zero = arith.constant -5 : i32
  %x32 = arith.{extension} %x : i8 to i32
  %moved = arith.subi %x32, %zero : i32
  %w32 = arith.extsi %w : i8 to i32
  %product = arith.muli %moved, %w32 : i32
  %next = arith.{combine} %sum, %product : i32
  return %next : i32
}}"""


@pytest.mark.parametrize(
    ("extension", "combine", "expected"),
    [("extsi", "addi", PRODUCT), ("extui", "addi", None), ("extsi", "subi", None)],
)
def test_a_sum_of_products_of_signed_bytes(
    extension: str, combine: str, expected: Product | None
) -> None:
    module = ir.Module.parse(BODY.format(extension=extension, combine=combine))
    stage = Stage("step", ("acc", "in:0", "in:1"), (0,), (1,), "start")
    assert match_product(stage, module.body.operations[0].operation) == expected
