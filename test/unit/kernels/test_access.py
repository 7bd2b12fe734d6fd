"""Element indices of operands, held against the affine maps that they come from."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.access import Linear, Ring, access_of, linear_of

DIMS = 3
Coefficients = tuple[int, int, int]
numbers = st.integers(-4, 4)
coefficient_tuples = st.tuples(numbers, numbers, numbers)
extent_tuples = st.tuples(*[st.integers(1, 4)] * DIMS)


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def expression(coefficients: Coefficients, constant: int) -> ir.AffineExpr:
    """Build the sum in MLIR, which is free to simplify and reorder it."""
    total: ir.AffineExpr = ir.AffineExpr.get_constant(constant)
    for dim, coefficient in enumerate(coefficients):
        total = total + ir.AffineExpr.get_dim(dim) * coefficient
    return total


def value(linear: Linear, point: tuple[int, ...]) -> int:
    return linear.constant + sum(c * p for c, p in zip(linear.coefficients, point, strict=True))


@given(coefficient_tuples, numbers)
def test_an_affine_sum_is_read_as_it_is(coefficients: Coefficients, constant: int) -> None:
    assert linear_of(expression(coefficients, constant), DIMS) == Linear(coefficients, constant)


@given(coefficient_tuples, numbers, extent_tuples)
def test_bounds_are_the_extremes_over_all_points(
    coefficients: Coefficients, constant: int, extents: tuple[int, ...]
) -> None:
    linear = Linear(coefficients, constant)
    found = [value(linear, point) for point in itertools.product(*map(range, extents))]
    assert linear.bounds(extents) == (min(found), max(found))


@given(coefficient_tuples, coefficient_tuples, numbers, numbers)
def test_the_element_index_is_the_sum_over_the_dimensions(
    rows: Coefficients, columns: Coefficients, row: int, column: int
) -> None:
    exprs = [expression(rows, row), expression(columns, column)]
    access = access_of(ir.AffineMap.get(DIMS, 0, exprs), shape=(5, 7), strides=(11, 2))
    expected = tuple(11 * r + 2 * c for r, c in zip(rows, columns, strict=True))
    assert access.linear(DIMS) == Linear(expected, 11 * row + 2 * column)


def test_a_window_leaves_its_operand_at_the_borders_only() -> None:
    # 3 wide window, 1 of padding before: position y + ky - 1 of 6 rows.
    position = ir.AffineExpr.get_dim(0) + ir.AffineExpr.get_dim(1) - 1
    (rows,) = access_of(ir.AffineMap.get(2, 0, [position]), shape=(6,), strides=(1,)).subscripts
    assert rows.may_leave((6, 3))
    assert rows.may_leave((4, 2))  # before the first row only
    (inner,) = access_of(
        ir.AffineMap.get(2, 0, [ir.AffineExpr.get_dim(0) + ir.AffineExpr.get_dim(1)]),
        shape=(6,),
        strides=(1,),
    ).subscripts
    assert not inner.may_leave((4, 3))
    assert inner.may_leave((5, 3))


def test_a_ring_is_left_out_of_the_index_and_keeps_its_logical_extent() -> None:
    exprs = [ir.AffineExpr.get_dim(0), ir.AffineExpr.get_dim(1)]
    access = access_of(ir.AffineMap.get(2, 0, exprs), (3, 4), (4, 1), rings=[(0, 10)])
    assert access.linear(2) == Linear((0, 1))
    assert access.rings() == (Ring(Linear((1, 0)), 3, 4),)
    assert access.subscripts[0].extent == 10
    assert not access.subscripts[0].may_leave((10, 4))


def test_neighbouring_rings_are_one() -> None:
    """Pixel (y, x) of rows of 7 lives at y * 7 + x, modulo the 16 pixels that there is room for."""
    exprs = [ir.AffineExpr.get_dim(dim) for dim in range(3)]
    rings = [(0, 9), (1, 7)]
    access = access_of(ir.AffineMap.get(3, 0, exprs), (1, 16, 4), (64, 4, 1), rings=rings)
    assert access.linear(3) == Linear((0, 0, 1))
    assert access.rings() == (Ring(Linear((7, 1, 0)), 16, 4),)


def test_a_product_of_loops_is_refused() -> None:
    product = ir.AffineExpr.get_dim(0) * ir.AffineExpr.get_dim(1)
    with pytest.raises(AssertionError, match="not linear"):
        linear_of(product, 2)
