"""Gives a float graph weights under which every layer's result spreads, and measures its ranges.

Random weights alone would make a deep network answer nearly the same to every input. So, layer by
layer, each channel is scaled and shifted to a chosen standard deviation and mean over a batch of
samples, which is what batch normalisation leaves behind in a trained network.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.float_eval import activate, evaluate, linear
from models.graph import WEIGHTED, Graph, Op, Tensor

DIGITS = 4  # significant decimal digits kept of anything measured


@dataclass(frozen=True)
class Calibrated:
    """A graph with final float weights, and (low, high) per activation in real units."""

    graph: Graph
    ranges: Mapping[Tensor, tuple[float, float]]


def calibrate(graph: Graph, samples: int = 64, seed: int = 1) -> Calibrated:
    """Normalise the weights of `graph` on seeded samples and measure every activation."""
    values: dict[Tensor, np.ndarray] = {}
    batch = draw_samples(graph, samples, seed)
    for tensor in graph.tensors():
        if tensor.data is not None:
            values[tensor] = tensor.data.astype(np.float64)
    values |= {tensor: batch[tensor.name] for tensor in graph.inputs}
    ranges = {t: graph.input_ranges[t.name] for t in graph.inputs}
    new: dict[Tensor, Tensor] = {}
    for op in graph.ops:
        inputs = [values[t] for t in op.inputs]
        result = _normalized(op, inputs, new) if op.kind in WEIGHTED else evaluate(op, inputs)
        values[op.output] = result
        ranges[op.output] = (_rounded(float(result.min())), _rounded(float(result.max())))
    return Calibrated(graph.replaced(new), ranges)


def draw_samples(graph: Graph, samples: int, seed: int) -> dict[str, np.ndarray]:
    """Draw `samples` inputs per model input, by name, uniform over each one's range."""
    random = np.random.RandomState(seed)
    batch = {}
    for tensor in graph.inputs:
        low, high = graph.input_ranges[tensor.name]
        shape = (samples, *tensor.shape[1:])
        values = random.uniform(low, high, shape)
        batch[tensor.name] = np.floor(values) if tensor.dtype == "int32" else values
    return batch


def _normalized(op: Op, inputs: list[np.ndarray], new: dict[Tensor, Tensor]) -> np.ndarray:
    """Scale the weights of `op` and shift its bias; record both in `new`, return the result.

    The bias as drawn is the mean wanted per channel, in units of the spread.
    """
    x, weights, *bias = inputs
    raw = linear(op, [x, weights])
    axes = tuple(range(raw.ndim - 1))
    deviation = np.maximum(raw.std(axis=axes), 1e-6)
    factor = _rounded_array(op.spread / deviation)
    channel_last = op.kind == "DEPTHWISE_CONV_2D"
    scaled = weights * (factor if channel_last else factor.reshape(-1, *[1] * (weights.ndim - 1)))
    parameters = [scaled]
    if bias:
        parameters.append(_rounded_array(bias[0] * op.spread - raw.mean(axis=axes) * factor))
    for tensor, data in zip(op.inputs[1:], parameters, strict=True):
        data32 = data.astype(np.float32)
        new[tensor] = Tensor(tensor.name, tensor.shape, tensor.dtype, data32)
    return activate(op, raw * factor + sum(parameters[1:]))


def _rounded(value: float) -> float:
    """Keep a few digits, so that the last bits of a machine's sums cannot reach the file."""
    return float(f"{value:.{DIGITS}g}")


def _rounded_array(values: np.ndarray) -> np.ndarray:
    return np.array([_rounded(float(v)) for v in values.ravel()]).reshape(values.shape)
