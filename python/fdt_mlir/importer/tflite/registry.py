"""Which operators have a translation of our own, and for which elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fdt_mlir.importer.tflite.call import Translation
from fdt_mlir.importer.tflite.contractions import (
    conv,
    depthwise_conv,
    fully_connected,
    transpose_conv,
)
from fdt_mlir.importer.tflite.reductions import arg_min
from fdt_mlir.importer.tflite_model import ABSENT, Operator, TfliteModel


@dataclass(frozen=True)
class Own:
    """A translation; `elements` are the types of which an operand or result must be one."""

    translation: Translation
    elements: frozenset[str]


_INT16 = frozenset({"INT16"})

_BYTES = frozenset({"INT8"})

_TRANSLATIONS: Mapping[str, Own] = MappingProxyType(
    {
        "ARG_MIN": Own(arg_min, _BYTES),
        "CONV_2D": Own(conv, _INT16),
        "DEPTHWISE_CONV_2D": Own(depthwise_conv, _INT16),
        "FULLY_CONNECTED": Own(fully_connected, _INT16),
        "TRANSPOSE_CONV": Own(transpose_conv, _INT16),
    }
)
OWN_OPERATORS = frozenset(_TRANSLATIONS)


def own_translations(model: TfliteModel) -> dict[int, Translation]:
    """The operators that are translated here, by their place in the model."""
    found: dict[int, Translation] = {}
    for place, operator in enumerate(model.operators):
        own = _TRANSLATIONS.get(operator.code)
        if own is not None and own.elements & elements_of(model, operator):
            found[place] = own.translation
    return found


def elements_of(model: TfliteModel, operator: Operator) -> set[str]:
    """The element types of what an operator reads and computes."""
    edges = (*operator.inputs, *operator.outputs)
    return {model.tensors[index].element for index in edges if index != ABSENT}
