"""Make the fused activations of pools operators of their own, which the conversion would drop."""

from __future__ import annotations

from dataclasses import replace

import tflite

from fdt_mlir.importer.flatbuffer import Bytes, Table
from fdt_mlir.importer.tflite_model import Operator, Tensor, TfliteModel

_POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
_POOL_ACTIVATION = 5  # id of fused_activation_function in Pool2DOptions
_ACTIVATIONS = {
    tflite.ActivationFunctionType.RELU: "RELU",
    tflite.ActivationFunctionType.RELU6: "RELU6",
    tflite.ActivationFunctionType.RELU_N1_TO_1: "RELU_N1_TO_1",
}
_INTEGER_VERSION = 2  # of the activation operators; version 1 knows floats only


def unfuse_activations(model: TfliteModel, data: bytes) -> TfliteModel:
    """Put an operator behind every pool that clamps its result; `data` is the file.

    NOTE: tosa-converter-for-tflite reads the activation of convolutions, not that of pools. It goes
    on ignoring the option, which stays in the file.
    """
    tensors = list(model.tensors)
    operators: list[Operator] = []
    for operator in model.operators:
        activation = _activation(operator, data)
        if activation is None:
            operators.append(operator)
            continue
        (result,) = operator.outputs
        tensors.append(_unclamped(model.tensors[result]))
        pool = replace(operator, outputs=(len(tensors) - 1,))
        version = _INTEGER_VERSION if "INT" in model.tensors[result].element else 1
        clamp = Operator(operator.index, activation, pool.outputs, (result,), version)
        operators += [pool, clamp]
    return replace(model, tensors=tuple(tensors), operators=tuple(operators))


def _activation(operator: Operator, data: bytes) -> str | None:
    if operator.code not in _POOLS or operator.options.position is None:
        return None
    options = Table(Bytes(data), operator.options.position)
    return _ACTIVATIONS.get(options.scalar(_POOL_ACTIVATION, "<b"))


def _unclamped(result: Tensor) -> Tensor:
    return replace(result, name=f"{result.name}/unclamped", buffer=0)
