"""Graphs with resource variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, CALL_ONCE."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import tflite

from models.graph import ABSENT, Graph, Op, Quantization, Shape, Tensor

_SCALE, _ZERO_POINT = 1 / 32, -5


@dataclass(frozen=True)
class Variable:
    """A variable that holds tensors like `contents`; its name is the same in every subgraph."""

    name: str
    contents: Tensor

    def handle(self, graph: Graph) -> Tensor:
        """Add a VAR_HANDLE."""
        count = sum(op.kind == "VAR_HANDLE" for op in graph.ops)
        handle = Tensor(f"{self.name}/handle_{count}", (), "resource")
        options = {"Container": "", "SharedName": self.name}
        graph.ops.append(Op("VAR_HANDLE", (), handle, options))
        return handle

    def read(self, graph: Graph, name: str) -> Tensor:
        """Add a READ_VARIABLE with a handle of its own; `name` is that of the result."""
        like = self.contents
        result = Tensor(name, like.shape, like.dtype, None, like.quantization)
        graph.ops.append(Op("READ_VARIABLE", (self.handle(graph),), result))
        return result

    def assign(self, graph: Graph, value: Tensor) -> None:
        """Add an ASSIGN_VARIABLE with a handle of its own."""
        graph.ops.append(Op("ASSIGN_VARIABLE", (self.handle(graph), value), ABSENT))

    def initialise(self, graph: Graph, data: np.ndarray) -> None:
        """Add a CALL_ONCE of a subgraph of its own that assigns a constant."""
        body = Graph(f"{self.name}/initialisation", seed=0)
        like = self.contents
        self.assign(body, Tensor("initial", like.shape, like.dtype, data, like.quantization))
        graph.callees.append(body)
        options = {"InitSubgraphIndex": len(graph.callees)}
        graph.ops.append(Op("CALL_ONCE", (), ABSENT, options))


def tensor(name: str, shape: Shape, element: str, data: np.ndarray | None = None) -> Tensor:
    """A tensor of float32 or int8; all of int8 have the same scale."""
    scale = Quantization((_SCALE,), (_ZERO_POINT,)) if element == "int8" else None
    return Tensor(name, shape, element, data, scale)


def variable(name: str, shape: Shape, element: str) -> Variable:
    """A variable that holds such tensors."""
    return Variable(name, tensor("", shape, element))


def numbers(shape: Shape, element: str) -> np.ndarray:
    """Different numbers that are easily told from others."""
    whole = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 11 - 5
    return (whole * 8).astype(np.int8) if element == "int8" else whole.astype(np.float32) / 4


def _start(element: str, shape: Shape = (1, 7)) -> tuple[Graph, Tensor]:
    graph = Graph("variables", seed=0)
    source = tensor("x", shape, element)
    graph.inputs.append(source)
    return graph, source


def added(graph: Graph, one: Tensor, other: Tensor, name: str) -> Tensor:
    """Add the sum of two tensors of one shape."""
    result = tensor(name, one.shape, one.dtype)
    graph.ops.append(Op("ADD", (one, other), result, {"FusedActivationFunction": 0}))
    return result


def accumulator(element: str) -> Graph:
    """A sum of all inputs, which is read before and after it is assigned."""
    graph, source = _start(element)
    total = variable("total", source.shape, element)
    total.initialise(graph, numbers(source.shape, element))
    before = total.read(graph, "before")
    total.assign(graph, added(graph, before, source, "sum"))
    after = total.read(graph, "after")
    graph.output(before, after, added(graph, after, source, "more"))
    return graph


def delay_line(element: str) -> Graph:
    """Variables that hand on what they hold, the first of them an input, two of them in a ring."""
    graph, source = _start(element)
    held = [variable(name, source.shape, element) for name in ("a", "b", "c", "d")]
    for place, each in enumerate(held):
        each.initialise(graph, np.roll(numbers(source.shape, element), place))
    a, b, c, d = (each.read(graph, f"{each.name}_before") for each in held)
    for each, value in zip(held, (source, a, d, c), strict=True):
        each.assign(graph, value)
    graph.output(added(graph, b, source, "echo"), added(graph, c, d, "pair"), c)
    return graph


def window(element: str) -> Graph:
    """The last rows of a signal under a convolution, as streaming keyword spotting keeps them."""
    rows, columns, channels = 6, 5, 4
    graph, source = _start(element, (1, 1, columns, 3))
    rest = (1, rows - 1, columns, 3)
    past = variable("past", rest, element)
    past.initialise(graph, np.full(rest, _ZERO_POINT if element == "int8" else 0, element))
    old = past.read(graph, "old_rows")
    all_rows = tensor("rows", (1, rows, columns, 3), element)
    graph.ops.append(
        Op("CONCATENATION", (old, source), all_rows, {"Axis": 1, "FusedActivationFunction": 0})
    )
    begin = Tensor("begin", (4,), "int32", np.array([0, 1, 0, 0], np.int32))
    size = Tensor("size", (4,), "int32", np.array(rest, np.int32))
    newest = tensor("newest_rows", rest, element)
    graph.ops.append(Op("SLICE", (all_rows, begin, size), newest))
    past.assign(graph, newest)
    weights = numbers((channels, rows, 3, 3), element)
    scales = Quantization((_SCALE / 8,) * channels, (0,) * channels) if element == "int8" else None
    kernel = Tensor("kernel", weights.shape, element, weights, scales)
    bias_type = np.int32 if element == "int8" else np.float32
    bias = Tensor(
        "bias", (channels,), np.dtype(bias_type).name, np.arange(channels, dtype=bias_type)
    )
    result = tensor("result", (1, 1, columns - 2, channels), element)
    options = {"Padding": tflite.Padding.VALID, "StrideH": 1, "StrideW": 1}
    options |= {"DilationHFactor": 1, "DilationWFactor": 1, "FusedActivationFunction": 0}
    graph.ops.append(Op("CONV_2D", (all_rows, kernel, bias), result, options))
    graph.output(result)
    return graph


def constants(element: str) -> Graph:
    """A variable that nothing assigns, one that becomes a constant, and one that nothing reads."""
    graph, source = _start(element)
    fixed, set_once, unread = (variable(n, source.shape, element) for n in ("f", "s", "u"))
    fixed.initialise(graph, numbers(source.shape, element))
    set_once.initialise(graph, np.full(source.shape, 3, element))
    unread.assign(graph, source)
    frozen, first = fixed.read(graph, "frozen"), set_once.read(graph, "first")
    other = np.flip(numbers(source.shape, element), 1).copy()
    set_once.assign(graph, tensor("other", source.shape, element, other))
    graph.output(added(graph, frozen, source, "moved"), frozen, added(graph, first, source, "set"))
    return graph


def weights(element: str) -> Graph:
    """A layer whose weights are a variable that nothing assigns, twice: as other numbers too."""
    graph, source = _start(element)
    scales = [Quantization((each,), (0,)) if element == "int8" else None for each in (0.01, 0.02)]
    data = numbers((3, 7), element)
    held = Variable("weights", Tensor("", data.shape, element, None, scales[0]))
    held.initialise(graph, data)
    for number, scale in enumerate(scales):
        like = replace(held, contents=replace(held.contents, quantization=scale))
        kernel = like.read(graph, f"kernel_{number}")
        result = tensor(f"result_{number}", (1, 3), element)
        options = {"FusedActivationFunction": 0}
        graph.ops.append(Op("FULLY_CONNECTED", (source, kernel, ABSENT), result, options))
        graph.output(result)
    return graph


GRAPHS: Mapping[str, Callable[[str], Graph]] = MappingProxyType(
    {make.__name__: make for make in (accumulator, delay_line, window, constants, weights)}
)
"""Graphs of float32 or int8 by name."""
