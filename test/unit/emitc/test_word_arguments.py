"""Which bytes a stage may take out of words: those that it only ever moves by one number."""

from collections.abc import Iterator

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.emitc.inline_function import Moved, inline_function, moved_offset
from fdt_mlir.emitc.types import Range, int_type
from fdt_mlir.emitc.values import scratch_block, unknown


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def function_of(body: str) -> ir.Module:
    return ir.Module.parse(f"""
    func.func private @f(%x: i8) -> i32 {{
      %three = arith.constant 3 : i32
      %four = arith.constant 4 : i32
      %wide = arith.extsi %x : i8 to i32
      {body}
      return %result : i32
    }}""")


LESS = "%moved = arith.subi %wide, %three : i32\n"
MORE = "%moved = arith.addi %wide, %four : i32\n"


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        (f"{LESS} %result = arith.muli %moved, %moved : i32", -3),
        (f"{MORE} %result = arith.muli %moved, %four : i32", 4),
        ("%a = arith.subi %wide, %three : i32 %result = arith.addi %wide, %four : i32", None),
        ("%result = arith.addi %wide, %wide : i32", None),
        ("%result = arith.subi %three, %wide : i32", None),
        ("%result = arith.muli %wide, %four : i32", None),
        (f"{LESS} %u = arith.extui %x : i8 to i32 %result = arith.addi %moved, %u : i32", None),
    ],
)
def test_the_number_that_every_use_adds(body: str, offset: int | None) -> None:
    module = function_of(body)
    assert moved_offset(module.body.operations[0].operation, 0) == offset


def test_a_moved_byte_is_not_moved_again() -> None:
    module = function_of(f"{LESS} %result = arith.muli %moved, %four : i32")
    with scratch_block(), ir.Location.unknown():
        moved = Moved(unknown(int_type(32), Range(-131, 124)), -3)
        result = inline_function(module.body.operations[0].operation, [moved])
        assert result.range == Range(-524, 496)
