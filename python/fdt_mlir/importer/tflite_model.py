"""The facts of a TFLite flatbuffer that the compiler needs beside its TOSA form."""

import struct
from dataclasses import dataclass
from pathlib import Path

import tflite

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error

_IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Tensor:
    """A tensor at the model's edge; `scale` is None where it is not quantised."""

    name: str
    scale: float | None
    zero_point: int


@dataclass(frozen=True)
class Operator:
    """An operator of the graph: its builtin name, and the names of the tensors it computes."""

    index: int
    code: str
    custom_code: str | None
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class TfliteModel:
    """One subgraph."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[Operator, ...]


def parse_tflite(path: Path, data: bytes) -> TfliteModel:
    """Read inputs, outputs and operators. Raises CompileError for a file of another kind."""
    if data[4:8] != _IDENTIFIER:
        raise compile_error(
            f"not a TFLite model: bytes 4 to 8 are {data[4:8]!r}, not {_IDENTIFIER!r}",
            SourceLocation(str(path)),
        )
    try:
        return _read(tflite.Model.GetRootAs(data, 0))
    except (IndexError, KeyError, struct.error, ValueError, AttributeError, TypeError) as error:
        # The flatbuffer accessors do not verify: a truncated file shows as a read out of bounds.
        raise compile_error(
            f"the file is truncated or corrupt ({len(data)} bytes)",
            SourceLocation(str(path)),
            "download or export the model again",
        ) from error


def _read(model: tflite.Model) -> TfliteModel:
    if model.SubgraphsLength() != 1:
        raise ValueError(f"{model.SubgraphsLength()} subgraphs")
    graph = model.Subgraphs(0)
    return TfliteModel(
        inputs=tuple(_tensor(graph, int(i)) for i in graph.InputsAsNumpy()),
        outputs=tuple(_tensor(graph, int(i)) for i in graph.OutputsAsNumpy()),
        operators=tuple(_operator(model, graph, i) for i in range(graph.OperatorsLength())),
    )


def _tensor(graph: tflite.SubGraph, index: int) -> Tensor:
    tensor = graph.Tensors(index)
    quantization = tensor.Quantization()
    quantised = quantization is not None and quantization.ScaleLength() > 0
    return Tensor(
        name=tensor.Name().decode(),
        scale=float(quantization.Scale(0)) if quantised else None,
        zero_point=int(quantization.ZeroPoint(0)) if quantised else 0,
    )


def _operator(model: tflite.Model, graph: tflite.SubGraph, index: int) -> Operator:
    operator = graph.Operators(index)
    code = model.OperatorCodes(operator.OpcodeIndex())
    # Files older than schema version 3a keep the code in the 8-bit field.
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    custom = code.CustomCode()
    return Operator(
        index=index,
        code=tflite.BUILTIN_OPCODE2NAME.get(builtin, f"BUILTIN_{builtin}"),
        custom_code=custom.decode() if custom else None,
        outputs=tuple(
            graph.Tensors(int(i)).Name().decode() for i in operator.OutputsAsNumpy() if i >= 0
        ),
    )
