"""Models of one operator, for tests that need a shape, a zero point or a multiplier of their own.

graph = conv((1, 7, 5, 3), 4, 3, strides=2, extremes=Extremes(input_zero_point=127))
write_file(graph, path)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from models.calibrate import Calibrated, calibrate
from models.graph import WEIGHTED, Graph, Pair, Quantization, Shape, Tensor
from models.quantize import quantize

Element = Literal["float32", "int8", "uint8"]
Build = Callable[..., Tensor]


@dataclass(frozen=True)
class Extremes:
    """Numbers forced on a quantised model; None leaves what calibration chooses.

    multiplier: input scale * weight scale / result scale, for the greatest weight scale; of layers
    without weights that of the first input and the result. Above 1 results saturate, far below 1
    they are nearly constant: both are legal and must stay exact.
    """

    input_zero_point: int | None = None
    output_zero_point: int | None = None
    multiplier: float | None = None


def conv(
    shape: Shape,
    channels: int,
    kernel: Pair,
    element: Element = "int8",
    extremes: Extremes | None = None,
    seed: int = 0,
    **options: Any,
) -> Graph:
    """Build a convolution; `options` are those of Graph.conv2d."""
    return model(
        [shape], lambda g, x: g.conv2d(x, channels, kernel, **options), element, extremes, seed
    )


def depthwise_conv(
    shape: Shape,
    kernel: Pair,
    element: Element = "int8",
    extremes: Extremes | None = None,
    seed: int = 0,
    **options: Any,
) -> Graph:
    """Build a depthwise convolution; `options` are those of Graph.depthwise_conv2d."""
    return model(
        [shape], lambda g, x: g.depthwise_conv2d(x, kernel, **options), element, extremes, seed
    )


def fully_connected(
    shape: Shape,
    units: int,
    element: Element = "int8",
    extremes: Extremes | None = None,
    seed: int = 0,
    per_channel: bool = False,
    **options: Any,
) -> Graph:
    """Build a dense layer; `options` are those of Graph.fully_connected."""
    return model(
        [shape],
        lambda g, x: g.fully_connected(x, units, **options),
        element,
        extremes,
        seed,
        per_channel_dense=per_channel,
    )


def model(
    shapes: Sequence[Shape],
    build: Build,
    element: Element = "int8",
    extremes: Extremes | None = None,
    seed: int = 0,
    ranges: Sequence[tuple[float, float]] | None = None,
    per_channel_dense: bool = False,
) -> Graph:
    """Build a model whose inputs have `shapes` and whose output is build(graph, *inputs).

    ranges: real values of each input, [-1, 1) if not given; an input zero point in `extremes` moves
    the range of every input.
    """
    graph = Graph("model", seed)
    forced = extremes or Extremes()
    limits = [
        _range(interval, forced.input_zero_point, element)
        for interval in ranges or [(-1.0, 1.0)] * len(shapes)
    ]
    inputs = [
        graph.input(f"input_{i + 1}", shape, low=low, high=high)
        for i, (shape, (low, high)) in enumerate(zip(shapes, limits, strict=True))
    ]
    graph.output(build(graph, *inputs))
    calibrated = calibrate(graph, samples=16)
    if element == "float32":
        return calibrated.graph
    return _forced(calibrated, element, forced, per_channel_dense)


def quantize_input(shape: Shape, element: Literal["int8", "uint8"] = "int8") -> Graph:
    """Build a float input followed by QUANTIZE."""
    graph = Graph("model", seed=0)
    x = graph.input("input_1", shape, low=-0.7, high=0.9)  # narrower than the test's inputs
    graph.output(graph.quantize(x))
    return quantize(calibrate(graph), element, float_inputs=frozenset((x.name,)))


def gather(rows: int, width: int, count: int, element: Literal["float32", "int8"]) -> Graph:
    """Build a look-up of `count` int32 indices in a table of `rows` by `width`."""
    graph = Graph("model", seed=0)
    indices = graph.input("input_1", (1, count), "int32", low=0, high=rows)
    graph.output(graph.gather(graph.random_constant("table", (rows, width)), indices))
    calibrated = calibrate(graph)
    return calibrated.graph if element == "float32" else quantize(calibrated, element)


def cast(shape: Shape) -> Graph:
    """Build a conversion of int32 to float."""
    graph = Graph("model", seed=0)
    x = graph.input("input_1", shape, "int32", low=-100, high=100)
    graph.output(graph.cast(x, "float32"))
    return calibrate(graph).graph


def catalogue(element: Literal["float32", "int8"]) -> Mapping[str, Graph]:
    """Build one small model of every supported operator that exists for the element type."""

    def of(shapes: Sequence[Shape], build: Build, limit: float = 1.0) -> Graph:
        return model(shapes, build, element, ranges=[(-limit, limit)] * len(shapes))

    image, row = (1, 7, 5, 3), (1, 11)
    graphs = {
        "conv": conv(image, 4, 3, element),
        "conv_strided": conv(image, 4, (2, 3), element, strides=(2, 1), padding="VALID"),
        "conv_dilated": conv(image, 4, 2, element, dilation=(3, 2), activation="RELU6"),
        "depthwise": depthwise_conv(image, 3, element, strides=2, activation="RELU"),
        "depthwise_multiplier": depthwise_conv(image, (3, 2), element, multiplier=4),
        "depthwise_dilated": depthwise_conv(image, 3, element, dilation=2),
        "dense": fully_connected(row, 6, element, activation="RELU"),
        "dense_no_bias": fully_connected(row, 6, element, bias=False),
        "dense_flattens": fully_connected(image, 6, element),
        "average_pool": of([image], lambda g, x: g.average_pool(x, (3, 2), padding="SAME")),
        "max_pool": of([image], lambda g, x: g.max_pool(x, 3, strides=2, padding="SAME")),
        "mean": of([image], lambda g, x: g.mean(x, axes=[1, 2])),
        "mean_keep": of([image], lambda g, x: g.mean(x, axes=[1, 2], keep_dims=True)),
        "add": of([image, image], lambda g, a, b: g.add(a, b, activation="RELU")),
        "add_broadcast": of([image, (1, 1, 1, 3)], lambda g, a, b: g.add(a, b)),
        "add_constant": of([image], lambda g, x: g.add(x, g.random_constant("b", (3,)))),
        "sub": of([image, image], lambda g, a, b: g.sub(a, b)),
        "mul": of([image, image], lambda g, a, b: g.mul(a, b)),
        "concat": of([image, (1, 7, 5, 2)], lambda g, a, b: g.concat([a, b], axis=3)),
        "concat_rows": of([image, (1, 2, 5, 3)], lambda g, a, b: g.concat([a, b], axis=1)),
        "reshape": of([image], lambda g, x: g.reshape(x, (1, 35, 3))),
        "transpose": of([image], lambda g, x: g.transpose(x, (0, 2, 3, 1))),
        "pad": of([image], lambda g, x: g.pad(x, [(0, 0), (1, 2), (0, 3), (0, 0)])),
        "slice": of([image], lambda g, x: g.slice(x, (0, 2, 1, 0), (1, 3, 4, 2))),
        "softmax": of([row], lambda g, x: g.softmax(x), limit=4.0),
        "logistic": of([row], lambda g, x: g.logistic(x), limit=6.0),
        "tanh": of([row], lambda g, x: g.tanh(x), limit=3.0),
        "relu": of([row], lambda g, x: g.relu(x)),
        "relu6": of([row], lambda g, x: g.relu6(x), limit=9.0),
        "gather": gather(13, 4, 6, element),
    }
    if element == "float32":
        return graphs | {"cast": cast(row)}
    ranges = [(-1.0, 1.0), (-3.0, 0.5)]
    requantized = model(
        [image, image],
        lambda g, a, b: g.concat([g.quantize(a), g.quantize(b)], axis=3),
        ranges=ranges,
    )
    return graphs | {
        "quantize": quantize_input(image),
        "dequantize": of([image], lambda g, x: g.dequantize(x)),
        "requantize_concat": requantized,
    }


def _range(
    interval: tuple[float, float], zero_point: int | None, element: Element
) -> tuple[float, float]:
    """Move a range so that quantising it gives `zero_point`."""
    if zero_point is None:
        return interval
    limits = np.iinfo(element)
    scale = (interval[1] - interval[0]) / 255
    return (limits.min - zero_point) * scale, (limits.max - zero_point) * scale


def _forced(
    calibrated: Calibrated, element: Literal["int8", "uint8"], forced: Extremes, per_channel: bool
) -> Graph:
    """Quantise, then once more with the result's scale and zero point overridden."""
    graph = quantize(calibrated, element, per_channel_dense=per_channel)
    (result,) = graph.outputs
    if result.quantization is None:
        return graph
    quantization = result.quantization
    if forced.output_zero_point is not None:
        quantization = replace(quantization, zero_point=(forced.output_zero_point,))
    if forced.multiplier is not None:
        quantization = replace(quantization, scale=(_result_scale(graph, forced.multiplier),))
    overrides = {result.name: quantization}
    return quantize(calibrated, element, overrides, per_channel_dense=per_channel)


def _result_scale(graph: Graph, multiplier: float) -> float:
    """Return the scale of the result under which the last operator has `multiplier`."""
    op = next((op for op in reversed(graph.ops) if op.kind in WEIGHTED), graph.ops[-1])
    x, *others = (t.quantization for t in op.inputs[:2])
    assert isinstance(x, Quantization)
    scale = x.scale[0]
    if op.kind in (*WEIGHTED, "MUL"):
        (other,) = others
        assert isinstance(other, Quantization)
        scale *= max(other.scale)
    return float(np.float32(scale / multiplier))
