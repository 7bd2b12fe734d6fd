"""Serialises a graph as a .tflite file: the same graph always gives the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite

from models.graph import ABSENT, Graph, Op, Tensor

SCHEMA_VERSION = 3
FILE_IDENTIFIER = b"TFL3"
BUFFER_ALIGN = 16  # bytes; the schema forces it, kernels read weights in place
DTYPES = {
    "bool": tflite.TensorType.BOOL,
    "float32": tflite.TensorType.FLOAT32,
    "int16": tflite.TensorType.INT16,
    "int32": tflite.TensorType.INT32,
    "int64": tflite.TensorType.INT64,
    "uint8": tflite.TensorType.UINT8,
    "int8": tflite.TensorType.INT8,
    "resource": tflite.TensorType.RESOURCE,
}


@dataclass(frozen=True)
class Kind:
    """How the schema spells an operator: its table of options, its version per element type."""

    options: str | None
    float_version: int = 1
    int8_version: int = 2


# Versions are the least that TFLite's own converter writes for the element type.
KINDS = {
    "ABS": Kind("AbsOptions"),
    "ADD": Kind("AddOptions"),
    "ADD_N": Kind("AddNOptions", int8_version=1),
    "ARG_MAX": Kind("ArgMaxOptions"),
    "ARG_MIN": Kind("ArgMinOptions"),
    "ASSIGN_VARIABLE": Kind("AssignVariableOptions", int8_version=1),
    "AVERAGE_POOL_2D": Kind("Pool2DOptions"),
    "BATCH_MATMUL": Kind("BatchMatMulOptions"),
    "BATCH_TO_SPACE_ND": Kind(None),
    "BROADCAST_ARGS": Kind(None, int8_version=1),
    "BROADCAST_TO": Kind(None, float_version=2),
    "CALL_ONCE": Kind("CallOnceOptions"),
    "CAST": Kind("CastOptions", int8_version=1),
    "CEIL": Kind(None),
    "CONCATENATION": Kind("ConcatenationOptions"),
    "CONV_2D": Kind("Conv2DOptions", int8_version=3),
    "COS": Kind(None),
    "CUMSUM": Kind("CumsumOptions"),
    "DEPTHWISE_CONV_2D": Kind("DepthwiseConv2DOptions", float_version=2, int8_version=3),
    "DEPTH_TO_SPACE": Kind("DepthToSpaceOptions", int8_version=1),
    "DEQUANTIZE": Kind(None),
    "DIV": Kind("DivOptions"),
    "DYNAMIC_UPDATE_SLICE": Kind(None),
    "ELU": Kind(None, int8_version=1),
    "EMBEDDING_LOOKUP": Kind(None),
    "EQUAL": Kind(None),
    "EXP": Kind(None),
    "EXPAND_DIMS": Kind(None, int8_version=1),
    "FILL": Kind(None, int8_version=3),
    "FLOOR": Kind(None),
    "FLOOR_DIV": Kind(None),
    "FLOOR_MOD": Kind(None),
    "FULLY_CONNECTED": Kind("FullyConnectedOptions", int8_version=4),
    "GATHER": Kind("GatherOptions"),
    "GATHER_ND": Kind(None),
    "GELU": Kind("GeluOptions"),
    "GREATER": Kind(None),
    "GREATER_EQUAL": Kind(None),
    "HARD_SWISH": Kind(None, int8_version=1),
    "L2_NORMALIZATION": Kind("L2NormOptions"),
    "L2_POOL_2D": Kind("Pool2DOptions"),
    "LEAKY_RELU": Kind("LeakyReluOptions"),
    "LESS": Kind(None),
    "LESS_EQUAL": Kind(None),
    "LOG": Kind(None),
    "LOGICAL_AND": Kind(None),
    "LOGICAL_NOT": Kind(None),
    "LOGICAL_OR": Kind(None),
    "LOGISTIC": Kind(None),
    "LOG_SOFTMAX": Kind("LogSoftmaxOptions"),
    "MAXIMUM": Kind(None),
    "MAX_POOL_2D": Kind("Pool2DOptions"),
    "MEAN": Kind("ReducerOptions"),
    "MINIMUM": Kind(None),
    "MIRROR_PAD": Kind("MirrorPadOptions"),
    "MUL": Kind("MulOptions"),
    "NEG": Kind(None),
    "NOT_EQUAL": Kind(None),
    "PACK": Kind("PackOptions", int8_version=1),
    "PAD": Kind(None),
    "PADV2": Kind(None),
    "PRELU": Kind(None, int8_version=1),
    "QUANTIZE": Kind(None),
    "READ_VARIABLE": Kind("ReadVariableOptions", int8_version=1),
    "REDUCE_MAX": Kind("ReducerOptions"),
    "REDUCE_MIN": Kind("ReducerOptions"),
    "REDUCE_PROD": Kind("ReducerOptions"),
    "RELU": Kind(None),
    "RELU6": Kind(None),
    "RELU_N1_TO_1": Kind(None, int8_version=1),
    "RESHAPE": Kind("ReshapeOptions", int8_version=1),
    "RESIZE_BILINEAR": Kind("ResizeBilinearOptions"),
    "RESIZE_NEAREST_NEIGHBOR": Kind("ResizeNearestNeighborOptions"),
    "REVERSE_V2": Kind(None, int8_version=1),
    "ROUND": Kind(None),
    "RSQRT": Kind(None),
    "SELECT": Kind(None),
    "SELECT_V2": Kind(None, int8_version=1),
    "SHAPE": Kind("ShapeOptions", int8_version=1),
    "SIN": Kind(None),
    "SLICE": Kind(None),
    "SOFTMAX": Kind("SoftmaxOptions"),
    "SPACE_TO_BATCH_ND": Kind(None),
    "SPACE_TO_DEPTH": Kind("SpaceToDepthOptions"),
    "SPLIT": Kind("SplitOptions"),
    "SPLIT_V": Kind("SplitVOptions"),
    "SQRT": Kind(None),
    "SQUARE": Kind(None),
    "SQUARED_DIFFERENCE": Kind(None),
    "SQUEEZE": Kind("SqueezeOptions", int8_version=1),
    "STRIDED_SLICE": Kind("StridedSliceOptions"),
    "SUB": Kind("SubOptions"),
    "SUM": Kind("ReducerOptions", int8_version=1),
    "SVDF": Kind("SVDFOptions", int8_version=3),
    "TANH": Kind(None),
    "TILE": Kind(None, int8_version=1),
    "TRANSPOSE": Kind(None),
    "TRANSPOSE_CONV": Kind("TransposeConvOptions"),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Kind("UnidirectionalSequenceLSTMOptions"),
    "UNPACK": Kind("UnpackOptions"),
    "VAR_HANDLE": Kind("VarHandleOptions"),
    "ZEROS_LIKE": Kind(None),
}


def write_file(graph: Graph, path: Path) -> None:
    """Write `graph` to `path`."""
    path.write_bytes(serialize(graph))


def serialize(graph: Graph) -> bytes:
    """Return `graph` as the bytes of a .tflite file."""
    builder = flatbuffers.Builder(1 << 16)
    graphs = [graph, *graph.callees]
    tensors = [list(each.tensors()) for each in graphs]
    operator_codes = sorted({_code_of(op) for each in graphs for op in each.ops})
    data = [tensor.data for each in tensors for tensor in each]
    buffers = [_buffer(builder, None), *(_buffer(builder, each) for each in data)]
    first_buffers = [1 + sum(map(len, tensors[:number])) for number in range(len(graphs))]
    model = _table(
        builder,
        "Model",
        Version=SCHEMA_VERSION,
        OperatorCodes=_offsets(builder, [_operator_code(builder, c) for c in operator_codes]),
        Subgraphs=_offsets(
            builder,
            [
                _subgraph(builder, *each, operator_codes)
                for each in zip(graphs, tensors, first_buffers, strict=True)
            ],
        ),
        Description=builder.CreateString(f"{graph.name}, made by fdt-mlir"),
        Buffers=_offsets(builder, buffers),
    )
    builder.Finish(model, file_identifier=FILE_IDENTIFIER)
    return bytes(builder.Output())


def _code_of(op: Op) -> tuple[int, int, str]:
    """Return (builtin operator, version, name of a custom operator)."""
    if op.kind not in KINDS:
        return tflite.BuiltinOperator.CUSTOM, 1, op.kind
    kind = KINDS[op.kind]
    is_int8 = any(t.dtype in ("int8", "int16") for t in (*op.inputs, *op.outputs))
    version = kind.int8_version if is_int8 else kind.float_version
    return getattr(tflite.BuiltinOperator, op.kind), version, ""


def _operator_code(builder: flatbuffers.Builder, code: tuple[int, int, str]) -> int:
    builtin, version, custom = code
    names = {"CustomCode": builder.CreateString(custom)} if custom else {}
    # The one-byte field is what readers older than schema 3a know.
    deprecated = min(builtin, tflite.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
    return _table(
        builder,
        "OperatorCode",
        DeprecatedBuiltinCode=deprecated,
        Version=version,
        BuiltinCode=builtin,
        **names,
    )


def _subgraph(
    builder: flatbuffers.Builder,
    graph: Graph,
    tensors: Sequence[Tensor],
    first_buffer: int,
    operator_codes: Sequence[tuple[int, int, str]],
) -> int:
    index = {tensor: i for i, tensor in enumerate(tensors)}
    names = [t.name for t in tensors]
    assert len(set(names)) == len(names), "tensor names must be unique"
    write_tensor = partial(_tensor, builder, dynamic_batch=graph.dynamic_batch)
    return _table(
        builder,
        "SubGraph",
        Tensors=_offsets(
            builder, [write_tensor(t, n) for n, t in enumerate(tensors, first_buffer)]
        ),
        Inputs=_ints(builder, [index[t] for t in graph.inputs]),
        Outputs=_ints(builder, [index[t] for t in graph.outputs]),
        Operators=_offsets(
            builder,
            [_operator(builder, op, operator_codes.index(_code_of(op)), index) for op in graph.ops],
        ),
        Name=builder.CreateString("main"),
    )


def _operator(
    builder: flatbuffers.Builder, op: Op, opcode_index: int, index: dict[Tensor, int]
) -> int:
    fields: dict[str, Any] = {
        "OpcodeIndex": opcode_index,
        "Inputs": _ints(builder, [-1 if t is ABSENT else index[t] for t in op.inputs]),
        "Outputs": _ints(builder, [index[t] for t in op.outputs]),
    }
    if op.intermediates:
        fields["Intermediates"] = _ints(builder, [index[t] for t in op.intermediates])
    if op.custom_options:
        fields["CustomOptions"] = builder.CreateByteVector(op.custom_options)
    table = KINDS[op.kind].options if op.kind in KINDS else None
    if table:
        options = {key: _option(builder, value) for key, value in op.options.items()}
        fields["BuiltinOptions"] = _table(builder, table, **options)
        fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, table)
    return _table(builder, "Operator", **fields)


def _option(builder: flatbuffers.Builder, value: Any) -> Any:
    if isinstance(value, str):
        return builder.CreateString(value)
    return _ints(builder, value) if isinstance(value, tuple) else value


def _tensor(builder: flatbuffers.Builder, tensor: Tensor, buffer: int, dynamic_batch: bool) -> int:
    fields: dict[str, Any] = {
        "Shape": _ints(builder, tensor.shape),
        "Type": DTYPES[tensor.dtype],
        "Buffer": buffer,
        "Name": builder.CreateString(tensor.name),
    }
    if tensor.quantization:
        fields["Quantization"] = _table(
            builder,
            "QuantizationParameters",
            Scale=builder.CreateNumpyVector(np.array(tensor.quantization.scale, np.float32)),
            ZeroPoint=builder.CreateNumpyVector(np.array(tensor.quantization.zero_point, np.int64)),
            QuantizedDimension=tensor.quantization.axis,
        )
    if tensor.is_variable:
        fields["IsVariable"] = True
    if dynamic_batch and tensor.data is None:
        fields["ShapeSignature"] = _ints(builder, (-1, *tensor.shape[1:]))
    return _table(builder, "Tensor", **fields)


def _buffer(builder: flatbuffers.Builder, data: np.ndarray | None) -> int:
    if data is None:
        return _table(builder, "Buffer")
    raw = np.ascontiguousarray(data).tobytes()
    # NOTE: Builder.CreateByteVector knows no alignment, so the bytes are placed by hand.
    builder.StartVector(1, len(raw), BUFFER_ALIGN)
    builder.head -= len(raw)
    builder.Bytes[builder.head : builder.head + len(raw)] = raw
    return _table(builder, "Buffer", Data=builder.EndVector())


def _table(builder: flatbuffers.Builder, table: str, **fields: Any) -> int:
    """Write a table of the schema; fields are numbers or offsets that exist already."""
    getattr(tflite, f"{table}Start")(builder)
    for name, value in fields.items():
        getattr(tflite, f"{table}Add{name}")(builder, value)
    return getattr(tflite, f"{table}End")(builder)


def _ints(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    return builder.CreateNumpyVector(np.array(values, np.int32))


def _offsets(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()
