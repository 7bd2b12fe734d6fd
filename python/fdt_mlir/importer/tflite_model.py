"""The facts of a TFLite flatbuffer that the compiler needs beside its TOSA form."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import tflite

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error

_IDENTIFIER = b"TFL3"
_Part = TypeVar("_Part")


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
    graph = _present(model.Subgraphs(0))
    return TfliteModel(
        inputs=tuple(_tensor(graph, graph.Inputs(i)) for i in range(graph.InputsLength())),
        outputs=tuple(_tensor(graph, graph.Outputs(i)) for i in range(graph.OutputsLength())),
        operators=tuple(_operator(model, graph, i) for i in range(graph.OperatorsLength())),
    )


def _tensor(graph: tflite.SubGraph, index: int) -> Tensor:
    name = _tensor_name(graph, index)
    quantization = _present(graph.Tensors(index)).Quantization()
    if quantization is None or quantization.ScaleLength() == 0:
        return Tensor(name, scale=None, zero_point=0)
    return Tensor(name, quantization.Scale(0), quantization.ZeroPoint(0))


def _tensor_name(graph: tflite.SubGraph, index: int) -> str:
    return _present(_present(graph.Tensors(index)).Name()).decode()


def _present(part: _Part | None) -> _Part:
    """A part that every model has; its absence is a corrupt file."""
    if part is None:
        raise ValueError("a part is missing")
    return part


def _operator(model: tflite.Model, graph: tflite.SubGraph, index: int) -> Operator:
    operator = _present(graph.Operators(index))
    code = _present(model.OperatorCodes(operator.OpcodeIndex()))
    # Files older than schema version 3a keep the code in the 8-bit field.
    builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    custom = code.CustomCode()
    outputs = [operator.Outputs(i) for i in range(operator.OutputsLength())]
    return Operator(
        index=index,
        code=tflite.BUILTIN_OPCODE2NAME.get(builtin, f"BUILTIN_{builtin}"),
        custom_code=custom.decode() if custom else None,
        outputs=tuple(_tensor_name(graph, tensor) for tensor in outputs if tensor >= 0),
    )
