"""Whether padding may be skipped: judged from the computation, not from names."""

import pytest

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.neutral import is_neutral
from unit.kernels.tiny_kernels import sum_stage

QUANTISED_STEP = """
func.func private @sum(%acc: i32, %in: i8, %w: i8) -> i32 {
  %zero_point = arith.constant -3 : i32
  %wide = arith.extsi %in : i8 to i32
  %offset = arith.subi %wide, %zero_point : i32
  %w_wide = arith.extsi %w : i8 to i32
  %product = arith.muli %offset, %w_wide : i32
  %next = arith.addi %acc, %product : i32
  return %next : i32
}
"""
MAXIMUM = """
func.func private @sum(%acc: i8, %in: i8) -> i8 {
  %next = arith.maxsi %in, %acc : i8
  return %next : i8
}
"""
COUNT = """
func.func private @sum(%acc: i32, %in: i32) -> i32 {
  %one = arith.constant 1 : i32
  %shifted = arith.addi %in, %one : i32
  %next = arith.addi %shifted, %acc : i32
  return %next : i32
}
"""


@pytest.mark.parametrize(
    ("text", "args", "value", "expected"),
    [
        (QUANTISED_STEP, ("in:1",), "-3 : i8", True),
        (QUANTISED_STEP, ("in:1",), "0 : i8", False),
        (MAXIMUM, (), "-128 : i8", True),
        (MAXIMUM, (), "-127 : i8", False),
        (COUNT, (), "-1 : i32", True),
        (COUNT, (), "0 : i32", False),
    ],
)
def test_step_tells_whether_a_value_counts(
    text: str, args: tuple[str, ...], value: str, expected: bool
) -> None:
    with mlir_context():
        module = ir.Module.parse(text)
        assert string(next(iter(module.body.operations)).operation, "sym_name") == "sum"
        stage = sum_stage((0,), (1,), *args)
        assert is_neutral(module, stage, 0, ir.Attribute.parse(value)) is expected


def test_padding_counts_outside_of_a_reduction() -> None:
    with mlir_context():
        module = ir.Module.parse(MAXIMUM)
        value = ir.Attribute.parse("-128 : i8")
        assert not is_neutral(module, Stage("sum", ("in:0",), (0,)), 0, value)
        start = Stage("sum", ("acc", "in:1"), (0,), (1,), "start", ("in:0",))
        assert not is_neutral(module, start, 0, value)
        assert is_neutral(module, Stage("sum", ("in:1",), (0,)), 0, value), "not read at all"
