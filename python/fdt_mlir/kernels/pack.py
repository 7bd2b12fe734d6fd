"""The order of a constant's elements in flash: the order in which its kernel reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import Kernel
from fdt_mlir.kernels.micro_kernel import QUAD, Dot, Taps
from fdt_mlir.kernels.operands import View

_PAIR_BYTES = 4
"""Alignment of what is loaded into two registers at once."""


@dataclass(frozen=True)
class TiledDim:
    """A dimension that a loop tiles: tiles of `extent` begin at `position`, a multiple of it.

    `step_elements`: from one tile to the next, in the packed data. That needs not be a multiple of
    `extent`, as packing may fill a tile up with zeros.
    """

    position: ir.Value
    extent: int
    step_elements: int


@dataclass(frozen=True)
class PackedConstant:
    """A constant operand in its final order.

    `data` has one dimension; `shape` is what the operand was. `strides` address one tile of it, as
    the kernel sees it; the place where the tile begins is the sum of `tiled`. `align_bytes`: what
    loads of several elements at once need; 0: nothing.
    """

    data: NDArray[Any] = field(compare=False)
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    tiled: tuple[TiledDim, ...] = ()
    align_bytes: int = 0


def pack_constant(kernel: Kernel, operand: int, view: View, data: NDArray[Any]) -> PackedConstant:
    """Lay a constant out as its kernel reads it; the part of each tile is contiguous."""
    tiled = _tiled_dims(view, data.shape)
    window = _static_part(view, data, tiled)
    order = packed_order(kernel, operand)
    if order is None:
        assert not tiled, "a table is not tiled"
        strides = _packed_strides(view.shape, range(len(view.shape)))
        return PackedConstant(np.ravel(window), data.shape, strides)
    steps = [window.shape[dim] // view.shape[dim] for dim in tiled]
    split: list[int] = []
    for dim, extent in enumerate(view.shape):
        split += [window.shape[dim] // extent, extent]
    # Every dimension became (tiles, extent of a tile); tiles go to the front.
    axes = [2 * dim for dim in range(len(view.shape))] + [2 * dim + 1 for dim in order]
    packed = np.ravel(np.transpose(np.reshape(window, split), axes))
    tile_elements = int(np.prod(view.shape, dtype=np.int64))
    dims: list[TiledDim] = []
    for number, (dim, position) in enumerate(tiled.items()):
        following = int(np.prod(steps[number + 1 :], dtype=np.int64))
        dims.append(TiledDim(position, view.shape[dim], tile_elements * following))
    return PackedConstant(packed, data.shape, _packed_strides(view.shape, order), tuple(dims))


def _tiled_dims(view: View, full: Sequence[int]) -> dict[int, ir.Value]:
    """The dimensions along which a loop takes one tile after the other, and its position."""
    tiled: dict[int, ir.Value] = {}
    for value, factor in view.dynamic:
        candidates = [
            dim
            for dim, (stride, extent) in enumerate(zip(view.strides, full, strict=True))
            if stride == factor and view.shape[dim] < extent
        ]
        assert len(candidates) == 1, "a tile of a constant is a slice of one dimension"
        (dim,) = candidates
        assert full[dim] % view.shape[dim] == 0, "tiles of a constant divide it"
        tiled[dim] = value
    return dict(sorted(tiled.items()))


def _static_part(view: View, data: NDArray[Any], tiled: dict[int, ir.Value]) -> NDArray[Any]:
    """The part of a constant that a call reads; whole along the dimensions that loops tile."""
    shape = tuple(data.shape[dim] if dim in tiled else n for dim, n in enumerate(view.shape))
    strides = [stride * data.itemsize for stride in view.strides]
    start = data.reshape(-1)[view.offset :]
    return np.lib.stride_tricks.as_strided(start, shape, strides)


Parts = Sequence[tuple[int, int, int]]
"""(first row, end, rows in a block) of the parts of a tile."""


def interleave(constant: PackedConstant, row_elements: int, parts: Parts) -> PackedConstant:
    """Lay out the rows of a constant in blocks: for each point of a row, that of all its rows."""
    return _repacked(constant, row_elements, parts, lambda block: np.swapaxes(block, 2, 3))


def pack_quads(
    constant: PackedConstant, row_elements: int, parts: Parts, micro: Dot
) -> PackedConstant:
    """The same, a quad (or vector) of points at a time, runs filled up with zeros to whole ones."""

    def quads(block: NDArray[Any]) -> NDArray[Any]:
        runs = block.reshape(*block.shape[:-1], -1, micro.run)
        whole = micro.run - micro.run % micro.elements
        # The last quad of a run ends with it: what it has in common with the one before is zero.
        # A vector is loaded in part instead.
        at = whole if micro.elements == QUAD else micro.run
        filled = np.insert(runs, [at] * (micro.padded_run - micro.run), 0, axis=-1)
        split = filled.reshape(*block.shape[:-1], -1, micro.elements)
        ordered = np.swapaxes(split, 2, 3)
        return ordered[..., [0, 2, 1, 3]].astype(np.int16) if micro.wide else ordered

    packed = _repacked(constant, row_elements, parts, quads)
    return replace(packed, align_bytes=_PAIR_BYTES)


def pack_taps(constant: PackedConstant, parts: Parts, micro: Taps) -> PackedConstant:
    """Blocks of a quad of rows two points at a time; the rest as `interleave` does."""

    def pairs(block: NDArray[Any]) -> NDArray[Any]:
        missing = micro.padded_taps - micro.taps
        filled = np.pad(block, [(0, 0)] * 3 + [(0, missing)]).astype(np.int16)
        if block.shape[2] != QUAD:
            return np.swapaxes(filled, 2, 3)
        return np.swapaxes(filled.reshape(*block.shape[:-1], -1, 2), 2, 3)

    packed = _repacked(constant, micro.taps, parts, pairs)
    return replace(packed, align_bytes=_PAIR_BYTES)


def _repacked(
    constant: PackedConstant,
    row_elements: int,
    parts: Parts,
    order: Callable[[NDArray[Any]], NDArray[Any]],
) -> PackedConstant:
    """Apply `order` to the blocks of each part: (tiles, blocks, rows, elements of a row)."""
    rows = parts[-1][1]
    tiles = constant.data.reshape(-1, rows, row_elements)
    packed = [
        order(tiles[:, first:end].reshape(len(tiles), -1, lanes, row_elements))
        for first, end, lanes in parts
    ]
    data = np.concatenate([part.reshape(len(tiles), -1) for part in packed], axis=1).reshape(-1)
    # Each step is a number of whole tiles, and all tiles grew alike.
    tiled = [
        replace(dim, step_elements=dim.step_elements * data.size // constant.data.size)
        for dim in constant.tiled
    ]
    return replace(constant, data=data, tiled=tuple(tiled))


def packed_order(kernel: Kernel, operand: int) -> tuple[int, ...] | None:
    """The dimensions of a constant operand from slowest to fastest, as the loops run.

    None where it stays as it is: a table, or an operand indexed by more than one loop per
    dimension.
    """
    results = list(kernel.maps[operand].results)
    if not results:
        return None
    position: list[int] = []
    for expr in results:
        if isinstance(expr, ir.AffineDimExpr):
            position.append(expr.position)
        elif isinstance(expr, ir.AffineConstantExpr) and expr.value == 0:
            position.append(-1)
        else:
            return None
    return tuple(sorted(range(len(position)), key=lambda dim: position[dim]))


def _packed_strides(shape: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    strides = [0] * len(shape)
    step = 1
    for dim in reversed(order):
        strides[dim] = step
        step *= shape[dim]
    return tuple(strides)
