"""The framework that a model comes from, and how far our outputs are from what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.targets.model import Array, CompiledModel

FLOAT_TOLERANCE = 1e-5
"""Of the largest magnitude in the reference: correct kernels differ in the order of summation."""


class Reference(Protocol):
    """A model in the framework that it comes from."""

    title: str

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """Return the outputs of the compiled model for one sample."""
        ...


@dataclass(frozen=True)
class Difference:
    """How an output differs from the reference."""

    output: str
    count: int
    size: int
    largest: float
    place: tuple[int, ...]
    given: float
    wanted: float

    def __str__(self) -> str:
        index = ", ".join(map(str, self.place))
        return (
            f"output '{self.output}': {self.count} of {self.size} values differ, by at most "
            f"{self.largest:g}; first at [{index}]: {self.given:g} instead of {self.wanted:g}"
        )


def open_reference(path: Path, model: CompiledModel) -> Reference:
    """Load the model file that `model` was compiled from.

    Raises CompileError where its framework is not installed, or it is another model.
    """
    location = SourceLocation(str(path))
    if not path.is_file():
        hint = "give the .tflite or .onnx file that was compiled"
        raise compile_error("there is no such model file to check against", location, hint)
    if path.suffix.lower() not in (".tflite", ".onnx"):
        message = f"no framework is known that runs '{path.suffix}' files"
        raise compile_error(message, location, "check against a .tflite or .onnx file")
    reference = _TfliteReference if path.suffix.lower() == ".tflite" else _OnnxReference
    try:
        return reference(path, model)
    except ImportError as error:
        package = {"ai_edge_litert": "ai-edge-litert"}.get(
            str(error.name).split(".")[0], error.name
        )
        hint = f"install it with: pip install {package}"
        raise compile_error(f"--check needs {package}", location, hint) from error
    except CompileError:
        raise
    except Exception as error:  # each framework has its own, and none is documented
        raise compile_error(f"the framework refuses the model: {error}", location) from error


def difference(output: str, wanted: Array, given: Array) -> Difference | None:
    """Compare one output; None where it agrees: integers to the bit, floats to FLOAT_TOLERANCE."""
    expected = wanted.astype(np.float64).reshape(given.shape)
    distance = np.abs(given.astype(np.float64) - expected)
    is_float = given.dtype.kind == "f"
    allowed = FLOAT_TOLERANCE * float(np.abs(expected).max(initial=0)) if is_float else 0.0
    # Written so that a NaN, which compares false with everything, counts as a difference.
    wrong = ~(distance <= allowed)
    if not wrong.any():
        return None
    place = tuple(int(n) for n in np.argwhere(wrong)[0])
    largest = float(np.max(np.where(np.isnan(distance), np.inf, distance)))
    return Difference(
        output,
        int(wrong.sum()),
        given.size,
        largest,
        place,
        float(given[place]),
        float(expected[place]),
    )


class _TfliteReference:
    """LiteRT with its reference kernels; the default ones are up to 40 steps away from these."""

    title = "LiteRT, reference kernels"

    def __init__(self, path: Path, model: CompiledModel):
        self._path, self._model = path, model
        self._interpreter = self._load()
        tensors = {d["name"]: d["index"] for d in self._interpreter.get_tensor_details()}
        outputs = [d["index"] for d in self._interpreter.get_output_details()]
        names = [tensor.name for tensor in model.outputs]
        if all(name in tensors for name in names):
            self._outputs = [tensors[name] for name in names]
        elif len(outputs) == len(names):
            self._outputs = outputs
        else:
            raise _other_model(path, model, len(outputs))
        if len(self._interpreter.get_input_details()) != len(model.inputs):
            raise _other_model(path, model, len(outputs))

    def _load(self) -> Any:
        litert: Any = import_module("ai_edge_litert.interpreter")
        interpreter = litert.Interpreter(
            str(self._path),
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
            # A model that was cut ends at tensors that otherwise would be overwritten.
            experimental_preserve_all_tensors=True,
        )
        interpreter.allocate_tensors()
        return interpreter

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        if self._model.has_state:
            # Every sample begins with state as it is at first. NOTE: resetting all variables, which
            # the interpreter can do, leaves resource variables as they are.
            self._interpreter = self._load()
        details = self._interpreter.get_input_details()
        for detail, tensor, value in zip(details, self._model.inputs, inputs, strict=True):
            given = value
            if value.dtype != detail["dtype"]:
                # Without its float edges a model takes what these would have computed.
                real = (value.astype(np.float64) - (tensor.zero_point or 0)) * (tensor.scale or 1.0)
                given = real.astype(detail["dtype"])
            self._interpreter.set_tensor(detail["index"], given.reshape(detail["shape"]))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index).copy() for index in self._outputs]


class _OnnxReference:
    """onnxruntime on the CPU, nothing optimised."""

    title = "onnxruntime, not optimised"

    def __init__(self, path: Path, model: CompiledModel):
        onnxruntime: Any = import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [port.name for port in self._session.get_inputs()]
        outputs = self._session.get_outputs()
        if (len(self._inputs), len(outputs)) != (len(model.inputs), len(model.outputs)):
            raise _other_model(path, model, len(outputs))

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        return self._session.run(None, dict(zip(self._inputs, inputs, strict=True)))


def _other_model(path: Path, model: CompiledModel, outputs: int) -> CompileError:
    return compile_error(
        f"the model has {outputs} outputs, but '{model.name}' has {len(model.inputs)} inputs and "
        f"{len(model.outputs)} outputs",
        SourceLocation(str(path)),
        "check against the file that was compiled",
    )
