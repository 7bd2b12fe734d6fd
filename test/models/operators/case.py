"""A case of an operator: its operands, options and results, for every element type it exists for.

The same case is built in float, int8, int16 and int32. Scales of quantised results are those of
the range that the float model has on random samples, unless the operator prescribes them.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from models.graph import ABSENT, Graph, Op, Quantization, Shape, Tensor
from models.oracle import REFERENCES
from models.tflite_writer import write_file

Element = Literal["int8", "int16", "float32", "int32", "bool"]
Sample = list[np.ndarray]

QUANTISED: tuple[Element, ...] = ("int8", "int16")
EVERY: tuple[Element, ...] = ("int8", "int16", "float32")
FLOAT: tuple[Element, ...] = ("float32",)
INTEGER: tuple[Element, ...] = ("int32",)

# Scale and zero point of results, where the operator prescribes them.
UNIT = {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)}
SIGNED_UNIT = {"int8": (1 / 128, 0), "int16": (1 / 32768, 0)}

_CALIBRATION_SAMPLES = 8


@dataclass(frozen=True, eq=False)
class Operand:
    """An operand; `low` and `high` bound its real values, or its integers where it is int32.

    role: an activation is an input of the model, a state a variable that outlives an inference;
    weights are int8 with symmetric scales, a bias has those of the accumulators.
    dtype: its type whatever the case's is; data: its numbers, where they are given.
    axis: of the scales of weights, None for a single scale.
    """

    role: Literal["activation", "constant", "weights", "bias", "state", "absent"]
    shape: Shape
    low: float = -1.0
    high: float = 1.0
    dtype: str | None = None
    data: np.ndarray | None = None
    axis: int | None = None


@dataclass(frozen=True)
class Case:
    """One operator with operands and options; `outputs` are the shapes of its results.

    scale: "range" gives results the range they have, "input" the quantisation of the first operand;
        else scale and zero point by element type.
    result: element type of the results where it is not that of the case.
    refused: why an element type ends with a diagnostic, by element type: part of its text.
    few_values: whether results have few values, or saturate, by their nature.
    reference: whose kernels compute the expected results: LiteRT's, or TensorFlow Lite Micro's
        where LiteRT has none among its reference kernels.
    intermediates: type, scale and zero point of what a quantised operator computes on the way.
    """

    name: str
    code: str
    inputs: Sequence[Operand]
    outputs: Sequence[Shape]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    elements: Sequence[Element] = EVERY
    scale: Literal["range", "input"] | Mapping[str, tuple[float, int]] = "range"
    result: str | None = None
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    few_values: bool = False
    reference: Literal["litert", "micro"] = "litert"
    custom_options: bytes = b""
    intermediates: Sequence[tuple[str, float, int]] = ()

    @property
    def seed(self) -> int:
        return zlib.crc32(self.name.encode())


def act(
    shape: Shape, low: float = -1.0, high: float = 1.0, dtype: str | None = None, **options: Any
) -> Operand:
    """An input of the model."""
    return Operand("activation", shape, low, high, dtype, **options)


def const(shape: Shape, low: float = -1.0, high: float = 1.0) -> Operand:
    """A constant that is quantised like an activation."""
    return Operand("constant", shape, low, high)


def weights(shape: Shape, axis: int | None = 0) -> Operand:
    """Weights, with a scale for each index of `axis`."""
    return Operand("weights", shape, axis=axis)


def bias(count: int) -> Operand:
    """A bias of an operator whose operands before it are an input and weights."""
    return Operand("bias", (count,))


def ints(*values: int) -> Operand:
    """A constant vector of int32, such as axes."""
    return table(np.array(values, np.int32))


def table(values: Any) -> Operand:
    """Constant int32 numbers of any shape."""
    data = np.asarray(values, np.int32)
    return Operand("constant", data.shape, dtype="int32", data=data)


def build(case: Case, element: Element) -> Graph:
    """The model of a case with elements of a type."""
    ranges = _ranges(case) if case.scale == "range" and element in QUANTISED else []
    return _Builder(case, element).build(ranges)


def samples(case: Case, graph: Graph, count: int) -> list[Sample]:
    """Inputs of a model: random numbers over their range, and both ends of it."""
    random = np.random.RandomState(case.seed)
    operands = [operand for operand in case.inputs if operand.role == "activation"]
    edges = list(zip(operands, graph.inputs, strict=True))
    drawn = [[_draw(random, operand, tensor) for operand, tensor in edges] for _ in range(count)]
    return drawn + [
        [_filled(operand, tensor, end) for operand, tensor in edges] for end in ("low", "high")
    ]


def _ranges(case: Case) -> list[tuple[float, float]]:
    """The least and the greatest number of each result, as the float model computes it."""
    graph = _Builder(case, "float32").build([])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        write_file(graph, path)
        reference = REFERENCES[case.reference](path)
        runs = [reference.run(sample) for sample in samples(case, graph, _CALIBRATION_SAMPLES)]
    ends = [
        (min(r[n].min() for r in runs), max(r[n].max() for r in runs)) for n in range(len(runs[0]))
    ]
    return [(float(low), float(high)) for low, high in ends]


class _Builder:
    def __init__(self, case: Case, element: Element):
        self._case, self._element = case, element
        self._graph = Graph(case.name, case.seed)
        self._random = np.random.RandomState(case.seed)

    def build(self, ranges: Sequence[tuple[float, float]]) -> Graph:
        case = self._case
        inputs: list[Tensor] = []
        for number, operand in enumerate(case.inputs):
            inputs.append(self._operand(f"operand_{number}", operand, inputs))
        outputs = [
            Tensor(
                f"result_{n}", shape, self._result_type, None, self._result_scale(n, inputs, ranges)
            )
            for n, shape in enumerate(case.outputs)
        ]
        self._graph.ops.append(
            Op(
                case.code,
                tuple(inputs),
                outputs[0],
                case.options,
                more_outputs=tuple(outputs[1:]),
                custom_options=case.custom_options,
                intermediates=tuple(
                    Tensor(f"intermediate_{n}", (), dtype, None, Quantization((scale,), (zero,)))
                    for n, (dtype, scale, zero) in enumerate(case.intermediates)
                ),
            )
        )
        self._graph.output(*outputs)
        return self._graph

    @property
    def _result_type(self) -> str:
        return self._case.result or self._element

    def _operand(self, name: str, operand: Operand, before: Sequence[Tensor]) -> Tensor:
        if operand.role == "absent":
            return ABSENT
        if operand.role == "weights":
            return self._weights(name, operand)
        if operand.role == "bias":
            return self._bias(name, operand, before)
        dtype = operand.dtype or self._element
        scale = quantization(dtype, operand.low, operand.high)
        if operand.role == "activation":
            tensor = Tensor(name, operand.shape, dtype, None, scale)
            self._graph.inputs.append(tensor)
            return tensor
        if operand.role == "state":
            return Tensor(name, operand.shape, dtype, None, scale, is_variable=True)
        data = operand.data
        if data is None:
            data = _stored(self._reals(operand), dtype, scale)
        return Tensor(name, operand.shape, dtype, data.astype(dtype), scale)

    def _weights(self, name: str, operand: Operand) -> Tensor:
        reals = self._reals(operand)
        if self._element == "float32":
            return Tensor(name, operand.shape, "float32", reals)
        others = tuple(axis for axis in range(reals.ndim) if axis != operand.axis)
        largest = np.abs(reals).max() if operand.axis is None else np.abs(reals).max(axis=others)
        scales = (np.atleast_1d(largest) / 127).astype(np.float32)
        shape = [1] * reals.ndim
        if operand.axis is not None:
            shape[operand.axis] = len(scales)
        stored = np.rint(reals / scales.reshape(shape)).astype(np.int8)
        zeros = (0,) * len(scales)
        known = Quantization(tuple(map(float, scales)), zeros, operand.axis or 0)
        return Tensor(name, operand.shape, "int8", stored, known)

    def _bias(self, name: str, operand: Operand, before: Sequence[Tensor]) -> Tensor:
        reals = self._reals(operand)
        if self._element == "float32":
            return Tensor(name, operand.shape, "float32", reals)
        x, w = (next(t for t in before if _is_data(t, held)).quantization for held in (False, True))
        assert x is not None
        assert w is not None
        scales = np.array(w.scale) * x.scale[0]
        dtype = "int64" if self._element == "int16" else "int32"
        stored = np.rint(reals / scales).astype(dtype)
        known = Quantization(tuple(map(float, scales)), (0,) * len(scales))
        return Tensor(name, operand.shape, dtype, stored, known)

    def _reals(self, operand: Operand) -> np.ndarray:
        if operand.data is not None:
            return operand.data.astype(np.float32)
        return self._random.uniform(operand.low, operand.high, operand.shape).astype(np.float32)

    def _result_scale(
        self, number: int, inputs: Sequence[Tensor], ranges: Sequence[tuple[float, float]]
    ) -> Quantization | None:
        dtype = self._result_type
        if dtype not in QUANTISED:
            return None
        scale = self._case.scale
        if scale == "input":
            data = next(t for t in inputs if t is not ABSENT and t.dtype == dtype)
            return data.quantization
        if isinstance(scale, Mapping):
            value, zero_point = scale[dtype]
            return Quantization((value,), (zero_point,))
        return quantization(dtype, *ranges[number])


def _is_data(tensor: Tensor, is_constant: bool) -> bool:
    """Whether a tensor is quantised data, computed or constant."""
    return tensor.quantization is not None and (tensor.data is not None) == is_constant


def quantization(dtype: str, low: float, high: float) -> Quantization | None:
    """Scale and zero point that spread a range over the integers; int16 has zero point 0."""
    low, high = min(low, 0.0), max(high, 0.0)
    if dtype == "int16":
        return Quantization((float(np.float32(max(-low, high) / 32767)),), (0,))
    if dtype != "int8":
        return None
    scale = float(np.float32((high - low) / 255))
    return Quantization((scale,), (int(np.clip(round(-128 - low / scale), -128, 127)),))


def _stored(reals: np.ndarray, dtype: str, scale: Quantization | None) -> np.ndarray:
    if scale is None:
        return reals.astype(dtype)
    limits = np.iinfo(dtype)
    stored = np.rint(reals / scale.scale[0]) + scale.zero_point[0]
    return np.clip(stored, limits.min, limits.max).astype(dtype)


def _draw(random: np.random.RandomState, operand: Operand, tensor: Tensor) -> np.ndarray:
    if operand.data is not None:
        return operand.data.astype(tensor.dtype)
    if tensor.dtype == "float32":
        return random.uniform(operand.low, operand.high, tensor.shape).astype(np.float32)
    if tensor.dtype == "bool":
        return random.randint(0, 2, tensor.shape).astype(bool)
    if tensor.quantization is None:
        return random.randint(operand.low, operand.high + 1, tensor.shape).astype(tensor.dtype)
    least, greatest = _ends(operand, tensor)
    return random.randint(least, greatest + 1, tensor.shape).astype(tensor.dtype)


def _filled(operand: Operand, tensor: Tensor, end: str) -> np.ndarray:
    if operand.data is not None:
        return operand.data.astype(tensor.dtype)
    if tensor.dtype == "bool":
        return np.full(tensor.shape, end == "high")
    if tensor.dtype == "float32" or tensor.quantization is None:
        return np.full(tensor.shape, operand.low if end == "low" else operand.high, tensor.dtype)
    return np.full(tensor.shape, _ends(operand, tensor)[end == "high"], tensor.dtype)


def _ends(operand: Operand, tensor: Tensor) -> tuple[int, int]:
    """The integers that stand for the ends of a range; all of the type where it contains 0."""
    assert tensor.quantization is not None
    ends = np.array([operand.low, operand.high])
    least, greatest = _stored(ends, tensor.dtype, tensor.quantization)
    limits = np.iinfo(tensor.dtype)
    # Beyond the symmetric range of int16 lies one more.
    return (limits.min if operand.low < 0 < operand.high else int(least)), int(greatest)
