"""Give translations of our own int8 where the model has uint8."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from fdt_mlir.importer.requantise_concatenations import new_name
from fdt_mlir.importer.tflite_model import ABSENT, Operator, Quantization, Tensor, TfliteModel

_QUANTIZE_VERSION = 2
_MOVED = 128  # int8 holds what uint8 does, less by this


def sign_operands(model: TfliteModel, own: Collection[int]) -> TfliteModel:
    """Put QUANTIZE between int8 and uint8 of the same scale around operators at places `own`.

    It changes no number: that is how the conversion holds uint8.
    """
    tensors = list(model.tensors)
    operators: list[Operator] = []
    signed: dict[int, int] = {}
    for place, operator in enumerate(model.operators):
        inputs = list(operator.inputs)
        for number, index in enumerate(inputs):
            if place not in own or index == ABSENT or not _is_computed_uint8(tensors[index]):
                continue
            if index not in signed:
                signed[index] = len(tensors)
                tensors.append(_signed(tensors[index], tensors))
                operators.append(
                    Operator(
                        operator.index, "QUANTIZE", (index,), (signed[index],), _QUANTIZE_VERSION
                    )
                )
            inputs[number] = signed[index]
        outputs = list(operator.outputs)
        unsigned = [
            number
            for number, index in enumerate(outputs)
            if place in own and _is_computed_uint8(tensors[index])
        ]
        for number in unsigned:
            outputs[number] = len(tensors)
            tensors.append(_signed(tensors[operator.outputs[number]], tensors))
        operators.append(replace(operator, inputs=tuple(inputs), outputs=tuple(outputs)))
        operators += [
            Operator(
                operator.index,
                "QUANTIZE",
                (outputs[number],),
                (operator.outputs[number],),
                _QUANTIZE_VERSION,
            )
            for number in unsigned
        ]
    return replace(model, tensors=tuple(tensors), operators=tuple(operators))


def _is_computed_uint8(tensor: Tensor) -> bool:
    is_known = tensor.quantization is not None
    return tensor.element == "UINT8" and not tensor.is_constant and is_known


def _signed(tensor: Tensor, tensors: list[Tensor]) -> Tensor:
    known = tensor.quantization
    assert known is not None
    moved = Quantization(known.scales, tuple(zero - _MOVED for zero in known.zero_points))
    name = new_name(f"{tensor.name}/signed", tensors)
    return replace(tensor, name=name, element="INT8", buffer=0, quantization=moved)
