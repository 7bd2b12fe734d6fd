"""Element indices: what loops reach, and where they leave an operand."""

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.access import Linear, access_of, linear_of


def test_bounds_count_negative_steps_from_their_end() -> None:
    assert Linear((2, -3), 1).bounds((4, 5)) == (-11, 7)


def test_expression_becomes_linear() -> None:
    with mlir_context():
        y, x = ir.AffineExpr.get_dim(0), ir.AffineExpr.get_dim(1)
        assert linear_of(3 * (y + 2 * x) - 4, 2) == Linear((3, 6), -4)


def test_product_of_loops_is_refused() -> None:
    with mlir_context():
        two_dims = ir.AffineMap.get(2, 0, [ir.AffineExpr.get_dim(0) * ir.AffineExpr.get_dim(1)])
        with pytest.raises(AssertionError, match="not linear"):
            access_of(two_dims, (9,), (1,))


def test_padded_window_leaves_its_operand_on_both_sides() -> None:
    # 7 rows, window of 3, padded by 1: from -1 to 7.
    with mlir_context():
        y, k, x = (ir.AffineExpr.get_dim(dim) for dim in range(3))
        window = ir.AffineMap.get(3, 0, [y + k - 1, x])
        access = access_of(window, (7, 5), (5, 1))
    assert access.leaving((7, 3, 5)) == access.subscripts[:1]
    assert access.leaving((5, 3, 5))[0].position.bounds((5, 3, 5)) == (-1, 5)
    assert access.linear(3) == Linear((5, 5, 1), -5)


def test_ring_is_no_part_of_the_linear_index() -> None:
    with mlir_context():
        rows = ir.AffineMap.get(2, 0, [ir.AffineExpr.get_dim(0), ir.AffineExpr.get_dim(1)])
        access = access_of(rows, (3, 4), (4, 1), rings=[(0, 9)])
    assert access.linear(2) == Linear((0, 1), 0)
    (ring,) = access.rings()
    assert (ring.extent, ring.ring) == (9, 3)
