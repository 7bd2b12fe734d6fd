"""Reductions over axes, softmax and the normalisations built of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from fdt_mlir.importer.onnx.call import Call, Translation
from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import Loops, Read, compute
from fdt_mlir.importer.onnx.encoded import real
from fdt_mlir.importer.onnx.scalars import Scalar, absolute, function, maximum, minimum
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.views import reshape

Combine = Callable[[Scalar, Scalar], Scalar]


def reduced(tensor: Tensor, axes: Sequence[int], start: float, body: Combine) -> Tensor:
    """Combine all elements along some dimensions, which keep the extent 1."""
    kept = [dim for dim in tensor.order if dim not in axes]
    inner = [dim for dim in tensor.order if dim in axes]
    names = sorted(kept)
    loops = Loops(tuple(names.index(dim) for dim in kept), tuple(tensor.shape[d] for d in inner))
    index = [
        loops.reduced[inner.index(dim)] if dim in axes else loops.result[names.index(dim)]
        for dim in range(tensor.rank)
    ]
    shape = [tensor.shape[dim] for dim in names]
    result = compute(shape, tensor.dtype, loops, [Read(tensor, tuple(index))], body, start)
    return reshape(
        result, [1 if dim in axes else extent for dim, extent in enumerate(tensor.shape)]
    )


def total(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    """Sums along some dimensions."""
    return reduced(tensor, axes, 0, lambda element, so_far: so_far + element)


def mean(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    """Averages along some dimensions."""
    count = math.prod(tensor.shape[dim] for dim in axes)
    sums = total(tensor, axes)
    if tensor.dtype.kind != "f":
        return elementwise((sums,), sums.dtype, lambda value: value / count)
    return elementwise((sums,), sums.dtype, lambda value: value * (1 / count))


def greatest(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    """Maxima along some dimensions."""
    return reduced(tensor, axes, _limit(tensor, "min"), maximum)


def least(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    """Minima along some dimensions."""
    return reduced(tensor, axes, _limit(tensor, "max"), minimum)


def _limit(tensor: Tensor, which: str) -> float:
    if tensor.dtype.kind == "f":
        return -math.inf if which == "min" else math.inf
    if tensor.dtype.kind == "b":
        return int(which == "max")
    limits = np.iinfo(tensor.dtype)
    return int(limits.min if which == "min" else limits.max)


def _each(tensor: Tensor, body: Callable[[Scalar], Scalar]) -> Tensor:
    return elementwise((tensor,), tensor.dtype, body)


def _square(value: Scalar) -> Scalar:
    return value * value


def _sum_square(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    return reduced(tensor, axes, 0, lambda element, so_far: so_far + element * element)


def _product(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    return reduced(tensor, axes, 1, lambda element, so_far: so_far * element)


def _l1(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    return reduced(tensor, axes, 0, lambda element, so_far: so_far + absolute(element))


def _l2(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    return _each(_sum_square(tensor, axes), lambda value: function("sqrt", value))


def _log_sum(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    return _each(total(tensor, axes), lambda value: function("log", value))


def _log_sum_exp(tensor: Tensor, axes: Sequence[int]) -> Tensor:
    peak = greatest(tensor, axes)
    powers = _exponentials(tensor, peak)
    sums = total(powers, axes)
    return elementwise((sums, peak), sums.dtype, lambda value, top: function("log", value) + top)


def _exponentials(tensor: Tensor, peak: Tensor) -> Tensor:
    return elementwise(
        (tensor, peak), tensor.dtype, lambda value, top: function("exp", value - top)
    )


def reduction(reduce: Callable[[Tensor, Sequence[int]], Tensor]) -> Translation:
    """An operator that reduces axes: an attribute in old operator sets, an input in new ones."""

    def translate(call: Call) -> Tensor:
        tensor = real(call.tensor())
        axes = call.axes(1, tensor.rank)
        if not axes:
            if call.integer("noop_with_empty_axes"):
                return tensor
            axes = tuple(range(tensor.rank))
        result = reduce(tensor, axes)
        if call.integer("keepdims", 1):
            return result
        return reshape(result, [n for dim, n in enumerate(tensor.shape) if dim not in axes])

    return translate


def softmax_of_floats(tensor: Tensor, axis: int) -> Tensor:
    """exp(x - max) over the sum of these, along an axis."""
    powers = _exponentials(tensor, greatest(tensor, (axis,)))
    return elementwise((powers, total(powers, (axis,))), tensor.dtype, lambda a, b: a / b)


def log_softmax(call: Call) -> Tensor:
    """LogSoftmax along an axis."""
    tensor = real(call.tensor())
    axes = (call.axis(tensor.rank, -1),)
    sums = _log_sum_exp(tensor, axes)
    return elementwise((tensor, sums), tensor.dtype, lambda a, b: a - b)


def normalised(
    tensor: Tensor, axes: Sequence[int], epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The tensor with mean 0 and variance 1 along some dimensions.

    Returns it, its mean, and the inverse of its deviation.
    """
    average = mean(tensor, axes)
    centred = elementwise((tensor, average), tensor.dtype, lambda a, b: a - b)
    variance = mean(_each(centred, _square), axes)
    inverse = _each(variance, lambda value: function("rsqrt", value + epsilon))
    result = elementwise((centred, inverse), tensor.dtype, lambda a, b: a * b)
    return result, average, inverse


