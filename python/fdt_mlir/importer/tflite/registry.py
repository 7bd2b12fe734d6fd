"""Which operators have a translation of our own, and for which elements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fdt_mlir.importer.tflite.call import (
    DTYPES,
    Call,
    Translation,
    Weights,
    guarded,
)
from fdt_mlir.importer.tflite.contractions import (
    conv,
    depthwise_conv,
    fully_connected,
    transpose_conv,
)
from fdt_mlir.importer.tflite.detection import detection
from fdt_mlir.importer.tflite.elementwise import (
    absolute_value,
    comparison,
    fill,
    floor_mod,
    gelu,
)
from fdt_mlir.importer.tflite.l2_normalization import l2_normalization
from fdt_mlir.importer.tflite.log_softmax import log_softmax_of_bytes
from fdt_mlir.importer.tflite.lstm import lstm
from fdt_mlir.importer.tflite.movement import (
    broadcast_args,
    dynamic_update_slice,
    embedding_lookup,
    goes_backwards,
    strided_slice,
)
from fdt_mlir.importer.tflite.pools import l2_pool
from fdt_mlir.importer.tflite.reductions import (
    arg_min,
    cumulative_sum,
    quantised_sum,
)
from fdt_mlir.importer.tflite.softmax import (
    has_beta,
    softmax,
    softmax_of_bytes,
    softmax_of_words,
)
from fdt_mlir.importer.tflite.svdf import svdf
from fdt_mlir.importer.tflite.tables import elu, exp, log, logistic, rsqrt, tanh
from fdt_mlir.importer.tflite.variables import assign_variable, read_variable
from fdt_mlir.importer.tflite_model import ABSENT, Operator, TfliteModel


@dataclass(frozen=True)
class Own:
    """A translation; `elements` are the types of which an operand or result must be one.

    when: what else must hold of the operator.
    """

    translation: Translation
    elements: frozenset[str]
    when: Callable[[Call], bool] = lambda _: True

    def suits(self, elements: set[str]) -> bool:
        """Whether an operator of these elements may be translated; some count only if named."""
        return bool(self.elements & elements) and elements & (_INT16 | _UINT8) <= self.elements


_ANY = frozenset(DTYPES)
_UINT8 = frozenset({"UINT8"})
_INT8 = frozenset({"INT8"})
_INT16 = frozenset({"INT16"})
_QUANTISED = _INT8 | _INT16
_BYTES = _INT8 | _UINT8
_INT32 = frozenset({"INT32"})
_FLOAT = frozenset({"FLOAT32"})

_TRANSLATIONS: Mapping[str, Sequence[Own]] = MappingProxyType(
    {
        "ABS": [Own(absolute_value, _QUANTISED)],
        "ARG_MIN": [Own(arg_min, _BYTES)],
        "ASSIGN_VARIABLE": [Own(assign_variable, _ANY)],
        "BROADCAST_ARGS": [Own(broadcast_args, _ANY)],
        "CONV_2D": [Own(conv, _INT16)],
        "CUMSUM": [Own(cumulative_sum, _FLOAT | _INT32)],
        "CUSTOM TFLite_Detection_PostProcess": [Own(detection, _ANY | _UINT8)],
        "DEPTHWISE_CONV_2D": [Own(depthwise_conv, _INT16)],
        "DYNAMIC_UPDATE_SLICE": [Own(dynamic_update_slice, _ANY | _UINT8)],
        "ELU": [Own(elu, _INT8)],
        "EMBEDDING_LOOKUP": [Own(embedding_lookup, _FLOAT | _INT8)],
        "EQUAL": [Own(comparison("=="), _BYTES)],
        "EXP": [Own(exp, _INT16)],
        "FILL": [Own(fill, _ANY | _UINT8)],
        "FLOOR_MOD": [Own(floor_mod, _FLOAT | _INT32)],
        "FULLY_CONNECTED": [Own(fully_connected, _INT16)],
        "GELU": [Own(gelu, _FLOAT)],
        "GREATER": [Own(comparison(">"), _BYTES)],
        "GREATER_EQUAL": [Own(comparison(">="), _BYTES)],
        "L2_NORMALIZATION": [Own(l2_normalization, _INT8)],
        "L2_POOL_2D": [Own(l2_pool, _FLOAT)],
        "LESS": [Own(comparison("<"), _BYTES)],
        "LESS_EQUAL": [Own(comparison("<="), _BYTES)],
        "LOG": [Own(log, _INT16)],
        "LOGISTIC": [Own(logistic, _INT16)],
        "LOG_SOFTMAX": [Own(log_softmax_of_bytes, _BYTES)],
        "NOT_EQUAL": [Own(comparison("!="), _BYTES)],
        "READ_VARIABLE": [Own(read_variable, _ANY)],
        "RSQRT": [Own(rsqrt, _INT16)],
        "SOFTMAX": [
            Own(softmax, _FLOAT, has_beta),
            # The converter's is one layer, which computes in place.
            Own(softmax_of_bytes, _INT8, has_beta),
            Own(softmax_of_bytes, _UINT8),
            Own(softmax_of_words, _INT16),
        ],
        "STRIDED_SLICE": [Own(strided_slice, _ANY | _UINT8, goes_backwards)],
        "SVDF": [Own(svdf, _FLOAT | _QUANTISED)],
        "UNIDIRECTIONAL_SEQUENCE_LSTM": [Own(lstm, _FLOAT | _QUANTISED)],
        "SUM": [Own(quantised_sum, _QUANTISED | _UINT8)],
        "TANH": [Own(tanh, _INT16)],
        "TRANSPOSE_CONV": [Own(transpose_conv, _INT16)],
    }
)


def own_translations(model: TfliteModel, weights: Weights) -> dict[int, Translation]:
    """The operators that are translated here, by their place in the model."""
    found: dict[int, Translation] = {}
    for place, operator in enumerate(model.operators):
        elements = elements_of(model, operator)
        call = Call(model, operator, weights, {})
        for own in _TRANSLATIONS.get(_name(operator), ()):
            if own.suits(elements) and guarded(call, own.when):
                found[place] = own.translation
    return found


def elements_of(model: TfliteModel, operator: Operator) -> set[str]:
    """The element types of what an operator reads and computes, constants aside."""
    edges = [model.tensors[i] for i in (*operator.inputs, *operator.outputs) if i != ABSENT]
    return {tensor.element for tensor in edges if not tensor.is_constant}


def _name(operator: Operator) -> str:
    return " ".join(name for name in (operator.code, operator.custom_code) if name)
