"""QuantizeLinear, DequantizeLinear and the operators that take quantised tensors (QOperator).

DequantizeLinear gives its integers back with what they stand for; a QOperator does the same with
its operands, is computed like the operator of floats that it stands for, and quantises the result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.arithmetic import ARITHMETIC
from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.convolutions import conv
from fdt_mlir.importer.onnx.encoded import plain, quantised
from fdt_mlir.importer.onnx.matmul import gemm, matmul
from fdt_mlir.importer.onnx.movement import MOVEMENT
from fdt_mlir.importer.onnx.pooling import average_pool, global_average_pool
from fdt_mlir.importer.onnx.quantisation import Array, Quantisation
from fdt_mlir.importer.onnx.softmax import softmax
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, constant

MICROSOFT = "com.microsoft."


def dequantize_linear(call: Call) -> Tensor:
    """Note what the integers stand for."""
    tensor = call.tensor()
    scale, zero = _parameters(call, tensor)
    result = replace(tensor, quantisation=Quantisation.of(scale, zero))
    return result


def quantize_linear(call: Call) -> Tensor:
    """Make integers of floats, or other integers of integers."""
    tensor = call.tensor()
    wanted, dtype = quantisation_asked(call)
    return quantised(tensor, wanted, dtype)


def quantisation_asked(call: Call) -> tuple[Quantisation, Dtype]:
    """What a QuantizeLinear makes. Raises CompileError for types other than of 8 and 16 bits."""
    scale, zero = _parameters(call, call.tensor())
    dtype = np.dtype(np.uint8)
    if call.has(2):
        dtype = call.constant(2, "the zero point").dtype
    elif call.integer("output_dtype"):
        from onnx import helper

        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(call.integer("output_dtype")))
    if dtype.kind not in "iu" or dtype.itemsize > 2:
        raise call.error(f"no quantised tensors of {dtype} are supported", "use int8 or uint8")
    return Quantisation.of(scale, zero), dtype


def _parameters(call: Call, tensor: Tensor) -> tuple[Array, Array]:
    """Scale and zero point, shaped so that they broadcast to the tensor."""
    scale = call.constant(1, "the scale")
    zero = call.optional(2, "the zero point")
    zero = np.zeros((), np.int64) if zero is None else zero
    if zero.dtype.kind not in "iu":
        raise call.error(f"no zero points of {zero.dtype} are supported", "use int8 or uint8")
    block = call.integer("block_size")
    if block:
        axis = call.axis(tensor.rank, 1)
        extent = tensor.shape[axis]
        scale, zero = (
            np.repeat(array, block, axis).take(range(extent), axis) if array.ndim else array
            for array in (scale, zero)
        )
        return scale, zero
    return _spread(call, scale, tensor), _spread(call, zero, tensor)


def _spread(call: Call, numbers: Array, tensor: Tensor) -> Array:
    if numbers.size == 1:
        return numbers.reshape(())
    axis = call.axis(tensor.rank, 1)
    if numbers.shape != (tensor.shape[axis],):
        raise call.error(
            f"{numbers.size} scales for axis {axis} of a tensor of shape {tensor.shape}",
            "give one scale, or one for each element along the axis",
        )
    return numbers.reshape(-1, *(1,) * (tensor.rank - axis - 1))


def _stored(call: Call, first: int, channel_axis: int | None = None) -> Tensor:
    """The operand at an input, whose scale and zero point are the two inputs behind it."""
    tensor = call.tensor(first)
    arrays = (call.constant(first + 1, "the scale"), call.optional(first + 2, "the zero point"))
    shaped: list[Array] = []
    for array in arrays:
        held = np.zeros((), np.int64) if array is None else array
        if held.size == 1:
            held = held.reshape(())
        elif channel_axis is not None:
            held = held.reshape(-1, *(1,) * (tensor.rank - channel_axis % tensor.rank - 1))
        shaped.append(held)
    return replace(tensor, quantisation=Quantisation.of(*shaped))


def _asked(call: Call, first: int, dtype: Dtype) -> tuple[Quantisation, Dtype]:
    """What the result shall be: scale and zero point are two inputs."""
    zero = call.optional(first + 1, "the zero point of the result")
    scale = call.constant(first, "the scale of the result")
    if scale.size != 1:
        raise call.error("a result with several scales is not supported", "use one scale")
    zero = np.zeros((), dtype) if zero is None else zero
    return Quantisation.of(scale.reshape(()), zero.reshape(())), zero.dtype


def _as_floats(
    call: Call,
    translation: Translation,
    operands: Sequence[Tensor],
    target: tuple[Quantisation, Dtype],
) -> Tensor:
    """Compute as on floats, and quantise the result."""
    result = translation(replace(call, inputs=tuple(operands), target=target))
    assert isinstance(result, Tensor)
    return quantised(result, *target)


def _qlinear_conv(call: Call) -> Tensor:
    source, weights = _stored(call, 0), _stored(call, 3, channel_axis=0)
    operands = [source, weights]
    if call.has(8):
        operands.append(_bias(call, source, weights, 8))
    return _as_floats(call, conv, operands, _asked(call, 6, source.dtype))


def _bias(call: Call, source: Tensor, weights: Tensor, index: int) -> Tensor:
    """The bias, which is in units of the accumulators."""
    assert source.quantisation is not None
    assert weights.quantisation is not None
    scale = (source.quantisation.scale * weights.quantisation.scale).reshape(-1)
    return constant(
        call.constant(index, "the bias"), Quantisation.of(scale if scale.size > 1 else scale[0])
    )


def _qlinear_matmul(call: Call) -> Tensor:
    left, right = _stored(call, 0), _stored(call, 3, channel_axis=-1)
    return _as_floats(call, matmul, (left, right), _asked(call, 6, left.dtype))


def _qgemm(call: Call) -> Tensor:
    left = _stored(call, 0)
    right = _stored(call, 3, channel_axis=0 if call.integer("transB") else -1)
    operands = [left, right]
    if call.has(6):
        operands.append(_bias(call, left, right, 6))
    return _as_floats(call, gemm, operands, _asked(call, 7, left.dtype))


def _binary(name: str) -> Translation:
    def translate(call: Call) -> Tensor:
        left, right = _stored(call, 0), _stored(call, 3)
        return _as_floats(call, ARITHMETIC[name], (left, right), _asked(call, 6, left.dtype))

    return translate


def _one(translation: Callable[[Call], Tensor]) -> Translation:
    """An operator of one operand: x, scale, zero point, scale and zero point of the result."""

    def translate(call: Call) -> Tensor:
        source = _stored(call, 0)
        return _as_floats(call, translation, (source,), _asked(call, 3, source.dtype))

    return translate


def _channels_first(translation: Callable[[Call], Tensor]) -> Callable[[Call], Tensor]:
    """Refuse pools with channels last: they are NCHW's alone."""

    def translate(call: Call) -> Tensor:
        if call.integer("channels_last"):
            raise call.error("channels_last is not supported", "export with channels first")
        return translation(call)

    return translate


