"""Slice off rows and columns that no window reaches, where the conversion would not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import tflite

from fdt_mlir.importer.flatbuffer import Bytes, Table
from fdt_mlir.importer.requantise_concatenations import new_name
from fdt_mlir.importer.tflite_model import ABSENT, Operator, Tensor, TfliteModel

_SLICE_VERSION = 2
_PADDING, _STRIDE_W, _STRIDE_H = 0, 1, 2  # ids of fields that all these options share


@dataclass(frozen=True)
class _Kind:
    """Ids of fields of an operator's options: (height, width); the window is the weights' or these.

    None where there is no such field.
    """

    dilation: tuple[int, int] | None
    window: tuple[int, int] | None = None


_KINDS = {
    "CONV_2D": _Kind(dilation=(5, 4)),
    "DEPTHWISE_CONV_2D": _Kind(dilation=(6, 5)),
    "AVERAGE_POOL_2D": _Kind(dilation=None, window=(4, 3)),
    "MAX_POOL_2D": _Kind(dilation=None, window=(4, 3)),
}


def trim_windows(model: TfliteModel, data: bytes) -> TfliteModel:
    """Put a SLICE before windows that leave something of one axis and pad the other.

    TOSA wants windows that use an axis up. NOTE: tosa-converter-for-tflite slices only where there
    is no padding along either axis. `data` is the file.
    """
    tensors = list(model.tensors)
    operators: list[Operator] = []
    for operator in model.operators:
        used = _used_extents(model, operator, data)
        if used is not None:
            source = tensors[operator.inputs[0]]
            batch, *_, depth = source.shape
            name = new_name(f"{tensors[operator.outputs[0]].name}/used", tensors)
            begin = _constant(f"{name}/begin", (0, 0, 0, 0))
            size = _constant(f"{name}/size", (-1, *used, depth))
            trimmed = replace(
                source, name=name, shape=(batch, *used, depth), signature=(), buffer=0
            )
            operands = (operator.inputs[0], len(tensors), len(tensors) + 1)
            tensors += [begin, size, trimmed]
            result = len(tensors) - 1
            operators.append(Operator(operator.index, "SLICE", operands, (result,), _SLICE_VERSION))
            operator = replace(operator, inputs=(result, *operator.inputs[1:]))
        operators.append(operator)
    return replace(model, tensors=tuple(tensors), operators=tuple(operators))


def _constant(name: str, values: tuple[int, ...]) -> Tensor:
    data = np.array(values, "<i4").tobytes()
    return Tensor(name, "INT32", (len(values),), is_constant=True, data=data)


def _used_extents(model: TfliteModel, operator: Operator, data: bytes) -> tuple[int, int] | None:
    """The height and width that windows reach; None where nothing is to be sliced off."""
    kind = _KINDS.get(operator.code)
    needed = operator.inputs[: 1 if kind is not None and kind.window else 2]
    if kind is None or operator.options.position is None or not operator.outputs:
        return None
    if not needed or ABSENT in needed or (kind.window is None and len(needed) < 2):
        return None  # damaged: the converter says so
    options = Table(Bytes(data), operator.options.position)
    shape = model.tensors[operator.inputs[0]].shape
    if len(shape) != 4 or options.scalar(_PADDING, "<b") != tflite.Padding.SAME:
        return None
    if kind.window is not None:
        window = [options.scalar(field, "<i") for field in kind.window]
    else:
        window = [*model.tensors[operator.inputs[1]].shape[1:3]]
    strides = [options.scalar(field, "<i") for field in (_STRIDE_H, _STRIDE_W)]
    dilations = [options.scalar(field, "<i", 1) for field in kind.dilation or ()] or [1, 1]
    if len(window) != 2 or min(*window, *strides, *dilations) < 1:
        return None
    reaches: list[int] = []
    for size, extent, stride, dilation in zip(shape[1:3], window, strides, dilations, strict=True):
        count = -(-size // stride)
        reaches.append((count - 1) * stride + (extent - 1) * dilation + 1)
    pads = any(reach > size for reach, size in zip(reaches, shape[1:3], strict=True))
    leaves = any(reach < size for reach, size in zip(reaches, shape[1:3], strict=True))
    if not (pads and leaves):
        return None
    return min(reaches[0], shape[1]), min(reaches[1], shape[2])
