"""Floating-point extremes as comparisons.

LLVM calls functions such as fmaximumf for them where there is no floating-point unit, which no C
library of a microcontroller has.

NOTE: IREE's wheel does not register `arith-expand`, which does the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from fdt_mlir.bindings import ir

# Numbers of arith.cmpf's predicates.
_OGT, _OLT, _UGT, _ULT, _UNO = 2, 4, 9, 11, 14


@dataclass(frozen=True)
class _Extreme:
    """`predicate` says when the first operand is taken; a NaN either wins or is left out."""

    predicate: int
    nan_wins: bool


_EXTREMES = {
    "arith.maximumf": _Extreme(_UGT, True),
    "arith.minimumf": _Extreme(_ULT, True),
    "arith.maxnumf": _Extreme(_OGT, False),
    "arith.minnumf": _Extreme(_OLT, False),
}


def expand_extreme(name: str, left: ir.Value, right: ir.Value) -> ir.Value | None:
    """Compute what operation `name` of these operands gives; None where it is no extreme."""
    extreme = _EXTREMES.get(name)
    if extreme is None:
        return None
    chosen = _select(_compare(extreme.predicate, left, right), left, right)
    on_nan = right if extreme.nan_wins else left
    return _select(_compare(_UNO, right, right), on_nan, chosen)


def _compare(predicate: int, left: ir.Value, right: ir.Value) -> ir.Value:
    number = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), predicate)
    return ir.Operation.create(
        "arith.cmpf",
        [ir.IntegerType.get_signless(1)],
        [left, right],
        attributes={"predicate": number},
    ).results[0]


def _select(condition: ir.Value, then: ir.Value, otherwise: ir.Value) -> ir.Value:
    operands = [condition, then, otherwise]
    return ir.Operation.create("arith.select", [then.type], operands).results[0]
