"""A pad value may be skipped only where reading it leaves the accumulator as it was."""

from collections.abc import Iterator

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.neutral import is_neutral


@pytest.fixture(autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def neutral(body: str, types: str, pad: str, stage: Stage | None = None) -> bool:
    """Whether `pad` is neutral for %x in a body that combines %acc, %x and, perhaps, %w."""
    accumulator, element, *weight = types.split()
    arguments = f"%acc: {accumulator}, %x: {element}" + "".join(f", %w: {w}" for w in weight)
    module = ir.Module.parse(
        f"func.func private @step({arguments}) -> {accumulator} {{\n{body}\n}}"
    )
    names = ("acc", "in:0", *("in:1" for _ in weight))
    stage = stage or Stage("step", names, over=(0,), reduces=(1,), init="start")
    return is_neutral(module, stage, 0, ir.Attribute.parse(f"{pad} : {element}"))


PRODUCT = """
  %zero_point = arith.constant {zero_point} : i32
  %wide = arith.extsi %x : i8 to i32
  %centred = arith.subi %wide, %zero_point : i32
  %weight = arith.extsi %w : i8 to i32
  %product = arith.muli %centred, %weight : i32
  %next = arith.addi %acc, %product : i32
  return %next : i32
"""
COMBINE = "  %next = {operation} %acc, %x : {type}\n  return %next : {type}"


@pytest.mark.parametrize(("pad", "expected"), [(-3, True), (0, False), (3, False)])
def test_a_convolution_skips_its_zero_point(pad: int, expected: bool) -> None:
    assert neutral(PRODUCT.format(zero_point=-3), "i32 i8 i8", str(pad)) is expected


@pytest.mark.parametrize(
    ("operation", "element", "pad", "expected"),
    [
        ("arith.maxsi", "i8", "-128", True),
        ("arith.maxsi", "i8", "-127", False),
        ("arith.maxsi", "i32", "-128", False),
        ("arith.addi", "i32", "0", True),
        ("arith.addi", "i32", "1", False),
        ("arith.muli", "i32", "0", False),
        ("arith.minsi", "i8", "-128", False),
        ("arith.addf", "f32", "0.0", True),
        ("arith.maximumf", "f32", "0xFF800000", True),
        ("arith.maximumf", "f32", "-3.40282347E+38", True),
        ("arith.maximumf", "f32", "0.0", False),
        ("arith.subi", "i32", "7", False),
    ],
)
def test_only_the_identity_of_the_reduction_is_neutral(
    operation: str, element: str, pad: str, expected: bool
) -> None:
    body = COMBINE.format(operation=operation, type=element)
    assert neutral(body, f"{element} {element}", pad) is expected


def test_the_operands_may_stand_in_any_order() -> None:
    body = "  %next = arith.maxsi %x, %acc : i8\n  return %next : i8"
    assert neutral(body, "i8 i8", "-128")


def test_an_unknown_factor_does_not_hide_a_pad() -> None:
    body = """
      %product = arith.muli %x, %w : i32
      %next = arith.addi %acc, %product : i32
      return %next : i32
    """
    assert neutral(body, "i32 i32 i32", "0")
    assert not neutral(body, "i32 i32 i32", "2")


def test_what_happens_to_the_accumulator_after_the_sum_counts() -> None:
    body = """
      %sum = arith.addi %acc, %x : i32
      %two = arith.constant 2 : i32
      %next = arith.muli %sum, %two : i32
      return %next : i32
    """
    assert not neutral(body, "i32 i32", "0")


def test_a_stage_that_does_not_reduce_keeps_nothing() -> None:
    body = COMBINE.format(operation="arith.addi", type="i32")
    stage = Stage("step", ("acc", "in:0"), over=(0,))
    assert not neutral(body, "i32 i32", "0", stage)
