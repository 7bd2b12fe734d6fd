"""Which loops a kernel runs: dimensions in order, merged where memory is contiguous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.kernels.access import Access
from fdt_mlir.kernels.borders import clipped_dims, dims_by_value
from fdt_mlir.kernels.kernel import Kernel


@dataclass(frozen=True)
class Loop:
    """One loop over `dims`, adjacent dimensions run through as one.

    Only the first of them may have bounds that depend on other loops (a clipped window, a slice);
    `inner` is the number of points of the others.
    """

    dims: tuple[int, ...]
    extent: int
    inner: int = 1

    @property
    def first(self) -> int:
        return self.dims[0]

    @property
    def last(self) -> int:
        return self.dims[-1]


def result_order(kernel: Kernel) -> list[int]:
    """The dimensions of the result in the order of the loops, outermost first.

    Dimensions that an early stage depends on come first, so that the stage runs once.
    """
    early = set(range(kernel.result_dims))
    for stage in kernel.stages:
        if set(stage.over) < early:
            early = set(stage.over)
    return sorted(range(kernel.result_dims), key=lambda dim: (dim not in early, dim))


def result_loops(kernel: Kernel, accesses: Sequence[Access]) -> list[Loop]:
    """The loops over the result, outermost first."""
    breaks = {len(set(stage.over)) for stage in kernel.stages}
    loops: list[Loop] = []
    for position, dim in enumerate(result_order(kernel)):
        mergeable = position not in breaks or position == 0
        _append(loops, kernel, accesses, dim, mergeable)
    return loops


def reduction_loops(
    kernel: Kernel, accesses: Sequence[Access], reduces: Sequence[int]
) -> list[Loop]:
    """The loops of a reducing stage, outermost first."""
    loops: list[Loop] = []
    for dim in reduces:
        _append(loops, kernel, accesses, dim, mergeable=True)
    return loops


def _append(
    loops: list[Loop], kernel: Kernel, accesses: Sequence[Access], dim: int, mergeable: bool
) -> None:
    extent = kernel.dims[dim]
    if loops and mergeable and _can_merge(loops[-1], dim, kernel, accesses):
        outer = loops.pop()
        merged = Loop((*outer.dims, dim), outer.extent * extent, outer.inner * extent)
        loops.append(merged)
    else:
        loops.append(Loop((dim,), extent))


def _can_merge(outer: Loop, dim: int, kernel: Kernel, accesses: Sequence[Access]) -> bool:
    by_value = dims_by_value(kernel, accesses)
    if dim in by_value or by_value & set(outer.dims):
        return False
    if dim in kernel.slices or dim in clipped_dims(kernel, accesses):
        return False
    coefficients = [access.linear(len(kernel.dims)).coefficients for access in accesses]
    return all(c[outer.last] == kernel.dims[dim] * c[dim] for c in coefficients)