def _scaled(tensor: Tensor, scale: Tensor, shift: Tensor | None) -> Tensor:
    if shift is None:
        return elementwise((tensor, scale), tensor.dtype, lambda a, b: a * b)
    return elementwise((tensor, scale, shift), tensor.dtype, lambda a, b, c: a * b + c)


def layer_normalization(call: Call) -> tuple[Tensor, ...]:
    """LayerNormalization over all dimensions from an axis on; also mean and inverse deviation."""
    tensor = real(call.tensor())
    axis = call.axis(tensor.rank, -1)
    inner, *moments = normalised(tensor, range(axis, tensor.rank), call.number("epsilon", 1e-5))
    shift = real(call.tensor(2)) if call.has(2) else None
    return _scaled(inner, real(call.tensor(1)), shift), *moments


def instance_normalization(call: Call) -> Tensor:
    """InstanceNormalization over the spatial dimensions of each channel."""
    tensor = real(call.tensor())
    inner, *_ = normalised(tensor, range(2, tensor.rank), call.number("epsilon", 1e-5))
    per_channel = (tensor.shape[1], *(1,) * (tensor.rank - 2))
    scale, shift = (reshape(real(call.tensor(index)), per_channel) for index in (1, 2))
    return _scaled(inner, scale, shift)


def batch_normalization(call: Call) -> Tensor:
    """BatchNormalization of a trained model: one factor and one addend for each channel."""
    if call.integer("training_mode"):
        raise call.error("training is not supported", "export the model for inference")
    tensor = real(call.tensor())
    epsilon = call.number("epsilon", 1e-5)
    given = [real(call.tensor(index)) for index in range(1, 5)]
    per_channel = (tensor.shape[1], *(1,) * (tensor.rank - 2))
    if not all(parameter.is_constant for parameter in given):
        parameters = [reshape(parameter, per_channel) for parameter in given]
        return elementwise([tensor, *parameters], tensor.dtype, _batch_formula(epsilon))
    scale, shift, average, variance = (
        parameter.data.astype(np.float64) for parameter in given if parameter.data is not None
    )
    factor = scale / np.sqrt(variance + epsilon)
    factors = constant(factor.astype(np.float32).reshape(per_channel))
    addends = constant((shift - average * factor).astype(np.float32).reshape(per_channel))
    return _scaled(tensor, factors, addends)


def _batch_formula(epsilon: float) -> Callable[..., Scalar]:
    def formula(x: Scalar, scale: Scalar, shift: Scalar, mean: Scalar, var: Scalar) -> Scalar:
        return (x - mean) * scale * function("rsqrt", var + epsilon) + shift

    return formula


REDUCTIONS: Mapping[str, Translation] = MappingProxyType(
    {
        "BatchNormalization": batch_normalization,
        "InstanceNormalization": instance_normalization,
        "LayerNormalization": layer_normalization,
        "LogSoftmax": log_softmax,
        "ReduceL1": reduction(_l1),
        "ReduceL2": reduction(_l2),
        "ReduceLogSum": reduction(_log_sum),
        "ReduceLogSumExp": reduction(_log_sum_exp),
        "ReduceMax": reduction(greatest),
        "ReduceMean": reduction(mean),
        "ReduceMin": reduction(least),
        "ReduceProd": reduction(_product),
        "ReduceSum": reduction(total),
        "ReduceSumSquare": reduction(_sum_square),
    }
)
