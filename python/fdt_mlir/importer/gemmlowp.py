"""Functions of fixed-point numbers as TFLite's reference kernels compute them.

A number of format Qm.n is a word of 1 + m + n bits that stands for itself / 2**n; Qm for short. The
formats, polynomials and roundings are those of gemmlowp's fixedpoint.h, in whose terms TFLite
defines its integer kernels; without them a result may be off by one.

Numbers are Python's, for tables, or elements under computation in 32 bits.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from fdt_mlir.importer.onnx.scalars import INT32, INT64, Scalar, clip, convert, select

Number = TypeVar("Number", int, Scalar)

# exp(-2**power) in Q0.31, by power.
_EXP_MINUS_POWER = (
    *((-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308)),
    *((2, 39332535), (3, 720401), (4, 242)),
)
_EXP_MINUS_EIGHTH, _THIRD = 1895147668, 715827883  # Q0.31
_START, _SLOPE = 1515870810, -1010580540  # 48/17 and -32/17 in Q2.29
_VANISHING_BITS = 5  # exp(-2**5) is 0 in Q0.31
_PREDICATES: Mapping[str, Callable[[int, int], bool]] = MappingProxyType(
    {"==": operator.eq, "!=": operator.ne, "<": operator.lt}
)


@dataclass(frozen=True)
class Words:
    """Fixed-point arithmetic in words of 16 or 32 bits."""

    bits: int

    @property
    def one(self) -> int:
        """The greatest number of Q0, which has no exact one."""
        return (1 << (self.bits - 1)) - 1

    def product(self, first: Number, second: Number | int) -> Number:
        """A product with a number of Q0, halves rounded up; not of two least numbers."""
        half = self.bits - 2
        wide = self._wide(first) * self._wide(second)
        return _narrow((wide + (1 << half)) >> (half + 1))

    def multiplied(self, value: Number, factor: int) -> Number:
        """The nearest number to a product with a whole number that a word holds."""
        return _narrow(_clip(self._wide(value) * factor, self.one))

    def exp(self, argument: Number, integer_bits: int) -> Number:
        """exp in Q0 of an argument at most 0 with `integer_bits` integer bits.

        A polynomial for what remains modulo a quarter, a factor for each bit above.
        """
        fraction_bits = self.bits - 1 - integer_bits
        quarter = 1 << (fraction_bits - 2)
        remainder = (argument & (quarter - 1)) - quarter
        result = self._exp_near_zero(remainder * (1 << integer_bits))
        rest = remainder - argument
        for power, factor in _EXP_MINUS_POWER:
            if power < integer_bits:
                bit = rest & (1 << (fraction_bits + power))
                result = _where(bit, "!=", 0, self.product(result, self._of(factor)), result)
        if integer_bits > _VANISHING_BITS:
            least = -(1 << (fraction_bits + _VANISHING_BITS))
            result = _where(argument, "<", least, result * 0, result)
        return _where(argument, "==", 0, result * 0 + self.one, result)

    def logistic(self, argument: Number, integer_bits: int) -> Number:
        """1 / (1 + exp(-x)) in Q0."""
        power = self.exp(_minus_magnitude(argument), integer_bits)
        positive = self.multiplied(self.reciprocal(self.half_of_one_plus(power)), 2)
        result = _where(argument, "<", 0, positive * -1 + self.one, positive)
        return _where(argument, "==", 0, result * 0 + (1 << (self.bits - 2)), result)

    def tanh(self, argument: Number, integer_bits: int) -> Number:
        """tanh in Q0, as (1 - exp(-2x)) / (1 + exp(-2x))."""
        # Twice a number is the same integer with one integer bit more.
        power = self.exp(_minus_magnitude(argument), integer_bits + 1)
        one = 1 << (self.bits - 3)
        positive = self.multiplied(self.reciprocal(self.half_of_one_plus(power)) - one, 4)
        result = _where(argument, "<", 0, positive * -1, positive)
        return _where(argument, "==", 0, result * 0, result)

    def half_of_one_plus(self, value: Number) -> Number:
        """(1 + x) / 2 in Q0 of x in Q0 from 0 to 1."""
        return (value >> 1) + (1 << (self.bits - 2))

    def reciprocal(self, half: Number) -> Number:
        """1 / h in Q2 of h in Q0 from a half to 1, by Newton's method."""
        one = 1 << (self.bits - 3)
        x = self.product(half, self._of(_SLOPE)) + self._of(_START)
        for _ in range(3):
            error = self.product(half, x) * -1 + one
            x = x + self.multiplied(self.product(x, error), 4)
        return x

    def _exp_near_zero(self, argument: Number) -> Number:
        """exp in Q0 of an argument in Q0 from -1/4 to 0: Taylor's series at -1/8."""
        x = argument + (1 << (self.bits - 4))
        x2 = self.product(x, x)
        x3, x4 = self.product(x2, x), self.product(x2, x2)
        cubic = self.product(divided(x4, 2) + x3, self._of(_THIRD))
        higher = divided(cubic + x2, 1)
        constant = self._of(_EXP_MINUS_EIGHTH)
        return _clip(self.product(x + higher, constant) + constant, self.one)

    def _of(self, constant: int) -> int:
        """A constant given in 32 bits."""
        cut = 32 - self.bits
        return (constant + (1 << cut >> 1)) >> cut

    def _wide(self, value: Number) -> Number:
        """A number that may be multiplied."""
        if isinstance(value, Scalar) and self.bits == 32:
            return convert(value, INT64)
        return value


def divided(value: Number, power: int) -> Number:
    """value / 2**power, rounded half away from zero; not near the ends of 32 bits."""
    sign = value >> 31  # -1 for negative numbers
    return (value + (1 << (power - 1)) + sign) >> power


def _narrow(value: Number) -> Number:
    return convert(value, INT32) if isinstance(value, Scalar) else value


def _clip(value: Number, greatest: int) -> Number:
    if isinstance(value, Scalar):
        return clip(value, -greatest - 1, greatest)
    return min(max(value, -greatest - 1), greatest)


def _minus_magnitude(value: Number) -> Number:
    return _where(value, "<", 0, value, value * -1)


def _where(value: Number, predicate: str, bound: int, yes: Number, no: Number) -> Number:
    """One of two numbers, as a value compares with a bound."""
    if isinstance(value, Scalar) and isinstance(yes, Scalar) and isinstance(no, Scalar):
        return select(value.compare(predicate, bound), yes, no)
    assert isinstance(value, int)
    return yes if _PREDICATES[predicate](value, bound) else no
