"""Kernels and accesses of a few points, as data, for tests that need no model."""

from collections.abc import Sequence

from fdt_mlir.bindings import ir
from fdt_mlir.kernels.access import Access, Linear, Subscript
from fdt_mlir.kernels.kernel import Kernel, Pad, Stage


def subscript(
    coefficients: Sequence[int],
    extent: int,
    stride: int,
    constant: int = 0,
    ring: int | None = None,
) -> Subscript:
    return Subscript(Linear(tuple(coefficients), constant), extent, stride, ring)


def dense(dims: Sequence[int], loops: int | None = None) -> Access:
    """A contiguous tensor whose dimensions are the first of the iteration space's `loops`."""
    strides = [1] * len(dims)
    for dim in reversed(range(len(dims) - 1)):
        strides[dim] = strides[dim + 1] * dims[dim + 1]
    count = len(dims) if loops is None else loops
    unit = [[int(i == dim) for i in range(count)] for dim in range(len(dims))]
    return Access(tuple(subscript(*facts) for facts in zip(unit, dims, strides, strict=True)))


def kernel(
    dims: Sequence[int],
    result_dims: int,
    stages: Sequence[Stage],
    operands: int = 1,
    pads: Sequence[Pad] = (),
    slices: Sequence[int] = (),
) -> Kernel:
    """A kernel of which only the loops matter; its maps are empty."""
    empty = ir.AffineMap.get(len(dims), 0, [])
    return Kernel(
        layer="layer",
        kind="kind",
        dims=tuple(dims),
        result_dims=result_dims,
        maps=(empty,) * (operands + 1),
        stages=tuple(stages),
        pads=tuple(pads),
        slices=tuple(slices),
    )


def copy_stage(*over: int) -> Stage:
    return Stage("copy", ("in:0",), over)


def sum_stage(over: Sequence[int], reduces: Sequence[int], *args: str) -> Stage:
    return Stage("sum", ("acc", "in:0", *args), tuple(over), tuple(reduces), "start")
