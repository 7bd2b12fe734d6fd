"""The steps of a module in layer form: one for each layer."""

from __future__ import annotations

from fdt_mlir.bindings import ir
from fdt_mlir.paths.build_graph import build_graph
from fdt_mlir.paths.graph import Graph, LayerNode
from fdt_mlir.paths.program import union_saving
from fdt_mlir.planner.step_graph import Step, StepGraph


def read_layers(module: ir.Module, in_place: bool = True) -> StepGraph:
    """Read the steps of a module in layer form, which is left as it is; names are those of layers.

    Without `in_place` no result may share bytes with an input that dies in the layer.
    Raises CompileError where the module has no entry function.
    """
    return steps_of_graph(build_graph(module, in_place))


def steps_of_graph(graph: Graph) -> StepGraph:
    """One step for each layer. The parts of a tensor may be computed in any order.

    Where a layer reads a tensor of which other parts are still to come, it stays between them.
    """
    writers: dict[str, set[int]] = {name: set() for name in graph.tensors}
    for number, layer in enumerate(graph.layers):
        writers[layer.result].add(number)
    reads = [tuple(dict.fromkeys(read.tensor for read in layer.reads)) for layer in graph.layers]
    tensors = graph.tensors.values()
    return StepGraph(
        steps=tuple(
            Step(layer.name, names, (layer.result,), shares=_shares(graph, layer))
            for layer, names in zip(graph.layers, reads, strict=True)
        ),
        size_bytes={tensor.name: tensor.size_bytes for tensor in tensors},
        inputs=tuple(tensor.name for tensor in tensors if tensor.is_input),
        outputs=tuple(tensor.name for tensor in tensors if tensor.is_output),
        predecessors=tuple(
            frozenset(writer for name in names for writer in writers[name] if writer < number)
            for number, names in enumerate(reads)
        ),
    )


def _shares(graph: Graph, layer: LayerNode) -> dict[str, int]:
    """How much of the result may lie in each tensor that the layer reads, should it die there."""
    result = graph.tensors[layer.result].size_bytes
    return {
        each.tensor: union_saving(graph.tensors[each.tensor].size_bytes, result, each.distances)
        for each in layer.overlaps
    }
