"""From a case to a graph that can be written as .tflite."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fuzz.case import Case, Node, Numbers
from models.calibrate import calibrate
from models.graph import WEIGHTED, Graph, Op, Quantization, Tensor
from models.quantize import quantize

SAMPLES = 16  # for calibration
MOST_MULTIPLIER = 256.0  # sums of some 20 bits still fit 32 when multiplied


class InvalidCaseError(Exception):
    """The nodes do not make a model: shapes do not fit, or there is nothing to compute."""


def build_graph(case: Case) -> Graph:
    """Build, calibrate and quantise the model of a case. Raises InvalidCaseError."""
    try:
        graph, tensors = build_float_graph(case.nodes, case.seed)
        outputs = [tensors[number] for number in case.outputs]
        if not (graph.inputs and graph.ops and outputs) or any(t.data is not None for t in outputs):
            raise InvalidCaseError("a model needs inputs, and outputs that it computes")
        graph.output(*outputs)
        calibrated = calibrate(graph, SAMPLES)
    except (AssertionError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InvalidCaseError(str(error)) from error
    if case.element == "float32":
        return calibrated.graph
    forced = {tensors[n].name: node.numbers for n, node in enumerate(case.nodes)}
    plain = quantize(calibrated, "int8")
    overrides = _overrides(plain, forced)
    changed = quantize(calibrated, "int8", overrides) if overrides else plain
    result = _with_channel_factors(changed, forced)
    _check_multipliers(result)
    return result


def _check_multipliers(graph: Graph) -> None:
    """Refuse multipliers at which the reference's own 32 bits overflow, which C leaves undefined.

    Raises InvalidCaseError.
    """
    for op in graph.ops:
        source, result = op.inputs[0].quantization, op.output.quantization
        if op.kind not in WEIGHTED or source is None or result is None:
            continue
        weights = op.inputs[1].quantization
        assert weights is not None
        largest = source.scale[0] * max(weights.scale) / result.scale[0]
        if largest > MOST_MULTIPLIER:
            raise InvalidCaseError(f"{op.output.name} has a multiplier of {largest:g}")


def build_float_graph(nodes: Sequence[Node], seed: int) -> tuple[Graph, list[Tensor]]:
    """Call the methods that the nodes name; gives the results in order of the nodes."""
    graph = Graph("model", seed)
    tensors: list[Tensor] = []
    for node in nodes:
        tensors.append(add_node(graph, node, tensors))
    return graph, tensors


def add_node(graph: Graph, node: Node, tensors: Sequence[Tensor]) -> Tensor:
    """Call the method that a node names; `tensors` are the results of the nodes before it."""
    inputs = [tensors[number] for number in node.inputs]
    if node.op == "input":
        return graph.input(f"input_{len(graph.inputs) + 1}", **node.options)
    if node.op == "random_constant":
        return graph.random_constant(f"constant_{len(tensors)}", **node.options)
    if node.op == "concat":
        return graph.concat(inputs, **node.options)
    if node.op == "slice":
        ends = map(sum, zip(node.options["begin"], node.options["size"], strict=True))
        assert all(end <= n for end, n in zip(ends, inputs[0].shape, strict=True))
    result: Tensor = getattr(graph, node.op)(*inputs, **node.options)
    if not result.shape or min(result.shape) < 1:
        raise ValueError(f"{node.op} gives nothing: {result.shape}")
    return result


def _overrides(graph: Graph, forced: Mapping[str, Numbers]) -> dict[str, Quantization]:
    """The quantisation of results on which something is forced."""
    found: dict[str, Quantization] = {}
    for op in graph.ops:
        numbers, known = forced.get(op.output.name, Numbers()), op.output.quantization
        if known is None or (numbers.zero_point is None and numbers.scale_factor is None):
            continue
        scale = float(np.float32(known.scale[0] * (numbers.scale_factor or 1.0)))
        zero = known.zero_point[0] if numbers.zero_point is None else numbers.zero_point
        found[op.output.name] = Quantization((scale,), (zero,))
    return found


def _with_channel_factors(graph: Graph, forced: Mapping[str, Numbers]) -> Graph:
    """Widen scales of weights, and those of biases with them; the stored integers stay."""
    new: dict[Tensor, Tensor] = {}
    for op in graph.ops:
        factors = forced.get(op.output.name, Numbers()).channel_factors
        if factors and op.kind in WEIGHTED:
            new |= {tensor: _widened(tensor, factors) for tensor in op.inputs[1:]}
    return graph.replaced(new) if new else graph


def _widened(tensor: Tensor, factors: Sequence[float]) -> Tensor:
    known = tensor.quantization
    assert known is not None
    count = len(known.scale)
    cycle: Any = np.resize(np.array(factors, np.float64), count)
    scales = tuple(float(np.float32(s * f)) for s, f in zip(known.scale, cycle, strict=True))
    return replace(tensor, quantization=Quantization(scales, known.zero_point, known.axis))


def macs(graph: Graph) -> int:
    """Roughly how much work a graph is: multiply-accumulates, and elements of other operators."""
    return sum(_work(op) for op in graph.ops)


def _work(op: Op) -> int:
    elements = int(np.prod(op.output.shape))
    if op.kind not in WEIGHTED:
        return elements
    weights = int(np.prod(op.inputs[1].shape))
    return elements * weights // op.output.shape[-1]
