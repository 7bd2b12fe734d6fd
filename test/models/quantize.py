"""Turns a calibrated float graph into an integer graph, by TFLite's quantisation specification.

int8: asymmetric activations, symmetric weights with a scale per output channel (one per tensor for
dense layers), int32 biases of scale input * weight. uint8 is the older scheme: everything
asymmetric, one scale per tensor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from models.calibrate import Calibrated
from models.graph import WEIGHTED, Graph, Op, Quantization, Tensor

Element = Literal["int8", "uint8"]
# Results whose scale the specification fixes, as stored in int8; uint8 adds 128 to the zero point.
FIXED = {
    "SOFTMAX": Quantization((1 / 256,), (-128,)),
    "LOGISTIC": Quantization((1 / 256,), (-128,)),
    "TANH": Quantization((1 / 128,), (0,)),
}
# Operators that move values and never rescale them: result and first input share one scale.
SHARING = frozenset(
    ("AVERAGE_POOL_2D", "GATHER", "MAX_POOL_2D", "PAD", "RESHAPE", "SLICE", "TRANSPOSE")
)
CHANNEL_AXIS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}


@dataclass(frozen=True)
class Quantizer:
    """Options of a quantisation.

    overrides: quantisation of activations by tensor name, in place of what calibration says; the
    tensors that share its scale follow. float_inputs: inputs that stay float up to a QUANTIZE.
    per_channel: whether weights of convolutions (int8) have a scale per output channel;
    per_channel_dense the same for dense layers.
    """

    element: Element = "int8"
    overrides: Mapping[str, Quantization] = field(default_factory=dict)
    float_inputs: frozenset[str] = frozenset()
    per_channel: bool = True
    per_channel_dense: bool = False

    def run(self, calibrated: Calibrated) -> Graph:
        """Return the integer graph."""
        graph = calibrated.graph
        new = self._activations(calibrated)
        for op in graph.ops:
            if new.get(op.output, op.output).dtype == self.element:
                new |= self._constants(op, new)
        return graph.replaced(new)

    def _activations(self, calibrated: Calibrated) -> dict[Tensor, Tensor]:
        graph = calibrated.graph
        integer = self._integer_tensors(graph)
        groups = _scale_groups(graph, integer)
        fixed = self._fixed(graph, groups)
        new = {}
        for tensor in integer:
            members = groups[tensor]
            low = min(calibrated.ranges[t][0] for t in members)
            high = max(calibrated.ranges[t][1] for t in members)
            scale = fixed.get(tensor) or affine(low, high, self.element)
            new[tensor] = Tensor(tensor.name, tensor.shape, self.element, None, scale)
        return new

    def _integer_tensors(self, graph: Graph) -> list[Tensor]:
        """List the activations that become integers, in order."""
        found = [
            t for t in graph.inputs if t.dtype == "float32" and t.name not in self.float_inputs
        ]
        for op in graph.ops:
            from_integers = any(t in found for t in op.inputs) or op.inputs[0].data is not None
            if op.kind == "QUANTIZE" or (from_integers and op.kind not in ("DEQUANTIZE", "CAST")):
                found.append(op.output)
        return found

    def _fixed(
        self, graph: Graph, groups: Mapping[Tensor, tuple[Tensor, ...]]
    ) -> dict[Tensor, Quantization]:
        """Find the scales that are not calibrated; an override beats the specification."""
        shift = 0 if self.element == "int8" else 128
        fixed = {}
        for op in graph.ops:
            if op.kind in FIXED and op.output in groups:
                spec = FIXED[op.kind]
                scale = Quantization(spec.scale, (spec.zero_point[0] + shift,))
                fixed |= dict.fromkeys(groups[op.output], scale)
        for tensor, members in groups.items():
            if tensor.name in self.overrides:
                fixed |= dict.fromkeys(members, self.overrides[tensor.name])
        return fixed

    def _constants(self, op: Op, new: Mapping[Tensor, Tensor]) -> dict[Tensor, Tensor]:
        """Quantise the constant operands of one integer operator."""
        if op.kind in WEIGHTED:
            return self._weights(op, new)
        quantized = {}
        for tensor in op.inputs:
            if tensor.data is not None and tensor.dtype == "float32" and tensor not in new:
                low, high = float(tensor.data.min()), float(tensor.data.max())
                scale = affine(low, high, self.element)
                if op.kind in SHARING:
                    scale = new[op.output].quantization or scale
                quantized[tensor] = stored(tensor, scale, self.element)
        return quantized

    def _weights(self, op: Op, new: Mapping[Tensor, Tensor]) -> dict[Tensor, Tensor]:
        x, weights, *bias = op.inputs
        assert weights.data is not None
        if self.element == "uint8":
            scale = affine(float(weights.data.min()), float(weights.data.max()), "uint8")
        else:
            dense = op.kind == "FULLY_CONNECTED"
            many = self.per_channel_dense if dense else self.per_channel
            scale = symmetric(weights.data, CHANNEL_AXIS.get(op.kind, 0), many)
        quantized = {weights: stored(weights, scale, self.element)}
        of_input = new[x].quantization
        assert of_input is not None
        if bias:
            products = tuple(float(np.float32(of_input.scale[0] * s)) for s in scale.scale)
            bias_scale = Quantization(products, (0,) * len(products))
            quantized[bias[0]] = stored(bias[0], bias_scale, "int32")
        return quantized


def quantize(
    calibrated: Calibrated,
    element: Element = "int8",
    overrides: Mapping[str, Quantization] | None = None,
    float_inputs: frozenset[str] = frozenset(),
    per_channel_dense: bool = False,
) -> Graph:
    """Quantise with the given options; see `Quantizer`."""
    quantizer = Quantizer(
        element, overrides or {}, float_inputs, per_channel_dense=per_channel_dense
    )
    return quantizer.run(calibrated)


def affine(low: float, high: float, element: Element) -> Quantization:
    """Choose scale and zero point for reals in [low, high]; zero is always exact."""
    low, high = min(low, 0.0), max(high, 0.0)
    limits = np.iinfo(element)
    scale = float(np.float32((high - low) / 255)) or 1.0
    zero_point = round(limits.min - low / scale)
    return Quantization((scale,), (int(np.clip(zero_point, limits.min, limits.max)),))


def symmetric(weights: np.ndarray, axis: int, per_channel: bool) -> Quantization:
    """Choose scales for weights stored in [-127, 127] with zero point 0."""
    magnitude = np.abs(weights)
    others = tuple(a for a in range(weights.ndim) if a != axis)
    largest = (
        magnitude.max(axis=others) if per_channel else magnitude.max(keepdims=True).ravel()[:1]
    )
    scales = tuple(float(np.float32(m / 127)) or 1.0 for m in largest.astype(np.float64))
    return Quantization(scales, (0,) * len(scales), axis if per_channel else 0)


def stored(tensor: Tensor, scale: Quantization, dtype: str) -> Tensor:
    """Return a constant as integers, rounded to nearest and clipped to what `dtype` holds."""
    assert tensor.data is not None
    shape = [1] * tensor.data.ndim
    shape[scale.axis] = -1
    scales = np.array(scale.scale, np.float64).reshape(shape)
    zeros = np.array(scale.zero_point, np.float64).reshape(shape)
    limits = np.iinfo(dtype)
    integers = np.clip(np.round(tensor.data / scales + zeros), limits.min, limits.max)
    return Tensor(tensor.name, tensor.shape, dtype, integers.astype(dtype), scale)


def _scale_groups(graph: Graph, integer: list[Tensor]) -> dict[Tensor, tuple[Tensor, ...]]:
    """Map every integer activation to all those that must have its scale, itself included."""
    groups = {tensor: (tensor,) for tensor in integer}
    for op in graph.ops:
        tied = [op.output, *_tied_inputs(op)]
        tied = [t for t in tied if t in groups]
        union = tuple(dict.fromkeys(m for t in tied for m in groups[t]))
        groups |= dict.fromkeys(union, union)
    return groups


def _tied_inputs(op: Op) -> tuple[Tensor, ...]:
    if op.kind == "CONCATENATION" and op.same_scale:
        return op.inputs
    return op.inputs[:1] if op.kind in SHARING else ()
