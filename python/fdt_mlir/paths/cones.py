"""Which layers can share a loop with an end layer."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from fdt_mlir.paths.graph import Graph


@dataclass(frozen=True)
class Cone:
    """An end layer and the layers that can be tiled with it, nearest first.

    For every m, the first m members form a region: every tensor between them is read inside
    only. `fan_in` says that the end layer is tiled along its reduction, so what only its start
    value or its epilogue reads stays outside. `stopped_by` names the tensors that end the growth
    although a layer writes them, with the reason.
    """

    members: tuple[int, ...]
    fan_in: bool
    stopped_by: tuple[tuple[str, str], ...]

    @property
    def end(self) -> int:
        return self.members[0]


def grow_cone(
    graph: Graph,
    end: int,
    fan_in: bool,
    may_stay_whole: bool = False,
    most_members: int | None = None,
) -> Cone:
    """Add producers, latest in the program first, as long as all their readers are inside.

    With `may_stay_whole` others may read a tensor after the region too, which then exists whole.
    """
    members = {end: None}  # in the order in which they joined
    waiting = _producers(graph, end, fan_in)
    while most_members is None or len(members) < most_members:
        ready = [
            layer
            for layer in waiting
            if _obstacle(graph, layer, members, end, fan_in, may_stay_whole) is None
        ]
        if not ready:
            break
        layer = max(ready)
        members[layer] = None
        waiting = (waiting | _producers(graph, layer, False)) - {layer}
    stopped = tuple(
        (
            graph.layers[layer].result,
            _obstacle(graph, layer, members, end, fan_in, may_stay_whole) or "",
        )
        for layer in sorted(waiting)
    )
    return Cone(tuple(members), fan_in, stopped)


def _producers(graph: Graph, layer: int, fan_in: bool) -> set[int]:
    """The layers that write what `layer` reads (inside the loop, for a fan-in)."""
    producers: set[int] = set()
    for read in graph.layers[layer].reads:
        producer = graph.tensors[read.tensor].producer
        if producer is not None and (read.in_reduction or not fan_in):
            producers.add(producer)
    return producers


def _obstacle(
    graph: Graph, layer: int, members: Container[int], end: int, fan_in: bool, may_stay_whole: bool
) -> str | None:
    """Why the result of `layer` must exist whole; None where it need not."""
    tensor = graph.result_of(layer)
    end_layer = graph.layers[end]
    if tensor.is_output and not may_stay_whole:
        return "it is an output of the model"
    if tensor.whole_because is not None:
        return tensor.whole_because
    outside = [
        reader
        for reader in tensor.consumers
        if reader not in members and not (may_stay_whole and reader > end)
    ]
    if outside:
        return f"'{graph.layers[outside[0]].name}' reads it too"
    if fan_in and any(
        read.tensor == tensor.name and (read.in_init or read.in_epilogue)
        for read in end_layer.reads
    ):
        return f"'{end_layer.name}' also needs it outside of its reduction"
    return None
