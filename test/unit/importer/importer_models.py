"""Models for the importer's tests, as files and as values."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite

from fdt_mlir.importer.tflite_model import Operator, Quantization, Tensor, TfliteModel
from fdt_mlir.importer.tflite_reader import read_model
from models.graph import Graph
from models.tflite_writer import serialize

EXAMPLES = Path(__file__).parents[3] / "examples" / "models"
FILE = Path("model.tflite")


def example(name: str) -> TfliteModel:
    """Read one of the project's own models."""
    path = EXAMPLES / f"{name}.tflite"
    return read_model(path, path.read_bytes())


def read_graph(graph: Graph) -> TfliteModel:
    """Write and read a model of the tests."""
    return read_model(FILE, serialize(graph))


def chain(*codes: str) -> TfliteModel:
    """Build x -> t1 -> t2 ...: one operator of each code, on int8 tensors of 4 elements."""
    scale = Quantization((0.5,), (3,))
    names = ["x", *(f"t{place}" for place in range(1, len(codes) + 1))]
    tensors = tuple(Tensor(name, "INT8", (1, 4), quantization=scale) for name in names)
    operators = tuple(
        Operator(index, code, (index,), (index + 1,)) for index, code in enumerate(codes)
    )
    return TfliteModel(str(FILE), (0,), (len(codes),), tensors, operators)


def with_tensor(model: TfliteModel, index: int, **fields: object) -> TfliteModel:
    """Change fields of one tensor."""
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], **fields)
    return replace(model, tensors=tuple(tensors))


def names(model: TfliteModel, indices: Sequence[int]) -> list[str]:
    """Return the names of tensors."""
    return [model.tensors[index].name for index in indices]


def file_of_subgraphs(count: int) -> bytes:
    """Build a file with `count` empty subgraphs."""
    builder = flatbuffers.Builder()
    graphs = [_table(builder, "SubGraph") for _ in range(count)]
    model = _table(builder, "Model", Version=3, Subgraphs=_references(builder, graphs))
    builder.Finish(model, file_identifier=b"TFL3")
    return bytes(builder.Output())


def file_with_weights(
    data: bytes = bytes(4),
    is_sparse: bool = False,
    is_variable: bool = False,
    has_custom_quantization: bool = False,
    scale: float | None = None,
    is_external: bool = False,
) -> bytes:
    """Build a file of one operator, x + weights, where the int8 weights have shape (4)."""
    builder = flatbuffers.Builder()
    fields: dict[str, Any] = {"IsVariable": is_variable}
    if is_sparse:
        fields["Sparsity"] = _table(builder, "SparsityParameters")
    if has_custom_quantization:
        fields["Quantization"] = _table(builder, "QuantizationParameters", DetailsType=1)
    if scale is not None:
        scales = builder.CreateNumpyVector(np.array([scale], np.float32))
        fields["Quantization"] = _table(builder, "QuantizationParameters", Scale=scales)
    place = {"Offset": 1 << 20, "Size": 4} if is_external else {"Data": _bytes(builder, data)}
    buffers = [_table(builder, "Buffer"), _table(builder, "Buffer", **place)]
    tensors = [
        _tensor(builder, "x"),
        _tensor(builder, "weights", Buffer=1, **fields),
        _tensor(builder, "y"),
    ]
    operands = {"Inputs": _integers(builder, [0, 1]), "Outputs": _integers(builder, [2])}
    graph = _table(
        builder,
        "SubGraph",
        Tensors=_references(builder, tensors),
        Inputs=_integers(builder, [0]),
        Outputs=_integers(builder, [2]),
        Operators=_references(builder, [_table(builder, "Operator", **operands)]),
    )
    model = _table(
        builder,
        "Model",
        Version=3,
        # Code 0 is ADD.
        OperatorCodes=_references(builder, [_table(builder, "OperatorCode")]),
        Subgraphs=_references(builder, [graph]),
        Buffers=_references(builder, buffers),
    )
    builder.Finish(model, file_identifier=b"TFL3")
    return bytes(builder.Output())


def _tensor(builder: flatbuffers.Builder, name: str, **fields: Any) -> int:
    shape, text = _integers(builder, [4]), builder.CreateString(name)
    return _table(builder, "Tensor", Shape=shape, Name=text, Type=tflite.TensorType.INT8, **fields)


def _table(builder: flatbuffers.Builder, table: str, **fields: Any) -> int:
    getattr(tflite, f"{table}Start")(builder)
    for name, value in fields.items():
        getattr(tflite, f"{table}Add{name}")(builder, value)
    return getattr(tflite, f"{table}End")(builder)


def _bytes(builder: flatbuffers.Builder, data: bytes) -> int:
    return builder.CreateNumpyVector(np.frombuffer(data, np.uint8))


def _integers(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    return builder.CreateNumpyVector(np.array(values, np.int32))


def _references(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()
