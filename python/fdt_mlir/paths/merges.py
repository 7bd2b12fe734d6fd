"""Which layers can be one: a reduction that asks for every element of another layer's result once.

A pool whose windows do not overlap, behind a convolution, is the usual case. Computed as one layer,
the convolution's result exists element by element only, at no additional work.
"""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.paths.graph import AxisRead, Graph, LayerNode, Read


def mergeable_groups(graph: Graph) -> list[tuple[int, ...]]:
    """Groups of two or more layers, each in program order, that can be computed as one layer."""
    groups: list[list[int]] = []
    for reader in range(len(graph.layers)):
        producer = _merged_producer(graph, reader)
        if producer is None:
            continue
        known = next((group for group in groups if group[-1] == producer), None)
        if known is None:
            groups.append([producer, reader])
        else:
            known.append(reader)
    return [tuple(group) for group in groups]


def _merged_producer(graph: Graph, reader: int) -> int | None:
    """The layer whose result `reader` asks for element by element, once each; None if none is."""
    layer = graph.layers[reader]
    if layer.reductions != 1:
        return None
    for read in layer.reads:
        producer = graph.tensors[read.tensor].producer
        if producer is None or not _is_free(graph, producer, reader):
            continue
        if (
            read.in_reduction
            and not (read.in_init or read.in_epilogue)
            and _is_read_once(layer, read)
        ):
            return producer
    return None


def _is_free(graph: Graph, producer: int, reader: int) -> bool:
    """Whether nobody but `reader` needs the result of `producer`, in memory or elsewhere."""
    layer, tensor = graph.layers[producer], graph.result_of(producer)
    reads = [read for read in graph.layers[reader].reads if read.tensor == tensor.name]
    return (
        layer.reductions <= 1
        and layer.part_of is None
        and tensor.whole_because is None
        and not graph.takes_rows(producer)  # no layer of the model
        and not tensor.is_output
        and tensor.consumers == (reader,)
        and len(reads) == 1
    )


def _is_read_once(layer: LayerNode, read: Read) -> bool:
    """Whether a layer asks for each element at most once, all of it inside the tensor.

    Every axis has to move with the result: a reduction over a whole axis (a mean) would compute
    its input from scratch for each element, in an order that no block of the result shares.
    """
    axes = [axis for axis in read.axes if axis is not None]
    loops = [loop for axis in axes for loop in axis.loops() if layer.dims[loop] > 1]
    moving = [loop for loop, extent in enumerate(layer.dims) if extent > 1]
    return (
        len(axes) == len(read.axes)
        and sorted(loops) == moving
        and all(_is_inside(axis, layer.dims) and _is_injective(axis, layer.dims) for axis in axes)
        and all(_moves_with_result(axis, layer) for axis in axes if axis.extent > 1)
    )


def _is_inside(axis: AxisRead, dims: Sequence[int]) -> bool:
    low, high = axis.position.bounds(dims)
    return low >= 0 and high < axis.extent


def _is_injective(axis: AxisRead, dims: Sequence[int]) -> bool:
    """Whether no two points of the loops share a position: digits of a number of mixed radix."""
    steps = sorted((abs(axis.position.coefficients[loop]), dims[loop]) for loop in axis.loops())
    reach = 0
    for step, extent in steps:
        if step <= reach:
            return False
        reach += step * (extent - 1)
    return True


def _moves_with_result(axis: AxisRead, layer: LayerNode) -> bool:
    return any(loop < layer.result_dims and layer.dims[loop] > 1 for loop in axis.loops())
