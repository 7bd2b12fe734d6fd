"""Which steps of a reduction micro-kernels know: those that do just this, and no others."""

from collections.abc import Iterator

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.steps import Addition, Largest, Step, match_step

START = {
    "i8": "%start = arith.constant -128 : i8",
    "i32": "%start = arith.constant 0 : i32",
}
STAGE = Stage("step", ("acc", "in:0"), (0,), (1,), "start")


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def matched(body: str, element: str = "i8", total: str = "i32") -> Step | None:
    module = ir.Module.parse(f"""
    func.func private @start() -> {total} {{
      {START[total]}
      return %start : {total}
    }}
    func.func private @step(%acc: {total}, %x: {element}) -> {total} {{
      {body}
      return %next : {total}
    }}""")
    functions = ir.SymbolTable(module.operation)
    return match_step(STAGE, lambda name: functions[name].operation)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("%next = arith.maxsi %acc, %x : i8", Largest(0, -128)),
        ("%next = arith.maxsi %x, %acc : i8", Largest(0, -128)),
        ("%next = arith.minsi %acc, %x : i8", None),
        ("%next = arith.maxui %acc, %x : i8", None),
        ("%next = arith.maxsi %acc, %acc : i8", None),
        ("%y = arith.addi %x, %x : i8\n %next = arith.maxsi %acc, %y : i8", None),
    ],
)
def test_the_largest_of_signed_bytes(body: str, expected: Step | None) -> None:
    assert matched(body, total="i8") == expected


EXTENDED = "%wide = arith.extsi %x : i8 to i32\n"
SCALED = f"""{EXTENDED}
  %zero_point = arith.constant -5 : i32
  %moved = arith.subi %wide, %zero_point : i32
  %moved64 = arith.extsi %moved : i32 to i64
  %multiplier = arith.constant {{multiplier}} : i64
  %half = arith.constant {{half}} : i64
  %shift = arith.constant 30 : i64
  %product = arith.muli %moved64, %multiplier : i64
  %rounded = arith.addi %product, %half : i64
  %shifted = arith.shrsi %rounded, %shift : i64
  %term = arith.trunci %shifted : i64 to i32
  %next = arith.addi %term, %acc : i32
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{EXTENDED} %next = arith.addi %acc, %wide : i32", Addition(0, 0)),
        (f"{EXTENDED} %next = arith.subi %acc, %wide : i32", None),
        (f"{EXTENDED} %y = arith.addi %wide, %wide : i32 %next = arith.addi %acc, %y : i32", None),
        # What comes of a mean whose input and result have one scale: a rescale by 1.
        (SCALED.format(multiplier=1 << 30, half=1 << 29), Addition(0, 5)),
        (SCALED.format(multiplier=1 << 29, half=1 << 29), None),
        (SCALED.format(multiplier=1 << 30, half=0), None),
    ],
)
def test_a_sum_of_signed_bytes(body: str, expected: Step | None) -> None:
    assert matched(body) == expected


def test_unsigned_bytes_and_words_are_left_to_plain_loops() -> None:
    unsigned = "%wide = arith.extui %x : i8 to i32 %next = arith.addi %acc, %wide : i32"
    assert matched(unsigned) is None
    assert matched("%next = arith.addi %acc, %x : i32", element="i32") is None
