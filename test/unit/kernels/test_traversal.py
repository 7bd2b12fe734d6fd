"""Which reads a result must wait for, held against a simulation of the loops."""

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
    for distance in range(50, -50, -1):
        written = set[int]()
        for write, reads in steps:
            if written & set(reads):
                return distance + 1
            written.add(write - distance)
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
