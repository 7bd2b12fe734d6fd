"""How a kernel addresses its operands: linear element indices in terms of its loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.bindings import downcast, ir


@dataclass(frozen=True)
class Linear:
    """`constant + sum(coefficients[d] * d)`, one coefficient for each dimension."""

    coefficients: tuple[int, ...]
    constant: int = 0

    @property
    def dims(self) -> tuple[int, ...]:
        """The dimensions that count."""
        return tuple(dim for dim, c in enumerate(self.coefficients) if c)

    def scaled(self, factor: int) -> Linear:
        return Linear(tuple(c * factor for c in self.coefficients), self.constant * factor)

    def plus(self, other: Linear) -> Linear:
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return Linear(tuple(a + b for a, b in pairs), self.constant + other.constant)

    def bounds(self, extents: Sequence[int]) -> tuple[int, int]:
        """Smallest and largest value over `0 <= d < extents[d]`."""
        reach = [c * (n - 1) for c, n in zip(self.coefficients, extents, strict=True)]
        low = self.constant + sum(min(0, step) for step in reach)
        return low, self.constant + sum(max(0, step) for step in reach)


@dataclass(frozen=True)
class Subscript:
    """One dimension of an operand: which element, of how many, how far apart.

    `extent` is the logical extent: positions beyond it are padding. In a `ring` there is room for
    so many positions only, see `Access.rings`.
    """

    position: Linear
    extent: int
    stride: int
    ring: int | None = None

    def may_leave(self, extents: Sequence[int]) -> bool:
        """Whether the loops reach beyond the operand."""
        low, high = self.position.bounds(extents)
        return low < 0 or high >= self.extent


@dataclass(frozen=True)
class Ring:
    """Elements of which the last `size` exist: that at `position` lives at `position mod size`."""

    position: Linear
    size: int
    stride: int


@dataclass(frozen=True)
class Access:
    """How one operand is addressed: one subscript for each of its dimensions."""

    subscripts: tuple[Subscript, ...]

    def linear(self, dims: int) -> Linear:
        """The element index, rings left out."""
        total = Linear((0,) * dims)
        for subscript in self.subscripts:
            if subscript.ring is None:
                total = total.plus(subscript.position.scaled(subscript.stride))
        return total

    def leaving(self, extents: Sequence[int]) -> tuple[Subscript, ...]:
        """The subscripts that reach beyond the operand."""
        return tuple(subscript for subscript in self.subscripts if subscript.may_leave(extents))

    def rings(self) -> tuple[Ring, ...]:
        """The rings, outermost first.

        Neighbouring dimensions that are rings are one: (i, j) lives at `i * extent of j + j`,
        modulo the elements that there is room for.
        """
        found: list[Ring] = []
        before = None
        for subscript in self.subscripts:
            if subscript.ring is not None and before is not None and before.ring is not None:
                outer = found.pop()
                position = outer.position.scaled(subscript.extent).plus(subscript.position)
                size = outer.size * subscript.ring
                found.append(Ring(position, size, subscript.stride))
            elif subscript.ring is not None:
                found.append(Ring(subscript.position, subscript.ring, subscript.stride))
            before = subscript
        return tuple(found)


def linear_of(expr: ir.AffineExpr, dims: int) -> Linear:
    """Read an affine expression of sums and products with constants."""
    expr = downcast(expr)
    zero = Linear((0,) * dims)
    if isinstance(expr, ir.AffineDimExpr):
        position = expr.position
        return Linear(tuple(int(d == position) for d in range(dims)))
    if isinstance(expr, ir.AffineConstantExpr):
        return Linear(zero.coefficients, expr.value)
    if isinstance(expr, ir.AffineAddExpr):
        return linear_of(expr.lhs, dims).plus(linear_of(expr.rhs, dims))
    assert isinstance(expr, ir.AffineMulExpr), f"{expr} is not linear"
    left, right = linear_of(expr.lhs, dims), linear_of(expr.rhs, dims)
    if any(left.coefficients):
        assert not any(right.coefficients), f"{expr} is not linear"
        return left.scaled(right.constant)
    return right.scaled(left.constant)


def access_of(
    affine_map: ir.AffineMap,
    shape: Sequence[int],
    strides: Sequence[int],
    windows: Sequence[tuple[int, int]] = (),
    rings: Sequence[tuple[int, int]] = (),
) -> Access:
    """Build the access of an operand from its map, its shape and its strides in elements.

    `windows` and `rings` give (dimension, full extent) of those dimensions of which the operand
    holds a part only.
    """
    logical = dict((*windows, *rings))
    circular = dict(rings)
    subscripts = [
        Subscript(
            position=linear_of(expr, affine_map.n_dims),
            extent=logical.get(dim, extent),
            stride=stride,
            ring=extent if dim in circular else None,
        )
        for dim, (expr, extent, stride) in enumerate(
            zip(affine_map.results, shape, strides, strict=True)
        )
    ]
    return Access(tuple(subscripts))
