"""Convolutions, fully connected layers, products of matrices and pools."""

from models.graph import ACTIVATIONS, PADDINGS
from models.operators.case import FLOAT, Case, act, bias, ints, weights

_SAME, _VALID = PADDINGS["SAME"], PADDINGS["VALID"]
_RELU, _RELU6 = ACTIVATIONS["RELU"], ACTIVATIONS["RELU6"]


def _window(padding: int, strides: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1)):
    return {
        "Padding": padding,
        "StrideH": strides[0],
        "StrideW": strides[1],
        "DilationHFactor": dilation[0],
        "DilationWFactor": dilation[1],
    }


def _pool(kernel: tuple[int, int], padding: int, strides: tuple[int, int]):
    window = _window(padding, strides)
    kept = {key: window[key] for key in ("Padding", "StrideH", "StrideW")}
    return {**kept, "FilterHeight": kernel[0], "FilterWidth": kernel[1]}


_IMAGE = act((1, 7, 5, 3))
_DEEP = act((1, 6, 5, 4))

CASES = (
    Case(
        "conv",
        "CONV_2D",
        [_IMAGE, weights((4, 3, 3, 3)), bias(4)],
        [(1, 7, 5, 4)],
        _window(_SAME),
    ),
    Case(
        "conv_strided",
        "CONV_2D",
        [_IMAGE, weights((4, 2, 3, 3)), bias(4)],
        [(1, 3, 3, 4)],
        {**_window(_VALID, (2, 1)), "FusedActivationFunction": _RELU},
    ),
    Case(
        "conv_dilated",
        "CONV_2D",
        [_IMAGE, weights((4, 2, 2, 3)), bias(4)],
        [(1, 7, 5, 4)],
        {**_window(_SAME, (1, 1), (3, 2)), "FusedActivationFunction": _RELU6},
    ),
    Case(
        "conv_grouped",
        "CONV_2D",
        [_DEEP, weights((6, 3, 3, 2)), bias(6)],
        [(1, 6, 5, 6)],
        _window(_SAME),
    ),
    Case(
        "conv_batch",
        "CONV_2D",
        [act((2, 4, 5, 3)), weights((4, 3, 3, 3)), bias(4)],
        [(2, 4, 5, 4)],
        _window(_SAME),
    ),
    Case(
        "depthwise",
        "DEPTHWISE_CONV_2D",
        [_IMAGE, weights((1, 3, 3, 3), 3), bias(3)],
        [(1, 4, 3, 3)],
        {**_window(_SAME, (2, 2)), "DepthMultiplier": 1, "FusedActivationFunction": _RELU},
    ),
    Case(
        "depthwise_multiplier",
        "DEPTHWISE_CONV_2D",
        [_IMAGE, weights((1, 3, 2, 12), 3), bias(12)],
        [(1, 7, 5, 12)],
        {**_window(_SAME), "DepthMultiplier": 4},
    ),
    Case(
        "depthwise_dilated",
        "DEPTHWISE_CONV_2D",
        [_IMAGE, weights((1, 3, 3, 3), 3), bias(3)],
        [(1, 7, 5, 3)],
        {**_window(_SAME, (1, 1), (2, 2)), "DepthMultiplier": 1},
    ),
    Case(
        "transpose_conv",
        "TRANSPOSE_CONV",
        [ints(1, 8, 10, 4), weights((4, 3, 3, 3)), act((1, 4, 5, 3))],
        [(1, 8, 10, 4)],
        {"Padding": _SAME, "StrideH": 2, "StrideW": 2},
    ),
    Case(
        "transpose_conv_bias",
        "TRANSPOSE_CONV",
        [ints(1, 7, 9, 4), weights((4, 3, 3, 3)), act((1, 3, 7, 3)), bias(4)],
        [(1, 7, 9, 4)],
        {"Padding": _VALID, "StrideH": 2, "StrideW": 1},
    ),
    Case(
        "dense",
        "FULLY_CONNECTED",
        [act((1, 11)), weights((6, 11), None), bias(6)],
        [(1, 6)],
        {"FusedActivationFunction": _RELU},
    ),
    Case(
        "dense_per_channel",
        "FULLY_CONNECTED",
        [act((1, 11)), weights((6, 11)), bias(6)],
        [(1, 6)],
    ),
    Case("dense_no_bias", "FULLY_CONNECTED", [act((1, 11)), weights((6, 11), None)], [(1, 6)]),
    Case(
        "dense_flattens",
        "FULLY_CONNECTED",
        [_IMAGE, weights((6, 105), None), bias(6)],
        [(1, 6)],
    ),
    Case(
        "dense_keeps_rank",
        "FULLY_CONNECTED",
        [act((1, 4, 11)), weights((6, 11), None), bias(6)],
        [(1, 4, 6)],
        {"KeepNumDims": True},
    ),
    Case(
        "batch_matmul",
        "BATCH_MATMUL",
        [act((2, 3, 5)), act((2, 5, 4))],
        [(2, 3, 4)],
        {"AdjX": False, "AdjY": False},
    ),
    Case(
        "batch_matmul_transposed",
        "BATCH_MATMUL",
        [act((2, 3, 5)), act((2, 4, 5))],
        [(2, 3, 4)],
        {"AdjX": False, "AdjY": True},
    ),
    Case(
        "average_pool",
        "AVERAGE_POOL_2D",
        [_IMAGE],
        [(1, 3, 3, 3)],
        _pool((3, 2), _SAME, (3, 2)),
        scale="input",
    ),
    Case(
        "average_pool_valid",
        "AVERAGE_POOL_2D",
        [_IMAGE],
        [(1, 5, 4, 3)],
        {**_pool((3, 2), _VALID, (1, 1)), "FusedActivationFunction": _RELU},
        scale="input",
    ),
    Case(
        "max_pool",
        "MAX_POOL_2D",
        [_IMAGE],
        [(1, 4, 3, 3)],
        _pool((3, 3), _SAME, (2, 2)),
        scale="input",
    ),
    Case(
        "l2_pool_same",
        "L2_POOL_2D",
        [_IMAGE],
        [(1, 3, 3, 3)],
        {**_pool((3, 2), _SAME, (3, 2)), "FusedActivationFunction": _RELU6},
        FLOAT,
    ),
    Case(
        "l2_pool",
        "L2_POOL_2D",
        [_IMAGE],
        [(1, 3, 2, 3)],
        _pool((2, 2), _VALID, (2, 2)),
        FLOAT,
    ),
)
