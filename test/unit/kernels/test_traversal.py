"""Which reads a result must wait for, held against a simulation of the loops."""

from dataclasses import replace
from itertools import product

from fdt_mlir.bindings import mlir_context
from fdt_mlir.kernels.access import Access
from fdt_mlir.kernels.kernel import Kernel, Stage
from fdt_mlir.kernels.traversal import Reach, overlap_distances
from unit.kernels.tiny_kernels import dense, kernel, subscript, sum_stage


def forward_distance(described: Kernel, operand: int, read: Access) -> int:
    """How far below an input of bytes the result has to start, running forwards."""
    result = dense(described.dims[: described.result_dims], len(described.dims))
    write = Reach(len(described.maps) - 1, result, 1)
    return overlap_distances(described, [Reach(operand, read, 1)], write).forward_bytes


def simulated(steps: list[tuple[int, list[int]]]) -> int:
    """The least distance from which on no step reads what an earlier one wrote: (write, reads)."""
    return simulated_blocks([([write], reads) for write, reads in steps])


def simulated_blocks(steps: list[tuple[list[int], list[int]]]) -> int:
    """The same for steps that write several elements once they have read: (writes, reads)."""
    for distance in range(50, -50, -1):
        written = set[int]()
        for writes, reads in steps:
            if written & set(reads):
                return distance + 1
            written.update(write - distance for write in writes)
    raise AssertionError("every distance does")


def test_transpose_waits_for_the_columns() -> None:
    with mlir_context():
        copy = kernel((3, 4), 2, [Stage("copy", ("in:0",), (0, 1))])
        read = Access((subscript((0, 1), 4, 3), subscript((1, 0), 3, 1)))
        distance = forward_distance(copy, 0, read)
    points = product(range(3), range(4))
    assert distance == simulated([(y * 4 + x, [x * 3 + y]) for y, x in points])


def test_factor_of_a_column_is_read_in_every_row() -> None:
    # Two early stages: only one of them can have its loop outermost.
    row = sum_stage((0,), (2,))
    column = Stage("column", ("in:1",), (1,))
    last = Stage("product", ("stage:0", "stage:1"), (0, 1))
    with mlir_context():
        outer = kernel((4, 3, 2), 2, [row, column, last], operands=2)
        distance = forward_distance(outer, 1, Access((subscript((0, 1, 0), 3, 1),)))
    points = product(range(4), range(3))
    assert distance == simulated([(y * 3 + x, [x]) for y, x in points])


def test_stage_inside_a_reduction_reads_at_every_point() -> None:
    # A sum of sums: the inner one depends on the channel and on the loop of the outer one.
    inner = Stage("sum", ("acc", "in:0"), (1, 2), (3,), "start")
    outer = Stage("sum", ("acc", "stage:0"), (0, 1), (2,), "start")
    with mlir_context():
        sums = kernel((3, 2, 2, 2), 2, [inner, outer])
        image = Access(
            (
                subscript((0, 0, 1, 0), 2, 4),
                subscript((0, 0, 0, 1), 2, 2),
                subscript((0, 1, 0, 0), 2, 1),
            )
        )
        distance = forward_distance(sums, 0, image)
    points = product(range(3), range(2))
    assert distance == simulated([(y * 2 + c, [c, c + 2, c + 4, c + 6]) for y, c in points])


def test_block_reads_all_before_it_writes() -> None:
    # Blocks of 2 x 2 over 3 x 5 points: those at the borders are smaller.
    with mlir_context():
        copy = replace(kernel((3, 5), 2, [Stage("copy", ("in:0",), (0, 1))]), block=(2, 2))
        read = Access((subscript((0, 1), 5, 3), subscript((1, 0), 3, 1)))
        distance = forward_distance(copy, 0, read)
    steps: list[tuple[list[int], list[int]]] = []
    for top, left in product(range(0, 3, 2), range(0, 5, 2)):
        points = [*product(range(top, min(top + 2, 3)), range(left, min(left + 2, 5)))]
        steps.append(([y * 5 + x for y, x in points], [x * 3 + y for y, x in points]))
    assert distance == simulated_blocks(steps)
