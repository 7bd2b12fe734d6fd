"""Rows of streams against a simulation: each computed once, in time, and kept long enough."""

from dataclasses import dataclass
from random import Random

import pytest

from fdt_mlir.kernels.access import Linear
from fdt_mlir.kernels.stream_axis import RowRead, StreamAxis, stream_axis


@dataclass(frozen=True)
class Chain:
    """Layers with rows and a window each, in program order, and who reads whom."""

    dims: tuple[tuple[int, int], ...]
    reads: tuple[RowRead, ...]

    def axis(self, step: int) -> StreamAxis:
        found = stream_axis(self.dims, [0] * len(self.dims), self.reads, step)
        assert found is not None
        return found

    def rows_of(self, read: RowRead, row: int) -> list[int]:
        """The rows of its source that a reader needs for one of its rows; padding left out."""
        stride, dilation = read.position.coefficients
        window, source_rows = self.dims[read.reader][1], self.dims[read.source][0]
        wanted = [stride * row + dilation * k + read.position.constant for k in range(window)]
        return [each for each in wanted if 0 <= each < source_rows]


def random_chain(random: Random) -> Chain:
    """A chain of windows of any stride, dilation and padding, with shortcuts of equal rows."""
    dims, reads = [(random.randint(1, 24), 1)], []
    for number in range(1, random.randint(2, 7)):
        rows = dims[-1][0]
        window, dilation = random.randint(1, 4), random.randint(1, 2)
        stride, low = random.randint(1, 3), random.randint(0, 3)
        reach = dilation * (window - 1) + 1
        out = (rows + 2 * low - reach) // stride + 1
        if out < 1:
            window, dilation, stride, low, out = 1, 1, 1, 0, rows
        dims.append((out, window))
        reads.append(RowRead(number, number - 1, Linear((stride, dilation), -low)))
        if stride == 1 and window == 1 and low == 0 and random.random() < 0.5:
            shorter = [n for n in range(number - 1) if dims[n][0] == out]
            # A join reads both at the same rate: only what lies at that rate may come along.
            same = [n for n in shorter if all(_keeps_rate(reads, n, number - 1))]
            if same:
                reads.append(RowRead(number, random.choice(same), Linear((1, 1), 0)))
    return Chain(tuple(dims), tuple(reads))


def _keeps_rate(reads: list[RowRead], first: int, last: int) -> list[bool]:
    return [r.position.coefficients[0] == 1 for r in reads if first < r.reader <= last]


@pytest.mark.parametrize("step", [1, 2, 3, 7])
@pytest.mark.parametrize("seed", range(60))
def test_against_a_simulation(seed: int, step: int) -> None:
    chain = random_chain(Random(seed))
    axis = chain.axis(step)
    spans = axis.all_spans()
    kept = axis.kept_rows(spans)
    computed = [0] * len(chain.dims)  # rows up to here are there
    needed_from = _first_needed(chain, spans)
    for iteration in range(len(spans[-1].begin)):
        for number, span in enumerate(spans):
            begin, end = int(span.begin[iteration]), int(span.end[iteration])
            assert begin == computed[number], "rows are left out, or computed twice"
            for row in range(begin, end):
                for read in chain.reads:
                    if read.reader == number:
                        wanted = chain.rows_of(read, row)
                        assert all(each < computed[read.source] for each in wanted)
            computed[number] = end
            # What is still needed, or was just written, has a place of its own in the ring.
            oldest = min(needed_from[number][iteration], begin)
            assert end - oldest <= kept[number].count
            if needed_from[number][iteration] < begin < end:
                assert kept[number].carried
    assert computed[-1] == chain.dims[-1][0], "the end layer is not done"


def _first_needed(chain: Chain, spans) -> list[list[int]]:
    """For each layer and iteration, the first row that this or a later iteration reads."""
    iterations = len(spans[-1].begin)
    first = [[10**9] * (iterations + 1) for _ in chain.dims]
    for iteration in reversed(range(iterations)):
        for number in range(len(chain.dims)):
            first[number][iteration] = first[number][iteration + 1]
        for read in chain.reads:
            span = spans[read.reader]
            for row in range(int(span.begin[iteration]), int(span.end[iteration])):
                rows = [first[read.source][iteration], *chain.rows_of(read, row)]
                first[read.source][iteration] = min(rows)
    return first


def test_readers_at_different_rates() -> None:
    """A tensor of which one reader wants every row, another every second one, in as many steps."""
    reads = [
        RowRead(1, 0, Linear((1, 1), 0)),
        RowRead(2, 0, Linear((2, 1), 0)),
        RowRead(2, 1, Linear((1, 1), 0)),
    ]
    assert stream_axis([(8, 1), (8, 1), (4, 1)], [0, 0, 0], reads, 1) is None
