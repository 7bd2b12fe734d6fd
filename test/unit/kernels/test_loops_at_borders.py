"""Which loops are merged: only those of which nobody needs to know a single index."""

from collections.abc import Iterator

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.access import Access
from fdt_mlir.kernels.kernel import Pad, Stage
from fdt_mlir.kernels.loops import Loop, reduction_loops, result_loops
from unit.kernels.tiny_kernels import copy_stage, dense, kernel, subscript, sum_stage


@pytest.fixture(autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def zero() -> ir.Attribute:
    return ir.IntegerAttr.get(ir.IntegerType.get_signless(8), 0)


def test_strided_operand_keeps_its_loop() -> None:
    copy = kernel((4, 3, 2), 3, [copy_stage(0, 1, 2)])
    # Rows of 3x2 inside rows of 5x2.
    rows = Access(
        (subscript((1, 0, 0), 4, 10), subscript((0, 1, 0), 3, 2), subscript((0, 0, 1), 2, 1))
    )
    assert result_loops(copy, [rows, dense(copy.dims)]) == [Loop((0,), 4), Loop((1, 2), 6, 2)]


def test_early_stage_comes_first_and_ends_a_merge() -> None:
    # Softmax over rows: what is known of a row is computed before its elements.
    row = sum_stage((0, 1), (3,))
    soft = kernel((4, 3, 5, 5), 3, [row, Stage("scale", ("in:0", "stage:0"), (0, 1, 2))])
    result = Access(
        (
            subscript((1, 0, 0, 0), 4, 15),
            subscript((0, 1, 0, 0), 3, 5),
            subscript((0, 0, 1, 0), 5, 1),
        )
    )
    assert [loop.dims for loop in result_loops(soft, [result, result])] == [(0, 1), (2,)]


def window(neutral: bool) -> list[Loop]:
    """The loops of a 3x2-tap sum over a padded image of one channel."""
    stage = sum_stage((0,), (1, 2))
    image = Access((subscript((1, 1, 0), 7, 2, -1), subscript((0, 0, 1), 2, 1)))
    conv = kernel((7, 3, 2), 1, [stage], pads=[Pad(0, zero(), neutral)])
    return reduction_loops(conv, [image, dense((7,), 3)], stage.reduces)


def test_clipped_window_merges_with_what_follows() -> None:
    # Bounds of the window apply to the outer loop of the two.
    assert window(neutral=True) == [Loop((1, 2), 6, 2)]


def test_selected_padding_keeps_its_loop() -> None:
    # Each element asks where it is, so the row's own index is needed.
    assert window(neutral=False) == [Loop((1,), 3), Loop((2,), 2)]


def test_result_loop_of_a_border_keeps_its_index() -> None:
    # A pad alone: contiguous inside, but every row has to know its number.
    padded = Access((subscript((1, 0), 3, 2, -1), subscript((0, 1), 2, 1)))
    pad = kernel((5, 2), 2, [copy_stage(0, 1)], pads=[Pad(0, zero(), neutral=False)])
    assert [loop.dims for loop in result_loops(pad, [padded, dense(pad.dims)])] == [(0,), (1,)]
