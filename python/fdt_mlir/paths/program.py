"""The steps of the program: what lives while a layer, or a loop of layers, runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fdt_mlir.kernels.traversal import Distances
from fdt_mlir.paths.graph import Graph, LayerNode, TensorNode


@dataclass(frozen=True)
class RegionShape:
    """What a region needs apart from the size of its tiles.

    `sub_steps` lists, for each layer of the loop's body, the members whose tile buffers live
    while it runs. `loop_bytes` live throughout the loop; `fixed_peak_bytes` is the peak of the
    steps around the loop: layers in between that are not members, start and finish of a fan-in.
    """

    members: tuple[int, ...]
    fan_in: bool
    sub_steps: tuple[tuple[int, ...], ...]
    loop_bytes: int
    fixed_peak_bytes: int


def untiled_live_bytes(graph: Graph) -> list[int]:
    """Sum of live bytes in each step, where nothing is tiled and nothing overlaps."""
    changes = np.zeros(len(graph.layers) + 1, dtype=np.int64)
    for tensor in graph.tensors.values():
        first, last = tensor.producer or 0, min(graph.last_use[tensor.name], len(graph.layers) - 1)
        if first <= last:
            changes[first] += tensor.size_bytes
            changes[last + 1] -= tensor.size_bytes
    return np.cumsum(changes[:-1]).tolist()


def untiled_needs_bytes(graph: Graph) -> list[int]:
    """What each step needs at least, where nothing is tiled: results overlap dying inputs."""
    live = untiled_live_bytes(graph)
    return [total - shared_bytes(graph, step) for step, total in enumerate(live)]


def shared_bytes(graph: Graph, step: int) -> int:
    """The most that the result of a layer can share with an input that dies in it."""
    result = graph.result_of(step)
    if result.producer != step:
        return 0
    dying = [
        (graph.tensors[each.tensor].size_bytes, each.distances)
        for each in graph.layers[step].overlaps
        if graph.last_use[each.tensor] == step
    ]
    return max(
        (union_saving(size, result.size_bytes, distances) for size, distances in dying), default=0
    )


def union_saving(source_bytes: int, result_bytes: int, distances: Distances) -> int:
    """How much less than both a dying input and a result need together, at their closest."""
    union = min(
        max(source_bytes + max(distances.forward_bytes, 0), result_bytes),
        max(source_bytes, result_bytes + max(distances.reverse_bytes, 0)),
    )
    return max(0, source_bytes + result_bytes - union)


def _live_bytes(graph: Graph, step: int, later: frozenset[int]) -> int:
    """Live bytes in `step`, a layer; the layers `later` run in the loop that comes after it."""
    total = 0
    for tensor in graph.tensors.values():
        if tensor.producer in later:
            continue
        last = graph.last_use[tensor.name]
        if (tensor.producer or 0) <= step and (
            last >= step or any(reader in later for reader in tensor.consumers)
        ):
            total += tensor.size_bytes
    return total


def read_in_loop(layer: LayerNode, tensor: str) -> bool:
    """Whether a split reduction reads a tensor inside of the loop."""
    return any(read.tensor == tensor and read.in_reduction for read in layer.reads)


def read_at_finish(layer: LayerNode, tensor: str) -> bool:
    return any(read.tensor == tensor and read.in_epilogue for read in layer.reads)


def accumulator_bytes(graph: Graph, end: int) -> int:
    """Size of the partial sums of a split reduction."""
    fan_in = graph.layers[end].fan_in
    assert fan_in is not None
    return graph.layers[end].result_points * fan_in.accumulator_element_bytes


def region_shape(
    graph: Graph, members: tuple[int, ...], fan_in: bool, whole: Sequence[int] = ()
) -> RegionShape:
    """Find what lives in the steps of a region, tile buffers by member.

    The results of the members `whole` are no tile buffers: they live on after it. The loop runs
    where its end layer stands in the program; layers in between that are not members run before it.
    """
    first, end = members[0], members[-1]
    layer, result = graph.layers[end], graph.result_of(end)
    inside = frozenset(members)
    between = [step for step in range(first, end) if step not in inside]
    peak = max((_live_bytes(graph, step, inside) for step in between), default=0)
    around = [
        tensor
        for tensor in graph.tensors.values()
        if tensor is not result
        and tensor.producer not in inside
        and (tensor.producer or 0) < end
        and (
            graph.last_use[tensor.name] > end
            or any(reader in inside for reader in tensor.consumers)
        )
    ]
    kept = sum(graph.result_of(member).size_bytes for member in whole)
    loop = sum(tensor.size_bytes for tensor in around) + result.size_bytes + kept
    if fan_in:
        assert layer.fan_in is not None
        if layer.fan_in.has_epilogue:
            partial = accumulator_bytes(graph, end)
            loop += partial
            if result.producer == end:  # else earlier layers wrote other parts of it
                loop -= result.size_bytes
            finishing = sum(
                tensor.size_bytes for tensor in around if _needed_after(graph, tensor, end)
            )
            peak = max(peak, finishing + partial + result.size_bytes + kept)
        peak = max(peak, loop)
    return RegionShape(members, fan_in, _sub_steps(graph, members), loop, peak)


def _needed_after(graph: Graph, tensor: TensorNode, end: int) -> bool:
    """Whether a tensor lives on when the loop of a fan-in is done."""
    return graph.last_use[tensor.name] > end or read_at_finish(graph.layers[end], tensor.name)


def _sub_steps(graph: Graph, members: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """For each member the members whose results exist while it runs, the end layer's aside."""
    end = members[-1]
    last = {member: max(graph.result_of(member).consumers) for member in members[:-1]}
    return tuple(
        tuple(
            member
            for member in members
            if member != end and member <= step and last[member] >= step
        )
        for step in members
    )
