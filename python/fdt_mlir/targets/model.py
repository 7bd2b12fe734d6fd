"""A compiled model on disk: what `report.json` says of the C beside it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error

Array = np.ndarray[Any, np.dtype[Any]]

_ELEMENT_TYPES = {
    "bool": "?",
    "int8": "<i1",
    "uint8": "<u1",
    "int16": "<i2",
    "uint16": "<u2",
    "int32": "<i4",
    "uint32": "<u4",
    "int64": "<i8",
    "uint64": "<u8",
    "float32": "<f4",
}


def dtype_of(type_name: str) -> np.dtype[Any]:
    """The element type of that name as an array's, little endian as every target is."""
    return np.dtype(_ELEMENT_TYPES[type_name])


@dataclass(frozen=True)
class TensorSpec:
    """An input or output: its array, and its `offset` and `size_bytes` in arena number `arena`.

    `type` is the element type by its name, such as "int8". `scale` and `zero_point` are those of
    a quantised tensor, else None.
    """

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int | None
    size_bytes: int
    scale: float | None = None
    zero_point: int | None = None
    arena: int = 0

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type as an array's."""
        return dtype_of(self.type)

    def __str__(self) -> str:
        return f"'{self.name}' ({self.type} {'x'.join(map(str, self.shape)) or 'scalar'})"


@dataclass(frozen=True)
class Step:
    """A step of the inference: the layer that it computes, and of what kind it is."""

    name: str
    kind: str


@dataclass(frozen=True)
class CompiledModel:
    """A folder of generated C. `name` is the stem of its files, functions and macros.

    `arenas` are the names of what invoke takes, one for each memory. `steps` and `buffers` (names)
    stand at the numbers that a traced model knows them by.
    """

    folder: Path
    name: str
    sources: tuple[Path, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    arenas: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    buffers: tuple[str, ...] = ()
    has_state: bool = False

    @property
    def streamed_input(self) -> int | None:
        """The number of the input whose rows are pushed; None where all are in the arenas."""
        numbers = (n for n, tensor in enumerate(self.inputs) if tensor.offset is None)
        return next(numbers, None)

    @property
    def has_reset(self) -> bool:
        """Whether there is something that outlives a call, and a function that sets it."""
        return self.has_state or self.streamed_input is not None

    @property
    def traced_source(self) -> Path:
        """The same model, telling what it does."""
        return self.folder / f"{self.name}_traced.inc"

    @property
    def selftest_source(self) -> Path:
        """The stored samples, where there are some; no part of the model itself."""
        return self.folder / f"{self.name}_selftest.c"

    @property
    def header(self) -> Path:
        """The header that declares the model."""
        return self.folder / f"{self.name}.h"

    @property
    def macro_prefix(self) -> str:
        """What the header's macros begin with: `KWS` for a model `kws`."""
        return self.name.upper()


def load_model(folder: Path) -> CompiledModel:
    """Read the report of a compiled model and find its sources.

    Raises CompileError where `folder` is not one that `fdt-compile` wrote.
    """
    model = load_interface(folder)
    sources = set(folder.glob("*.c")) - {model.selftest_source}
    model = replace(model, sources=tuple(sorted(sources)))
    for needed in (folder / f"{model.name}.c", model.header):
        if not needed.is_file():
            raise compile_error(
                f"there is no {needed.name} beside the report of '{model.name}'",
                SourceLocation(str(folder / "report.json")),
                f"compile the model again: fdt-compile MODEL -o {folder}",
            )
    return model


def load_interface(folder: Path) -> CompiledModel:
    """Read the report of a compiled model, whatever its sources are.

    Raises CompileError where there is none.
    """
    path = folder / "report.json"
    report = _read_report(path)
    try:
        name = str(report["name"])
        inputs = tuple(_tensor(entry) for entry in report.get("inputs", ()))
        outputs = tuple(_tensor(entry) for entry in report.get("outputs", ()))
        arenas = tuple(str(a["name"]) for a in report.get("arenas", [{"name": "arena"}]))
        steps = tuple(Step(entry["name"], entry["kind"]) for entry in report.get("steps", ()))
        buffers = tuple(str(entry["name"]) for entry in report.get("buffers", ()))
        has_state = bool(report.get("states"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise compile_error(
            f"the report lacks something that is needed to run the model: {error!r}",
            SourceLocation(str(path)),
            "compile the model again with fdt-compile of this version",
        ) from error
    return CompiledModel(folder, name, (), inputs, outputs, arenas, steps, buffers, has_state)


def _read_report(path: Path) -> Mapping[str, Any]:
    try:
        report: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise compile_error(
            f"cannot read the report of a compiled model: {error.strerror}",
            SourceLocation(str(path)),
            "give the folder that fdt-compile wrote with -o",
        ) from error
    except ValueError as error:
        raise compile_error(
            f"the report is not JSON: {error}", SourceLocation(str(path))
        ) from error
    if not isinstance(report, dict):
        raise compile_error("the report is not a JSON object", SourceLocation(str(path)))
    return cast("dict[str, Any]", report)


def _tensor(entry: Mapping[str, Any]) -> TensorSpec:
    if entry["type"] not in _ELEMENT_TYPES:
        raise ValueError(f"type '{entry['type']}' is not one of {', '.join(_ELEMENT_TYPES)}")
    tensor = TensorSpec(
        name=str(entry["name"]),
        shape=tuple(int(extent) for extent in entry["shape"]),
        type=str(entry["type"]),
        offset=None if entry["offset"] is None else int(entry["offset"]),
        size_bytes=int(entry["bytes"]),
        scale=entry.get("scale"),
        zero_point=entry.get("zero_point"),
        arena=int(entry.get("arena", 0)),
    )
    expected_bytes = math.prod(tensor.shape) * tensor.dtype.itemsize
    if tensor.size_bytes != expected_bytes:
        raise ValueError(f"{tensor} has {expected_bytes} bytes, not {tensor.size_bytes}")
    return tensor
