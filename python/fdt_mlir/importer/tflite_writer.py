"""Write a rewritten graph back as a .tflite file.

Offsets in a flatbuffer point forward only, so new tables go in front of the old file, which stays
as it is: weights and operator options are referred to where they lie, none is copied or decoded.
"""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import tflite

from fdt_mlir.importer.flatbuffer import Table
from fdt_mlir.importer.tflite_model import Operator, Options, Quantization, Tensor, TfliteModel

_SCHEMA_VERSION = 3
_IDENTIFIER = b"TFL3"
_ALIGN = 16  # bytes; the greatest alignment that the schema asks for
_MODEL_BUFFERS = 4


def write_model(model: TfliteModel, data: bytes) -> bytes:
    """Return the bytes of a file with the graph `model` and the weights of `data`.

    `data` is the file that `model` was read from. Signatures and metadata are left out.
    """
    return _Writer(data).write(model)


def builder_before(data: bytes) -> tuple[flatbuffers.Builder, int]:
    """Return a builder that writes in front of the file `data`, and its bytes with padding.

    The builder's name for what lies at a position of the old file is its distance from the end.
    """
    padded = data + bytes(-len(data) % _ALIGN)
    builder = flatbuffers.Builder(2 * len(padded) + 1024)
    # NOTE: the builder has no call that places bytes; it fills its buffer from the end.
    builder.Prep(_ALIGN, 0)
    builder.head -= len(padded)
    builder.Bytes[builder.head : builder.head + len(padded)] = padded
    return builder, len(padded)


def write_table(builder: flatbuffers.Builder, table: str, **fields: Any) -> int:
    """Write a table of the schema, fields by name; returns the builder's name for it."""
    getattr(tflite, f"{table}Start")(builder)
    for name, value in fields.items():
        getattr(tflite, f"{table}Add{name}")(builder, value)
    return getattr(tflite, f"{table}End")(builder)


def write_references(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    """Write a vector of references; returns the builder's name for it."""
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


class _Writer:
    def __init__(self, data: bytes):
        self._data = data
        self._builder, self._end = builder_before(data)

    def write(self, model: TfliteModel) -> bytes:
        buffers, numbers = self._buffers(model.tensors)
        codes = sorted({_code_of(operator) for operator in model.operators})
        number_of = {code: number for number, code in enumerate(codes)}
        graph = self._table(
            "SubGraph",
            Tensors=self._references(
                [self._tensor(*each) for each in zip(model.tensors, numbers, strict=True)]
            ),
            Inputs=self._integers(model.inputs),
            Outputs=self._integers(model.outputs),
            Operators=self._references(
                [self._operator(op, number_of[_code_of(op)]) for op in model.operators]
            ),
            Name=self._builder.CreateString("main"),
        )
        fields = {
            "Version": _SCHEMA_VERSION,
            "OperatorCodes": self._references([self._operator_code(*code) for code in codes]),
            "Subgraphs": self._references([graph]),
            "Buffers": self._references(buffers),
        }
        self._builder.Finish(self._table("Model", **fields), file_identifier=_IDENTIFIER)
        return bytes(self._builder.Output())

    def _buffers(self, tensors: Sequence[Tensor]) -> tuple[list[int], list[int]]:
        """The buffers of the old file and those of new constants; which one each tensor has."""
        old = Table.root(self._data).tables(_MODEL_BUFFERS)
        buffers = [self._old(table.position) for table in old] or [self._table("Buffer")]
        numbers: list[int] = []
        for tensor in tensors:
            numbers.append(len(buffers) if tensor.data else tensor.buffer)
            if tensor.data:
                data = self._builder.CreateNumpyVector(np.frombuffer(tensor.data, np.uint8))
                buffers.append(self._table("Buffer", Data=data))
        return buffers, numbers

    def _tensor(self, tensor: Tensor, buffer: int) -> int:
        fields: dict[str, Any] = {
            "Shape": self._integers(tensor.shape),
            "Type": getattr(tflite.TensorType, tensor.element),
            "Buffer": buffer,
            "Name": self._builder.CreateString(tensor.name),
            # Without it, readers take an empty shape for an unknown rank.
            "HasRank": True,
        }
        if tensor.quantization is not None:
            fields["Quantization"] = self._quantization(tensor.quantization)
        if tensor.signature:
            fields["ShapeSignature"] = self._integers(tensor.signature)
        return self._table("Tensor", **fields)

    def _quantization(self, quantization: Quantization) -> int:
        scales = np.array(quantization.scales, np.float32)
        zero_points = np.array(quantization.zero_points, np.int64)
        return self._table(
            "QuantizationParameters",
            Scale=self._builder.CreateNumpyVector(scales),
            ZeroPoint=self._builder.CreateNumpyVector(zero_points),
            QuantizedDimension=quantization.axis,
        )

    def _operator(self, operator: Operator, code: int) -> int:
        return self._table(
            "Operator",
            OpcodeIndex=code,
            Inputs=self._integers(operator.inputs),
            Outputs=self._integers(operator.outputs),
            **self._options("BuiltinOptions", operator.options),
            **self._options("BuiltinOptions2", operator.options_2),
        )

    def _options(self, name: str, options: Options) -> dict[str, int]:
        if options.position is None:
            return {}
        return {f"{name}Type": options.kind, name: self._old(options.position)}

    def _operator_code(self, code: str, version: int) -> int:
        builtin = getattr(tflite.BuiltinOperator, code)
        # The one-byte field is what readers older than schema 3a know.
        deprecated = min(builtin, tflite.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
        return self._table(
            "OperatorCode", DeprecatedBuiltinCode=deprecated, Version=version, BuiltinCode=builtin
        )

    def _old(self, position: int) -> int:
        """Return the builder's name for a position in the old file: its distance from the end."""
        return self._end - position

    def _table(self, table: str, **fields: Any) -> int:
        return write_table(self._builder, table, **fields)

    def _integers(self, values: Sequence[int]) -> int:
        return self._builder.CreateNumpyVector(np.array(values, np.int32))

    def _references(self, offsets: Sequence[int]) -> int:
        return write_references(self._builder, offsets)


def _code_of(operator: Operator) -> tuple[str, int]:
    return operator.code, operator.version
