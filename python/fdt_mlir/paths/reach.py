"""How far a tile of an end layer reaches back: the range that it needs of every layer.

All tile sizes of one loop are traced at once: the tiles of all sizes lie behind each other in
one vector. Axes are independent of each other, so tiles in two dimensions are products of two
traces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.paths.cones import Cone
from fdt_mlir.paths.graph import AxisRead, Graph, LayerNode, Read

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Range:
    """Half-open ranges `[first, last)`, one per tile, or a single one if `tiled` is false."""

    first: Ints
    last: Ints
    tiled: bool

    @property
    def length(self) -> Ints:
        return np.maximum(self.last - self.first, 0)

    def hull(self, other: Range, extent: int) -> Range:
        """The smallest range that holds both; what one of them needs untiled is kept whole."""
        if self.tiled != other.tiled:
            return whole(extent)
        return Range(
            np.minimum(self.first, other.first), np.maximum(self.last, other.last), self.tiled
        )


def whole(extent: int) -> Range:
    """All of an axis, in every tile."""
    return Range(np.array([0]), np.array([extent]), tiled=False)


@dataclass(frozen=True)
class LayerReach:
    """What tiling one loop makes of a layer, for each tile size.

    `tiled` says for each axis of the result whether it follows the loop; `lengths` holds what is
    read along those that do not. `points` is the sum over the tiles of the product of the tiled
    lengths, `extent` the largest such product as a buffer needs it. `plain` holds where the loop
    passes element by element and reaches into no padding, `constant` where it indexes weights.
    """

    tiled: tuple[bool, ...]
    lengths: tuple[int, ...]
    points: Ints
    extent: Ints
    plain: bool
    constant: bool


@dataclass(frozen=True)
class Trace:
    """One loop of an end layer, tiled by every size in `sizes`; `reach` by layer."""

    dim: int
    extent: int
    sizes: Ints
    counts: Ints
    reach: Mapping[int, LayerReach]


def tile_sizes(extent: int) -> Ints:
    """All sizes that matter, largest first: for each count of tiles the smallest largest tile."""
    sizes = {-(-extent // count) for count in range(2, extent + 1)}
    return np.array(sorted(sizes, reverse=True), dtype=np.int64)


def divisors(extent: int) -> Ints:
    """The sizes that divide an extent, largest first, without the extent itself."""
    found = [size for size in range(extent // 2, 0, -1) if extent % size == 0]
    return np.array(found, dtype=np.int64)


def trace(graph: Graph, cone: Cone, dim: int, sizes: Ints) -> Trace:
    """Follow tiles of the loop `dim` of the end layer back through the layers of a cone."""
    end = graph.layers[cone.end]
    extent = end.dims[dim]
    counts = -(-extent // sizes)
    starts = np.cumsum(counts) - counts
    size = np.repeat(sizes, counts)
    place = np.arange(int(counts.sum()), dtype=np.int64)
    first: Ints = (place - np.repeat(starts, counts)) * size
    tiles = Range(first, np.minimum(first + size, extent), tiled=True)

    needed: dict[str, list[Range]] = {}
    plain: dict[str, bool] = {}
    inside = {graph.layers[member].result for member in cone.members}
    reach: dict[int, LayerReach] = {}
    for member in cone.members:
        layer = graph.layers[member]
        loops = [whole(n) for n in layer.dims]
        passes = True
        if member == cone.end:
            loops[dim] = tiles
        else:
            passes = plain[layer.result]
            for loop, axis in zip(layer.result_loops, needed[layer.result], strict=True):
                if loop is not None:
                    loops[loop] = axis
        plain_here = passes and not any(_reaches_padding(r, layer, loops) for r in layer.reads)
        reach[member] = _layer_reach(layer, loops, starts, counts, plain_here)
        for read in layer.reads:
            if read.tensor not in inside:
                continue
            if member == cone.end and cone.fan_in and not read.in_reduction:
                continue
            shape = graph.tensors[read.tensor].shape
            axes = [_read_range(a, n, loops) for a, n in zip(read.axes, shape, strict=True)]
            direct = passes and _is_plain(read, layer, loops)
            known = needed.get(read.tensor)
            if known is not None:
                direct = direct and all(map(_same, axes, known))
                axes = [a.hull(b, n) for a, b, n in zip(axes, known, shape, strict=True)]
            needed[read.tensor] = axes
            plain[read.tensor] = plain.get(read.tensor, True) and direct
    return Trace(dim, extent, sizes, counts, reach)


def _same(one: Range, other: Range) -> bool:
    return np.array_equal(one.first, other.first) and np.array_equal(one.last, other.last)


def _layer_reach(
    layer: LayerNode, loops: Sequence[Range], starts: Ints, counts: Ints, plain: bool
) -> LayerReach:
    axes = [whole(1) if loop is None else loops[loop] for loop in layer.result_loops]
    reduced = [r for loop, r in enumerate(loops) if r.tiled and loop not in layer.result_loops]
    tiled = [axis for axis in axes if axis.tiled] + reduced
    points = counts
    extent = np.ones(len(counts), dtype=np.int64)
    if tiled:
        volume = tiled[0].length
        for axis in tiled[1:]:
            volume = volume * axis.length
        points = np.add.reduceat(volume, starts)
    for axis in axes:
        if axis.tiled:
            extent = extent * np.maximum.reduceat(axis.length, starts)
    return LayerReach(
        tiled=tuple(axis.tiled for axis in axes),
        lengths=tuple(1 if axis.tiled else int(axis.length[0]) for axis in axes),
        points=points,
        extent=extent,
        plain=plain,
        constant=any(r.tiled and loop in layer.constant_dims for loop, r in enumerate(loops)),
    )


def _read_range(axis: AxisRead | None, extent: int, loops: Sequence[Range]) -> Range:
    """The positions along an axis of a tensor that are read."""
    if axis is None:
        return whole(extent)
    first: Ints = np.array([axis.position.constant])
    last: Ints = first
    tiled = False
    for loop, factor in enumerate(axis.position.coefficients):
        if not factor:
            continue
        low, high = loops[loop].first, loops[loop].last - 1
        first = first + factor * (low if factor > 0 else high)
        last = last + factor * (high if factor > 0 else low)
        tiled = tiled or loops[loop].tiled
    first = np.minimum(np.maximum(first, 0), axis.extent)
    last = np.minimum(np.maximum(last + 1, 0), axis.extent)
    return Range(first, last, tiled)


def _is_plain(read: Read, layer: LayerNode, loops: Sequence[Range]) -> bool:
    """Whether tiled loops index the tensor element by element, each along an axis of its own."""
    return all(
        axis.plain_loop(layer.dims) is not None
        for axis in read.axes
        if axis is not None and any(loops[loop].tiled for loop in axis.loops())
    )


def _reaches_padding(read: Read, layer: LayerNode, loops: Sequence[Range]) -> bool:
    """Whether tiled loops index beyond the tensor: slices of it have no fixed size then."""
    for axis in (*read.axes, *read.view_axes):
        if axis is None or not any(loops[loop].tiled for loop in axis.loops()):
            continue
        low, high = axis.position.bounds(layer.dims)
        if low < 0 or high >= axis.extent:
            return True
    return False


def untiled_points(
    traces: Sequence[Trace], member: int, shape: Sequence[int], is_sliced: bool
) -> int:
    """Points of a layer, per point of the tiled axes, along the axes that follow no tiled loop.

    A loop over kernel calls computes them whole; where tensors are `is_sliced`, as by a
    transform-dialect loop, only what is read.
    """
    points = 1
    for axis, extent in enumerate(shape):
        if not any(one.reach[member].tiled[axis] for one in traces):
            points *= traces[0].reach[member].lengths[axis] if is_sliced else extent
    return points
