"""Merged loops visit the same elements as one loop per dimension does."""

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.access import Access, Linear, Subscript
from fdt_mlir.kernels.kernel import Kernel, Pad, Stage
from fdt_mlir.kernels.loops import Loop, reduction_loops, result_loops


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def kernel_of(
    dims: Sequence[int],
    stages: Sequence[Stage],
    result_dims: int | None = None,
    pads: tuple[Pad, ...] = (),
    slices: tuple[int, ...] = (),
) -> Kernel:
    return Kernel(
        layer="layer",
        kind="kind",
        dims=tuple(dims),
        result_dims=len(dims) if result_dims is None else result_dims,
        maps=(),
        stages=tuple(stages),
        pads=pads,
        slices=slices,
    )


def each_point(dims: Sequence[int], *args: str) -> Stage:
    return Stage("body", args, over=tuple(range(len(dims))))


def whole(extents: Sequence[int], used: Sequence[int]) -> Access:
    """An operand that holds the dimensions `used`, densely, the last one fastest."""
    subscripts: list[Subscript] = []
    stride = 1
    for dim in reversed(used):
        position = Linear(tuple(int(d == dim) for d in range(len(extents))))
        subscripts.insert(0, Subscript(position, extents[dim], stride))
        stride *= extents[dim]
    return Access(tuple(subscripts))


def visited(loops: Sequence[Loop], accesses: Sequence[Access], dims: int) -> list[tuple[int, ...]]:
    """The element indices of all operands, as the generated code counts them."""
    coefficients = [access.linear(dims).coefficients for access in accesses]
    return sorted(
        tuple(
            sum(value * c[loop.last] for value, loop in zip(point, loops, strict=True))
            for c in coefficients
        )
        for point in itertools.product(*(range(loop.extent) for loop in loops))
    )


@st.composite
def nests(draw: st.DrawFn) -> tuple[list[int], list[Access]]:
    extents = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    subsets = st.lists(st.sampled_from(range(len(extents))), unique=True)
    operands = draw(st.lists(subsets, min_size=1, max_size=3))
    return extents, [whole(extents, used) for used in operands]


@given(nests())
def test_merged_loops_visit_the_same_elements(nest: tuple[list[int], list[Access]]) -> None:
    extents, accesses = nest
    plain = [Loop((dim,), extent) for dim, extent in enumerate(extents)]
    merged = result_loops(kernel_of(extents, [each_point(extents)]), accesses)
    assert visited(merged, accesses, len(extents)) == visited(plain, accesses, len(extents))


def test_dense_operands_need_a_single_loop() -> None:
    extents = [2, 3, 5]
    accesses = [whole(extents, [0, 1, 2])] * 2
    (loop,) = result_loops(kernel_of(extents, [each_point(extents)]), accesses)
    assert loop == Loop((0, 1, 2), 30, inner=15)


def test_a_broadcast_operand_keeps_its_loop_apart() -> None:
    extents = [2, 3, 5]
    accesses = [whole(extents, [0, 1, 2]), whole(extents, [2])]
    loops = result_loops(kernel_of(extents, [each_point(extents)]), accesses)
    assert loops == [Loop((0, 1), 6, inner=3), Loop((2,), 5)]


def test_a_slice_runs_from_begin_to_end_of_its_own_dimension() -> None:
    # The outer one of merged dimensions may be sliced: its bounds are scaled by `inner`.
    extents = [2, 3]
    accesses = [whole(extents, [0, 1])] * 2
    outer = result_loops(kernel_of(extents, [each_point(extents)], slices=(0,)), accesses)
    inner = result_loops(kernel_of(extents, [each_point(extents)], slices=(1,)), accesses)
    assert outer == [Loop((0, 1), 6, inner=3)]
    assert inner == [Loop((0,), 2), Loop((1,), 3)]


def test_an_index_that_a_stage_computes_with_has_a_loop_of_its_own() -> None:
    extents = [2, 3]
    accesses = [whole(extents, [0, 1])] * 2
    loops = result_loops(kernel_of(extents, [each_point(extents, "dim:0")]), accesses)
    assert loops == [Loop((0,), 2), Loop((1,), 3)]


def test_a_stage_of_few_dimensions_runs_outside_of_the_others() -> None:
    # A value for each column (dimension 1) is computed once, not once for each row.
    extents = [2, 3]
    accesses = [whole(extents, [0, 1])]
    stages = [Stage("early", (), over=(1,)), each_point(extents, "stage:0")]
    loops = result_loops(kernel_of(extents, stages), accesses)
    assert [loop.dims for loop in loops] == [(1,), (0,)]


def test_a_clipped_window_is_never_the_inner_part_of_a_loop() -> None:
    # Rows ky of a window that leaves its operand; channels c behind it are contiguous.
    reducing = Stage("body", ("acc", "in:0"), over=(0,), reduces=(1, 2), init="start")
    zero = ir.IntegerAttr.get(ir.IntegerType.get_signless(8), 0)
    image = Access(
        (
            Subscript(Linear((1, 1, 0), -1), extent=4, stride=5),
            Subscript(Linear((0, 0, 1)), extent=5, stride=1),
        )
    )
    weights = whole([4, 3, 5], [1, 2])
    result = whole([4, 3, 5], [0])
    kernel = kernel_of([4, 3, 5], [reducing], result_dims=1, pads=(Pad(0, zero, neutral=True),))
    clipped_first = reduction_loops(kernel, [image, weights, result], (1, 2))
    assert clipped_first == [Loop((1, 2), 15, inner=5)]
    clipped_last = reduction_loops(kernel, [image, weights, result], (2, 1))
    assert clipped_last == [Loop((2,), 5), Loop((1,), 3)]
