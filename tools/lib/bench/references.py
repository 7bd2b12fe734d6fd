"""What outputs are compared with, and the inputs for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from bench.float_reference import FloatReference
from bench.models import Model
from fdt_mlir.targets.model import Array, CompiledModel
from models import oracle

RANDOM_SAMPLES = 20
CONSTANT_SAMPLES = 3
Sample = Sequence[Array]


class Reference(Protocol):
    """An independent implementation of a model."""

    def run(self, inputs: Sample) -> list[Array]:
        """Return every output for one sample."""
        ...


def reference_of(model: Model, compiled: CompiledModel) -> Reference:
    """Return what to compare a compiled model with."""
    if model.reference == "float64":
        return FloatReference(model.path)
    if model.io or {tensor.name for tensor in compiled.outputs} != _output_names(model.path):
        return InnerReference(model.path, compiled)
    return oracle.Reference(model.path)


def samples_of(model: Model, compiled: CompiledModel) -> list[list[Array]]:
    """Return the random samples, then the constant ones, as the compiled model takes them."""
    if model.io is None:
        random = oracle.random_inputs(model.path, RANDOM_SAMPLES)
        return random + oracle.constant_inputs(model.path, CONSTANT_SAMPLES)
    # The file declares other inputs than the compiled model has.
    generator = np.random.RandomState(0)
    shapes = [tensor.shape for tensor in compiled.inputs]
    random = [
        [generator.randint(-128, 128, shape).astype(np.int8) for shape in shapes]
        for _ in range(RANDOM_SAMPLES)
    ]
    constant = [[np.full(shape, v, np.int8) for shape in shapes] for v in (-128, 127, -26)]
    return random + constant[:CONSTANT_SAMPLES]


class InnerReference:
    """LiteRT's reference kernels, read at the tensors where the compiled model ends."""

    def __init__(self, path: Path, compiled: CompiledModel):
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._compiled = compiled
        self._interpreter = Interpreter(
            str(path),
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            experimental_preserve_all_tensors=True,
        )
        self._interpreter.allocate_tensors()
        self._indices = {d["name"]: d["index"] for d in self._interpreter.get_tensor_details()}

    def run(self, inputs: Sample) -> list[Array]:
        """Return the inner tensors for one sample; integers become the floats that the file asks.

        Quantising those floats gives the integers back, so the inner network sees the same.
        """
        details = self._interpreter.get_input_details()
        for detail, tensor, value in zip(details, self._compiled.inputs, inputs, strict=True):
            given = value
            if value.dtype != detail["dtype"]:
                real = (value.astype(np.float64) - (tensor.zero_point or 0)) * (tensor.scale or 1)
                given = real.astype(detail["dtype"])
            self._interpreter.set_tensor(detail["index"], given)
        self._interpreter.invoke()
        names = [tensor.name for tensor in self._compiled.outputs]
        return [self._interpreter.get_tensor(self._indices[name]).copy() for name in names]


class TflmReference:
    """The interpreter of TensorFlow Lite Micro. Raises ImportError where its wheel is absent."""

    def __init__(self, path: Path):
        from tflite_micro.python.tflite_micro import runtime

        self._interpreter = runtime.Interpreter.from_file(str(path))
        self._output_count = len(oracle.output_infos(path))

    def run(self, inputs: Sample) -> list[Array]:
        """Return every output for one sample."""
        for index, value in enumerate(inputs):
            self._interpreter.set_input(value, index)
        self._interpreter.invoke()
        return [self._interpreter.get_output(n).copy() for n in range(self._output_count)]


def _output_names(path: Path) -> set[str]:
    return {info.name for info in oracle.output_infos(path)}