def _tabled(name: str) -> Translation:
    from fdt_mlir.importer.onnx.tables import tabulated

    def translate(call: Call) -> Tensor:
        source = _stored(call, 0)
        asked = _asked(call, 3, source.dtype)
        as_float = replace(call, op=name, inputs=(source,))
        result = tabulated(as_float)
        assert result is not None
        return quantised(result, *asked)

    return translate


def _qlinear_concat(call: Call) -> Tensor:
    zero = call.constant(1, "the zero point of the result")
    target = _asked(call, 0, zero.dtype)
    parts = [_stored(call, first) for first in range(2, len(call.inputs), 3)]
    # One by one: what has the scale of the result already is computed in its place.
    held = [replace(quantised(part, *target), quantisation=target[0]) for part in parts]
    result = MOVEMENT["Concat"](replace(call, inputs=tuple(held)))
    assert isinstance(result, Tensor)
    return plain(result)


QUANTISED: Mapping[str, Translation] = MappingProxyType(
    {
        "DequantizeLinear": dequantize_linear,
        "QLinearConv": _qlinear_conv,
        "QLinearMatMul": _qlinear_matmul,
        "QuantizeLinear": quantize_linear,
        MICROSOFT + "DequantizeLinear": dequantize_linear,
        MICROSOFT + "QGemm": _qgemm,
        MICROSOFT + "QLinearAdd": _binary("Add"),
        MICROSOFT + "QLinearAveragePool": _one(_channels_first(average_pool)),
        MICROSOFT + "QLinearConcat": _qlinear_concat,
        MICROSOFT + "QLinearGlobalAveragePool": _one(_channels_first(global_average_pool)),
        MICROSOFT + "QLinearLeakyRelu": _tabled("LeakyRelu"),
        MICROSOFT + "QLinearMul": _binary("Mul"),
        MICROSOFT + "QLinearSigmoid": _tabled("Sigmoid"),
        MICROSOFT + "QLinearSoftmax": _one(softmax),
        MICROSOFT + "QuantizeLinear": quantize_linear,
    }
)
