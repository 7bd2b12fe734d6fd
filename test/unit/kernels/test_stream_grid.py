"""Pixels of streams against a simulation: each computed once, in time, and kept long enough."""

from dataclasses import dataclass
from itertools import product
from random import Random

import pytest

from fdt_mlir.kernels.access import Linear
from fdt_mlir.kernels.stream_axis import RowRead, stream_axis
from fdt_mlir.kernels.stream_grid import StreamGrid

Pixel = tuple[int, int]


@dataclass(frozen=True)
class Image:
    """Layers in program order; loops are rows, columns, and those of a window in both directions.

    `reads`: reader, source, and for each axis stride, dilation and padding of the window.
    """

    dims: tuple[tuple[int, int, int, int], ...]
    reads: tuple[tuple[int, int, tuple[tuple[int, int, int], ...]], ...]

    def grid(self, step: int) -> StreamGrid:
        axes = []
        for axis in range(2):
            reads = [
                RowRead(reader, source, _position(axis, *along[axis]))
                for reader, source, along in self.reads
            ]
            found = stream_axis(self.dims, [axis] * len(self.dims), reads, (1, step)[axis])
            assert found is not None
            axes.append(found)
        return StreamGrid(tuple(axes))

    def wanted(self, reader: int, pixel: Pixel) -> list[tuple[int, Pixel]]:
        """The pixels that a layer reads for one of its own; padding left out."""
        found = []
        for number, source, along in self.reads:
            if number != reader:
                continue
            window = product(range(self.dims[reader][2]), range(self.dims[reader][3]))
            for taps in window:
                y, x = (
                    stride * at + dilation * tap - padding
                    for at, tap, (stride, dilation, padding) in zip(pixel, taps, along, strict=True)
                )
                if 0 <= y < self.dims[source][0] and 0 <= x < self.dims[source][1]:
                    found.append((source, (y, x)))
        return found


def _position(axis: int, stride: int, dilation: int, padding: int) -> Linear:
    coefficients = [0, 0, 0, 0]
    coefficients[axis], coefficients[axis + 2] = stride, dilation
    return Linear(tuple(coefficients), -padding)


def random_image(random: Random) -> Image:
    """A chain of windows of any stride, dilation and padding, with a shortcut around some."""
    dims = [(random.randint(1, 9), random.randint(1, 9), 1, 1)]
    reads = []
    for number in range(1, random.randint(2, 5)):
        out, window, along = [], [], []
        for axis in range(2):
            extent, taps = dims[-1][axis], random.randint(1, 3)
            stride, dilation = random.randint(1, 2), random.randint(1, 2)
            padding = random.randint(0, 2)
            count = (extent + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
            if count < 1:
                taps, stride, dilation, padding, count = 1, 1, 1, 0, extent
            out.append(count)
            window.append(taps)
            along.append((stride, dilation, padding))
        dims.append((*out, *window))
        reads.append((number, number - 1, tuple(along)))
    if random.random() < 0.5 and all(stride == 1 for *_, along in reads for stride, _, _ in along):
        # A join at the end of layers of one rate: it waits for the longer way.
        ends = [n for n in range(len(dims) - 1) if dims[n][:2] == dims[-1][:2]]
        if ends:
            number, plain = len(dims), ((1, 1, 0), (1, 1, 0))
            dims.append((*dims[-1][:2], 1, 1))
            reads += [(number, number - 1, plain), (number, ends[0], plain)]
    return Image(tuple(dims), tuple(reads))


@pytest.mark.parametrize("step", [1, 2, 5])
@pytest.mark.parametrize("seed", range(80))
def test_against_a_simulation(seed: int, step: int) -> None:
    image = random_image(Random(seed))
    grid = image.grid(step)
    kept = grid.kept()
    spans = [grid.nest_spans(number) for number in range(len(image.dims))]
    computed: list[set[Pixel]] = [set() for _ in image.dims]
    memory: list[dict[int, Pixel]] = [{} for _ in image.dims]
    for iteration in range(grid.iterations):
        for number, (rows, columns) in enumerate(spans):
            block = list(
                product(
                    range(rows.begin[iteration], rows.end[iteration]),
                    range(columns.begin[iteration], columns.end[iteration]),
                )
            )
            for pixel in block:
                for source, wanted in image.wanted(number, pixel):
                    assert wanted in computed[source], "read before it is computed"
                    held = memory[source].get(_place(image, kept[source], source, wanted))
                    assert held == wanted, "overwritten before it is read"
            if not kept[number].carried:
                memory[number].clear()  # a block of an iteration lies anywhere
                assert len(block) <= kept[number].extents[0] * kept[number].extents[1]
            for pixel in block:
                assert pixel not in computed[number], "computed twice"
                computed[number].add(pixel)
                memory[number][_place(image, kept[number], number, pixel)] = pixel
    assert len(computed[-1]) == image.dims[-1][0] * image.dims[-1][1], "the end is not done"


def _place(image: Image, kept, number: int, pixel: Pixel) -> int:
    """Where a pixel lives: in a ring modulo its size, else at a place of its own."""
    flat = pixel[0] * image.dims[number][1] + pixel[1]
    return flat % kept.extents[1] if kept.rings else flat


def test_a_window_keeps_its_height_less_one_rows_and_its_width() -> None:
    """A 3 x 3 window, one pixel of padding, over a 16 x 16 image pixel by pixel."""
    image = Image(((16, 16, 1, 1), (16, 16, 3, 3)), ((1, 0, ((1, 1, 1), (1, 1, 1))),))
    (kept, _) = image.grid(1).kept()
    assert (kept.extents, kept.carried, kept.rings) == ((1, 2 * 16 + 3), True, 2)


def test_what_is_read_at_once_is_no_ring() -> None:
    image = Image(((16, 16, 1, 1), (16, 16, 1, 1)), ((1, 0, ((1, 1, 0), (1, 1, 0))),))
    (kept, _) = image.grid(1).kept()
    assert (kept.extents, kept.carried) == ((1, 1), False)
