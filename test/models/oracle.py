"""The reference: LiteRT's own reference kernels, and the inputs on which they are asked.

Inputs and outputs are lists in the model's order. Integers are the stored ones, not dequantised.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tflite

FNV_PRIME = 0x01000193
FNV_BASIS = 0x811C9DC5


@dataclass(frozen=True)
class TensorInfo:
    """An input or output as the file declares it.

    rows: where the input holds indices into a table, the number of its rows; else None.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    rows: int | None = None


Fill = Callable[[TensorInfo], np.ndarray]


class Reference:
    """A model loaded into LiteRT's interpreter with reference kernels only."""

    def __init__(self, path: Path):
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        # The default resolver (XNNPACK) is up to 40 steps away from the reference.
        self._interpreter = Interpreter(
            str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
        )
        self._interpreter.allocate_tensors()

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return every output for one sample, with state as it is at first.

        Resource variables are no such state: the interpreter cannot reset them.
        """
        self._interpreter.reset_all_variables()
        return self.run_on(inputs)

    def run_on(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return every output for one sample, with state as the last one left it."""
        details = self._interpreter.get_input_details()
        for detail, value in zip(details, inputs, strict=True):
            self._interpreter.set_tensor(detail["index"], value)
        self._interpreter.invoke()
        outputs = self._interpreter.get_output_details()
        return [self._interpreter.get_tensor(detail["index"]) for detail in outputs]


class MicroReference:
    """A model loaded into TensorFlow Lite Micro's interpreter."""

    def __init__(self, path: Path):
        runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
        self._interpreter = runtime.Interpreter.from_file(str(path))
        self._output_count = len(output_infos(path))

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return every output for one sample, with state as it is at first."""
        self._interpreter.reset()
        for place, value in enumerate(inputs):
            self._interpreter.set_input(value, place)
        self._interpreter.invoke()
        return [self._interpreter.get_output(n).copy() for n in range(self._output_count)]


REFERENCES = {"litert": Reference, "micro": MicroReference}


def reference_outputs(path: Path, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return what LiteRT's reference kernels give for one sample."""
    return Reference(path).run(inputs)


def input_infos(path: Path) -> list[TensorInfo]:
    """Describe the inputs of a model."""
    model = tflite.Model.GetRootAs(path.read_bytes())
    graph = model.Subgraphs(0)
    rows = _table_rows(model)
    return [_info(graph, int(i), rows.get(int(i))) for i in graph.InputsAsNumpy()]


def output_infos(path: Path) -> list[TensorInfo]:
    """Describe the outputs of a model."""
    graph = tflite.Model.GetRootAs(path.read_bytes()).Subgraphs(0)
    return [_info(graph, int(i), None) for i in graph.OutputsAsNumpy()]


def random_inputs(path: Path, count: int, seed: int = 0) -> list[list[np.ndarray]]:
    """Draw `count` samples: integers and bools of any value, floats in [-1, 1), valid indices."""
    random = np.random.RandomState(seed)

    def draw(info: TensorInfo) -> np.ndarray:
        if info.rows is not None:
            return random.randint(0, info.rows, info.shape).astype(info.dtype)
        if info.dtype.kind == "f":
            return random.uniform(-1, 1, info.shape).astype(info.dtype)
        if info.dtype.kind == "b":
            return random.randint(0, 2, info.shape).astype(info.dtype)
        limits = np.iinfo(info.dtype)
        return random.randint(limits.min, int(limits.max) + 1, info.shape).astype(info.dtype)

    return _samples(path, [draw] * count)


def constant_inputs(path: Path, count: int = 3) -> list[list[np.ndarray]]:
    """Return up to 3 samples of one value each: the least, the greatest, and one between."""

    def fill(part: float) -> Fill:
        def constant(info: TensorInfo) -> np.ndarray:
            low, high = _limits(info)
            value = low + part * (high - low)
            whole = info.rows is not None or info.dtype.kind != "f"
            return np.full(info.shape, np.floor(value) if whole else value, info.dtype)

        return constant

    return _samples(path, [fill(part) for part in (0.0, 1.0, 0.4)[:count]])


def pattern_inputs(path: Path) -> list[np.ndarray]:
    """Return the documented pattern: element i is ((7 * i + 3) mod 256) - 128 as int8.

    Other types carry the same sequence: uint8 with 128 added, floats divided by 128, indices modulo
    the rows of their table.
    """

    def pattern(info: TensorInfo) -> np.ndarray:
        values = (7 * np.arange(np.prod(info.shape, dtype=int)) + 3) % 256 - 128
        if info.rows is not None:
            values = values % info.rows
        elif info.dtype.kind == "f":
            values = values / 128
        elif info.dtype.kind == "u":
            values = values + 128
        return values.astype(info.dtype).reshape(info.shape)

    (sample,) = _samples(path, [pattern])
    return sample


def fnv1a_32(data: bytes) -> int:
    """Return the 32-bit FNV-1a hash of `data`."""
    value = FNV_BASIS
    for byte in data:
        value = ((value ^ byte) * FNV_PRIME) & 0xFFFFFFFF
    return value


def _samples(path: Path, fills: Sequence[Fill]) -> list[list[np.ndarray]]:
    infos = input_infos(path)
    return [[fill(info) for info in infos] for fill in fills]


def _limits(info: TensorInfo) -> tuple[float, float]:
    if info.rows is not None:
        return 0, info.rows - 1
    if info.dtype.kind == "f":
        return -1.0, 1.0
    limits = np.iinfo(info.dtype)
    return float(limits.min), float(limits.max)


def _info(graph: tflite.SubGraph, index: int, rows: int | None) -> TensorInfo:
    tensor = graph.Tensors(index)
    dtypes = {
        tflite.TensorType.BOOL: "bool",
        tflite.TensorType.FLOAT32: "float32",
        tflite.TensorType.INT16: "int16",
        tflite.TensorType.INT32: "int32",
        tflite.TensorType.UINT8: "uint8",
        tflite.TensorType.INT8: "int8",
    }
    shape = tuple(int(n) for n in tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()
    return TensorInfo(tensor.Name().decode(), shape, np.dtype(dtypes[tensor.Type()]), rows)


def _table_rows(model: tflite.Model) -> dict[int, int]:
    """Map tensors whose values index the first axis of a table to the number of its rows.

    Indices may pass through a CAST. Any other value would make the reference refuse to run.
    """
    graph = model.Subgraphs(0)
    rows: dict[int, int] = {}
    for i in reversed(range(graph.OperatorsLength())):
        op = graph.Operators(i)
        inputs, result = op.InputsAsNumpy(), int(op.Outputs(0))
        code = model.OperatorCodes(op.OpcodeIndex())
        kind = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if kind == tflite.BuiltinOperator.GATHER:
            rows[int(inputs[1])] = int(graph.Tensors(int(inputs[0])).Shape(0))
        elif kind == tflite.BuiltinOperator.CAST and result in rows:
            rows[int(inputs[0])] = rows[result]
    return rows
