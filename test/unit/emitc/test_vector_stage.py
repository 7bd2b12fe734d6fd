"""Which scalar functions become operations on vectors, and which are left to single lanes."""

from collections.abc import Iterator

import pytest

from fdt_mlir.bindings import ir, mlir_context, walk
from fdt_mlir.emitc.lane_functions import LANE_FUNCTIONS
from fdt_mlir.emitc.types import Range, int_type
from fdt_mlir.emitc.values import Value, create, unknown
from fdt_mlir.emitc.vector_stage import (
    Lanes,
    VectorArgument,
    call_vector,
    computed_argument,
    vector_stage,
)

BYTE, WORD = Range(-128, 127), Range(-(1 << 31), (1 << 31) - 1)


@pytest.fixture(scope="module", autouse=True)
def context() -> Iterator[None]:
    with mlir_context():
        yield


def loaded(limits: Range = BYTE, width: int = 8) -> VectorArgument:
    def emit() -> Lanes:
        place = create("literal", [int_type(32)], attributes={"value": ir.StringAttr.get("p")})
        return Lanes(call_vector("load_bytes", [place.results[0]]))

    return VectorArgument(int_type(width), limits, emit)


def calls_for(body: str, *arguments: VectorArgument) -> list[str] | None:
    """The functions that compute `body`, of int8 %x and int32 %y; None where no vector does."""
    function = ir.Module.parse(f"""
    func.func private @f(%x: i8, %y: i32) -> i8 {{
      {body}
      return %result : i8
    }}""")
    target = ir.Module.create(loc=ir.Location.unknown())
    with ir.InsertionPoint(target.body), ir.Location.unknown():
        given = arguments or (loaded(), loaded(WORD, width=32))
        vectors = vector_stage(function.body.operations[0].operation, given)
        if vectors is None:
            assert not list(target.body.operations), "nothing is written"
            return None
        vectors.store(create("literal", [int_type(32)], attributes=_name("q")).results[0])
    found = [op for op in walk(target.operation) if op.name == "emitc.call_opaque"]
    return [ir.StringAttr(op.attributes["callee"]).value for op in found]


def _name(text: str) -> dict[str, ir.Attribute]:
    return {"value": ir.StringAttr.get(text)}


EXTEND = "%wide = arith.extsi %x : i8 to i32\n"
CLAMP = """
  %most = arith.constant {high} : i32
  %least = arith.constant {low} : i32
  %above = arith.maxsi %{value}, %least : i32
  %within = arith.minsi %above, %most : i32
  %result = arith.trunci %within : i32 to i8
"""
SATURATE = CLAMP.format(high=127, low=-128, value="sum")
LOAD, STORE = "load_bytes_s32x4", "store_bytes_s32x4"
SUM = f"{EXTEND} %sum = arith.addi %wide, %y : i32\n"


def test_a_sum_saturates_as_it_is_stored() -> None:
    assert calls_for(SUM + SATURATE) == [LOAD, LOAD, "add_s32x4", "store_saturated_s32x4"]


def test_an_activation_is_a_minimum_and_a_maximum() -> None:
    calls = calls_for(SUM + CLAMP.format(high=99, low=-3, value="sum"))
    assert calls == [LOAD, LOAD, "add_s32x4", "max_n_s32x4", "min_n_s32x4", STORE]


def test_what_lanes_have_in_common_goes_in_as_a_number() -> None:
    def scalar() -> Value:
        return unknown(int_type(32), WORD)

    shared = VectorArgument(int_type(32), WORD, scalar)
    assert calls_for(SUM + SATURATE, loaded(), shared) == [
        LOAD,
        "add_n_s32x4",
        "store_saturated_s32x4",
    ]


def rescaled(multiplier: int, shift: int) -> str:
    return f"""
    {EXTEND}
    %factor = arith.constant {multiplier} : i64
    %half = arith.constant {1 << (shift - 1)} : i64
    %shift = arith.constant {shift} : i64
    %wide64 = arith.extsi %{"wide" if shift < 33 else "y"} : i32 to i64
    %product = arith.muli %wide64, %factor : i64
    %rounded = arith.addi %product, %half : i64
    %shifted = arith.shrsi %rounded, %shift : i64
    %sum = arith.trunci %shifted : i64 to i32
    {SATURATE}"""


def test_products_of_64_bits_whose_upper_word_counts() -> None:
    """By a shift below 32 what has room is moved up first; above, the lower word is cut off."""
    assert calls_for(rescaled(1 << 30 | 1, 30)) == [
        LOAD,
        "multiply_n_s32x4",
        "multiply_high_n_s32x4",
        "store_saturated_s32x4",
    ]
    assert calls_for(rescaled(1 << 30 | 1, 38)) == [
        LOAD,
        "multiply_upper_n_s32x4",
        "add_n_s32x4",
        "shift_right_n_s32x4",
        "store_saturated_s32x4",
    ]


@pytest.mark.parametrize(
    "body",
    [
        f"{EXTEND} %sum = arith.divsi %wide, %y : i32\n {SATURATE}",
        f"%wide = arith.extui %x : i8 to i32 %sum = arith.addi %wide, %y : i32\n {SATURATE}",
        f"{EXTEND} %sum = arith.shrui %wide, %y : i32\n {SATURATE}",
        f"{EXTEND} %h = arith.trunci %y : i32 to i16 %sum = arith.extsi %h : i16 to i32 {SATURATE}",
        "%result = arith.constant 1 : i8",
        rescaled(1 << 30 | 1, 4),
    ],
    ids=["division", "unsigned", "logical shift", "narrow", "constant", "64 bits"],
)
def test_the_rest_is_computed_lane_by_lane(body: str) -> None:
    assert calls_for(body) is None


def test_ranges_of_lanes_are_joined() -> None:
    module = ir.Module.create(loc=ir.Location.unknown())
    with ir.InsertionPoint(module.body), ir.Location.unknown():
        lanes = [unknown(int_type(32), limits) for limits in (Range(-5, 2), Range(0, 9))]
        assert computed_argument(lanes).range == Range(-5, 9)


def test_every_function_stands_after_those_it_calls() -> None:
    seen: set[str] = set()
    for name, function in LANE_FUNCTIONS.items():
        assert seen.issuperset(function.calls), name
        seen.add(name)
