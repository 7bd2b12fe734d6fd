"""The reference of ONNX models: onnxruntime on the CPU, nothing optimised."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


class OnnxReference:
    """A model loaded into onnxruntime; `outputs` names tensors instead of the model's outputs."""

    def __init__(self, model: onnx.ModelProto | Path, outputs: Sequence[str] = ()):
        proto = onnx.load(model) if isinstance(model, Path) else model
        known = {info.name for info in proto.graph.output}
        for name in outputs:
            if name not in known:
                proto.graph.output.append(onnx.ValueInfoProto(name=name))
        options = onnxruntime.SessionOptions()
        disabled = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.graph_optimization_level = disabled
        options.log_severity_level = 3  # the models have unused initializers
        self._session = onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._outputs = list(outputs) or None

    def run(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The outputs for one set of inputs, in the model's order."""
        names = [port.name for port in self._session.get_inputs()]
        return self._session.run(self._outputs, dict(zip(names, inputs, strict=True)))


def random_floats(shape: Sequence[int], count: int, radius: float = 1.0) -> list[np.ndarray]:
    """Float inputs from -radius to radius."""
    generator = np.random.default_rng(7)
    return [generator.uniform(-radius, radius, shape).astype(np.float32) for _ in range(count)]
