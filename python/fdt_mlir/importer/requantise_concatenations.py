"""Give all inputs of a concatenation the scale of its result, as TOSA's concatenation asks for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.importer.real_multiplier import single
from fdt_mlir.importer.tflite_model import ABSENT, Operator, Quantization, Tensor, TfliteModel

_QUANTIZE_VERSION = 2


@dataclass(frozen=True)
class Requantised:
    """The rewritten model, and what uint8 inputs become, by the name of the inserted tensor.

    A table holds the result for each of the 256 stored values, from 0.
    """

    model: TfliteModel
    tables: Mapping[str, NDArray[np.uint8]]


def requantise_concatenations(model: TfliteModel) -> Requantised:
    """Insert QUANTIZE before inputs of concatenations whose scale is not that of the result.

    LiteRT's reference concatenates int8 of one scale only, so for int8 QUANTIZE is the definition.
    For uint8 it rescales by itself, in float; the tables say to what.
    """
    tensors = list(model.tensors)
    operators: list[Operator] = []
    tables: dict[str, NDArray[np.uint8]] = {}
    for operator in model.operators:
        inputs = list(operator.inputs)
        for place in _places(model, operator):
            source, result = tensors[inputs[place]], tensors[operator.outputs[0]]
            name = new_name(f"{result.name}/input_{place}", tensors)
            quantize = Operator(
                operator.index, "QUANTIZE", (inputs[place],), (len(tensors),), _QUANTIZE_VERSION
            )
            operators.append(quantize)
            inputs[place] = len(tensors)
            requantised = Tensor(name, result.element, source.shape, source.signature)
            tensors.append(replace(requantised, quantization=result.quantization))
            if source.quantization and result.quantization and result.element == "UINT8":
                tables[name] = concatenation_table(source.quantization, result.quantization)
        operators.append(replace(operator, inputs=tuple(inputs)))
    return Requantised(replace(model, tensors=tuple(tensors), operators=tuple(operators)), tables)


def concatenation_table(source: Quantization, result: Quantization) -> NDArray[np.uint8]:
    """Return what each stored uint8 value of a concatenation's input becomes.

    After LiteRT's reference_ops::ConcatenationWithScaling, in single precision like there: the
    value times a ratio of scales plus a bias, rounded half away from zero, saturated.
    """
    ratio = single(source.scales[0] * single(1 / result.scales[0]))
    bias = single(-source.zero_points[0] * ratio)
    reals = [single(single(stored * ratio) + bias) for stored in range(256)]
    # Adding a half is exact in double precision.
    rounded = [math.copysign(math.floor(abs(real) + 0.5), real) for real in reals]
    values = [min(max(value + result.zero_points[0], 0), 255) for value in rounded]
    return np.array(values, np.uint8)


def _places(model: TfliteModel, operator: Operator) -> tuple[int, ...]:
    """Return the inputs of a concatenation that need another scale or zero point, by place."""
    if operator.code != "CONCATENATION":
        return ()
    result = model.tensors[operator.outputs[0]].quantization
    return tuple(
        place
        for place, index in enumerate(operator.inputs)
        if index != ABSENT and model.tensors[index].quantization != result
    )


def new_name(wanted: str, tensors: Sequence[Tensor]) -> str:
    """Return a name that no tensor has: the wanted one where that is free."""
    names = {tensor.name for tensor in tensors}
    while wanted in names:
        wanted += "_"
    return wanted
