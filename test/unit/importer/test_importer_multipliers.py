"""Multipliers and rounding, on sums where every choice shows: next to a half between results."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from fdt_mlir.importer.real_multiplier import dense_mantissa, fixed_point, single
from fdt_mlir.importer.tflite_model import Quantization
from fdt_mlir.importer.tflite_reader import read_model
from fdt_mlir.importer.tflite_writer import write_model
from models import oracle, single_op
from models.tflite_writer import serialize
from unit.importer.importer_models import FILE

UNITS = 300
SCALES = pytest.mark.parametrize(
    ("first", "weight", "result"),
    [(0.0131, 0.00173, 120.0), (0.0197, 0.00111, 97.3), (0.0153, 0.00149, 131.7)],
)
Kind = Literal["dense", "conv"]


def halves(multiplier: float) -> np.ndarray:
    """Return sums that lie just below, at, or just above a half, when multiplied."""
    results = np.linspace(-120, 119, UNITS).astype(np.int64)
    near = np.round((results + 0.5) / multiplier).astype(np.int64)
    return near + np.arange(UNITS) % 7 - 3


def litert(
    kind: Kind,
    element: single_op.Element,
    scales: tuple[float, float, float],
    sums: np.ndarray,
    folder: Path,
) -> np.ndarray:
    """Return what LiteRT's reference makes of the given accumulators, less the zero point."""
    build = single_op.fully_connected if kind == "dense" else single_op.conv
    shape = (1, 1) if kind == "dense" else (1, 1, 1, 1)
    # A convolution has a kernel size, too.
    graph = build(shape, UNITS, *(() if kind == "dense" else (1,)), element)
    bias = graph.ops[0].inputs[2].data.astype(np.int32).tobytes()
    data = serialize(graph).replace(bias, sums.astype(np.int32).tobytes())
    model = read_model(FILE, data)
    (operator,) = model.operators
    zero_point = 0 if element == "int8" else 128
    # The input is its zero point, so that only the bias counts.
    wanted = dict(zip((*operator.inputs[:2], operator.outputs[0]), scales, strict=True))
    tensors = [
        tensor
        if index not in wanted
        else replace(tensor, quantization=_with_scale(tensor.quantization, wanted[index]))
        for index, tensor in enumerate(model.tensors)
    ]
    for index in (operator.inputs[0], operator.outputs[0]):
        quantization = Quantization((wanted[index],), (zero_point,))
        tensors[index] = replace(tensors[index], quantization=quantization)
    path = folder / "probe.tflite"
    path.write_bytes(write_model(replace(model, tensors=tuple(tensors)), data))
    (stored,) = oracle.reference_outputs(path, [np.full(shape, zero_point, element)])
    return stored.reshape(-1).astype(np.int64) - zero_point


def _with_scale(quantization: Quantization | None, scale: float) -> Quantization:
    assert quantization is not None
    return replace(quantization, scales=(scale,) * len(quantization.scales))


def singles(*values: float) -> tuple[float, ...]:
    return tuple(single(value) for value in values)


def twice(total: int, mantissa: int, shift: int) -> int:
    """Round like TFLite's MultiplyByQuantizedMultiplier: first to 31 bits, then the rest."""
    product = total * mantissa
    high = (abs(product) + (1 << 30)) >> 31
    high = high if product >= 0 else -((abs(product) + (1 << 30) - 1) >> 31)
    rest = shift - 31
    remainder, threshold = high & ((1 << rest) - 1), ((1 << rest) - 1 >> 1) + (high < 0)
    return (high >> rest) + (remainder > threshold)


@SCALES
def test_uint8_convolutions_multiply_scales_as_singles(
    first: float, weight: float, result: float, tmp_path: Path
):
    scales = singles(first, weight, result)
    as_single = fixed_point(single(scales[0] * scales[1]) / scales[2])
    as_double = fixed_point(scales[0] * scales[1] / scales[2])
    assert as_single != as_double, "these scales cannot tell"
    sums = halves(scales[0] * scales[1] / scales[2])
    found = litert("conv", "uint8", scales, sums, tmp_path)
    np.testing.assert_array_equal(found, [twice(int(total), *as_single) for total in sums])
    found = litert("conv", "int8", scales, sums, tmp_path)
    np.testing.assert_array_equal(found, [twice(int(total), *as_double) for total in sums])


@pytest.mark.parametrize("element", ["int8", "uint8"])
@pytest.mark.parametrize(
    ("first", "weight", "result"),
    [(0.0131, 0.00173, 0.3), (0.0197, 0.00111, 0.71), (2**-6, 2**-9, 2**-3)],
)
def test_dense_layers_round_once_as_doubles(
    first: float, weight: float, result: float, element: Literal["int8", "uint8"], tmp_path: Path
):
    # The last scales are powers of two: sums at -1.5 and 1.5 are ties, and tell the direction.
    scales = singles(first, weight, result)
    multiplier = scales[0] * scales[1] / scales[2]
    sums = halves(multiplier)
    _, shift = fixed_point(multiplier)
    mantissa = dense_mantissa(multiplier, shift, zero_point=0)
    ours = [(int(total) * mantissa + (1 << (shift - 1))) >> shift for total in sums]
    found = litert("dense", element, scales, sums, tmp_path)
    np.testing.assert_array_equal(found, ours)


@pytest.mark.parametrize("multiplier", [2.0**-4, 2.0**-11, 0.75, 0.0123456, 3.1e-4, 7.77e-5])
@pytest.mark.parametrize("zero_point", [-128, 3, 127])
def test_dense_mantissa_equals_doubles_at_every_step(multiplier: float, zero_point: int):
    _, shift = fixed_point(multiplier)
    mantissa = dense_mantissa(multiplier, shift, zero_point)
    for result in range(-128 - zero_point, 128 - zero_point):
        step = round((result + 0.5) / multiplier)
        for total in range(step - 2, step + 3):
            exact = math.copysign(math.floor(abs(total * multiplier) + 0.5), total)
            ours = (total * mantissa + (1 << (shift - 1))) >> shift
            stored, expected = (min(max(value + zero_point, -128), 127) for value in (ours, exact))
            assert stored == expected


def test_fixed_point_of_numbers_that_round_up_to_a_power_of_two():
    assert fixed_point(1 - 2.0**-40) == (1 << 30, 30)
