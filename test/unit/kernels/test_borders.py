"""Which loop is shortened at a border, and where elements are selected instead."""

from collections.abc import Iterator

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.access import Access
from fdt_mlir.kernels.borders import clipped_dims, clipping_dim, dims_by_value
from fdt_mlir.kernels.kernel import Kernel, Pad, Stage
from fdt_mlir.kernels.neutral import is_neutral
from unit.kernels.tiny_kernels import copy_stage, dense, kernel, subscript, sum_stage

IMAGE = Access((subscript((2, 3), 9, 1, -2),))  # stride 2, dilation 3, padding 2
TAPS = sum_stage((0,), (1,))
MAXIMUM = """
func.func private @sum(%acc: i8, %in: i8) -> i8 {
  %next = arith.maxsi %in, %acc : i8
  return %next : i8
}
"""


@pytest.fixture(autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def conv(stages: list[Stage], neutral: bool = True) -> Kernel:
    zero = ir.IntegerAttr.get(ir.IntegerType.get_signless(8), 0)
    return kernel((5, 3), 1, stages, pads=[Pad(0, zero, neutral)])


def test_window_is_clipped_along_its_taps() -> None:
    assert clipping_dim(conv([TAPS]), TAPS, 0, IMAGE.subscripts[0]) == 1
    assert clipped_dims(conv([TAPS]), [IMAGE, dense((5,), 2)]) == {1}
    assert dims_by_value(conv([TAPS]), [IMAGE, dense((5,), 2)]) == {0}


def test_padding_that_counts_is_selected() -> None:
    selected = conv([TAPS], neutral=False)
    assert clipping_dim(selected, TAPS, 0, IMAGE.subscripts[0]) is None
    assert dims_by_value(selected, [IMAGE, dense((5,), 2)]) == {0, 1}


def test_backward_window_is_selected() -> None:
    backward = subscript((2, -1), 9, 1)
    assert clipping_dim(conv([TAPS]), TAPS, 0, backward) is None


def test_border_outside_of_the_reduction_is_selected() -> None:
    # A sum over channels of padded rows: no loop of the sum moves along the rows.
    rows = subscript((1, 0), 3, 2, -1)
    assert clipping_dim(conv([TAPS]), TAPS, 0, rows) is None


def test_operand_that_one_stage_clips_and_another_selects_needs_its_index() -> None:
    both = conv([TAPS, copy_stage(0, 1)])
    assert dims_by_value(both, [IMAGE, dense((5,), 2)]) == {0, 1}


def test_padding_in_the_start_value_counts() -> None:
    module = ir.Module.parse(MAXIMUM)
    value = ir.Attribute.parse("-128 : i8")
    start = Stage("sum", ("acc", "in:1"), (0,), (1,), "start", ("in:0",))
    assert not is_neutral(module, start, 0, value)
    assert is_neutral(module, Stage("sum", ("in:1",), (0,)), 0, value), "not read at all"
