"""Conditions joined, as far as they are not known."""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.values import Value, computed, constant, create


def either(left: Value, right: Value) -> Value:
    """`left || right`."""
    for known, other in ((left, right), (right, left)):
        if known.constant is not None:
            return known if known.constant else other
    return computed(create("logical_or", [left.type], [left.ir, right.ir]).results[0])


def both(conditions: Sequence[Value]) -> Value:
    """Whether all conditions hold."""
    total = constant(True, ir.IntegerType.get_signless(1))
    for condition in conditions:
        if total.constant is not None:
            total = condition if total.constant else total
        elif condition.constant is not None:
            total = total if condition.constant else condition
        else:
            operands = [total.ir, condition.ir]
            total = computed(create("logical_and", [total.type], operands).results[0])
    return total
