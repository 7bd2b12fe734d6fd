"""Small int8 graphs whose difficulty is where data lies and moves, not what is computed."""

from collections.abc import Callable, Mapping

import tflite

from models.graph import Graph, Tensor
from models.integer_graph import IntegerGraph

IMAGE = (1, 7, 5, 3)
BORDER = [(0, 0), (1, 2), (2, 1), (0, 0)]

Build = Callable[[IntegerGraph], Graph]


def structures() -> Mapping[str, Graph]:
    """Build every graph, by name."""
    every = {
        **_CONCATENATIONS,
        **_SLICES,
        **_OUTPUTS,
        **_PADS,
        **_WINDOWS,
        **_MOVES,
        **_RESIZES,
        **_EDGES,
    }
    return {name: build(IntegerGraph(seed)) for seed, (name, build) in enumerate(every.items())}


def _concat_of_layers(g: IntegerGraph) -> Graph:
    x = g.input(IMAGE)
    parts = [g.conv(x, 4, (3, 3)), g.conv(x, 2, (1, 1))]
    return g.outputs(g.conv(g.concat(parts, 3), 3, (3, 3)))


def _concat_of_shared_part(g: IntegerGraph) -> Graph:
    x = g.input(IMAGE)
    part = g.conv(x, 4, (3, 3))
    return g.outputs(g.concat([part, x, part], 3), g.relu(part))


def _concat_of_concats(g: IntegerGraph) -> Graph:
    x = g.input(IMAGE)
    a, b, c, d = (g.conv(x, n, (1, 1)) for n in (1, 2, 3, 4))
    return g.outputs(g.concat([d, g.concat([a, g.concat([b, c], 3)], 3)], 3))


def _concat_read_and_extended(g: IntegerGraph) -> Graph:
    x = g.input(IMAGE)
    both = g.concat([g.conv(x, 4, (3, 3)), g.conv(x, 2, (1, 1))], 3)
    return g.outputs(g.concat([both, g.conv(both, 3, (3, 3))], 3))


def _concat_of_reshapes(g: IntegerGraph) -> Graph:
    # The heads of a detector: the parts are written through the reshape.
    first, second = g.input(IMAGE), g.input((1, 3, 4, 3))
    parts = [g.reshape(g.conv(first, 6, (3, 3)), (1, 70, 3))]
    parts.append(g.reshape(g.conv(second, 6, (3, 3)), (1, 24, 3)))
    return g.outputs(g.concat(parts, 1))


def _concat_of_inner_reshapes(g: IntegerGraph) -> Graph:
    x = g.input(IMAGE)
    parts = [g.reshape(g.conv(x, n, (3, 3)), (1, 35, n)) for n in (6, 4)]
    return g.outputs(g.concat(parts, 2))


def _concat_of_reshapes_that_move(g: IntegerGraph) -> Graph:
    # No strided view of the result has the shape of the convolutions' results.
    x = g.input(IMAGE)
    parts = [g.reshape(g.conv(x, n, (3, 3)), (1, 70, n // 2)) for n in (6, 4)]
    return g.outputs(g.concat(parts, 2))


def _concat_of_slices(g: IntegerGraph) -> Graph:
    x = g.input(IMAGE)
    top, rest = g.slice(x, (0, 0, 0, 0), (1, 3, 5, 3)), g.slice(x, (0, 3, 0, 0), (1, 4, 5, 3))
    return g.outputs(g.concat([rest, top], 1))


_CONCATENATIONS: Mapping[str, Build] = {
    "concat_of_layers": _concat_of_layers,
    "concat_of_shared_part": _concat_of_shared_part,
    "concat_of_concats": _concat_of_concats,
    "concat_read_and_extended": _concat_read_and_extended,
    "concat_of_reshapes": _concat_of_reshapes,
    "concat_of_inner_reshapes": _concat_of_inner_reshapes,
    "concat_of_reshapes_that_move": _concat_of_reshapes_that_move,
    "concat_of_slices": _concat_of_slices,
    "concat_with_constant": lambda g: g.outputs(
        g.concat([g.input(IMAGE), g.stored((1, 7, 5, 2))], 3)
    ),
    "stack": lambda g: g.outputs(
        g.op("PACK", (g.input((1, 5)), g.input((1, 5))), (1, 5, 2), ValuesCount=2, Axis=2)
    ),
}


def _slice_of_slice(g: IntegerGraph) -> Graph:
    part = g.slice(g.input(IMAGE), (0, 1, 1, 0), (1, 5, 4, 3))
    inner = g.slice(part, (0, 1, 1, 1), (1, 2, 3, 2))
    return g.outputs(g.add(inner, inner), inner)


def _slice(g: IntegerGraph) -> Tensor:
    return g.slice(g.input(IMAGE), (0, 1, 1, 1), (1, 5, 4, 2))


_SLICES: Mapping[str, Build] = {
    "slice_read_in_place": lambda g: g.outputs(g.conv(_slice(g), 3, (3, 3))),
    "slice_of_slice": _slice_of_slice,
    "slice_reshaped": lambda g: g.outputs(g.relu(g.reshape(_slice(g), (1, 20, 2)))),
    "slice_reshaped_to_output": lambda g: g.outputs(g.reshape(_slice(g), (1, 40))),
    "slice_of_rows_reshaped": lambda g: g.outputs(
        g.relu(g.reshape(g.slice(g.input(IMAGE), (0, 2, 0, 0), (1, 3, 5, 3)), (1, 45)))
    ),
    "slice_with_steps": lambda g: g.outputs(
        g.conv(g.strided_slice(g.input(IMAGE), (0, 0, 1, 0), (1, 7, 5, 3), (1, 2, 2, 1)), 2, (3, 3))
    ),
    "slice_with_steps_to_output": lambda g: g.outputs(
        g.strided_slice(g.input(IMAGE), (0, 0, 1, 0), (1, 7, 5, 3), (1, 2, 2, 1))
    ),
}


def _output_read_on(g: IntegerGraph) -> Graph:
    early = g.conv(g.input(IMAGE), 4, (3, 3))
    late = g.conv(g.conv(early, 4, (3, 3)), 4, (3, 3))
    return g.outputs(late, early)


def _output_of_fused_layer(g: IntegerGraph) -> Graph:
    early = g.relu(g.conv(g.input(IMAGE), 4, (3, 3)))
    return g.outputs(g.relu(early), early)


def _output_and_reshaped(g: IntegerGraph) -> Graph:
    early = g.conv(g.input(IMAGE), 4, (3, 3))
    return g.outputs(g.reshape(early, (1, 140)), early, g.conv(early, 2, (1, 1)))


def _output_twice(g: IntegerGraph) -> Graph:
    result = g.relu(g.input(IMAGE))
    return g.outputs(result, result)


def _input_as_output(g: IntegerGraph) -> Graph:
    x = g.input(IMAGE)
    return g.outputs(x, g.relu(x), g.reshape(x, (1, 105)))


def _inputs_in_order(g: IntegerGraph) -> Graph:
    inputs = [g.input(IMAGE) for _ in range(4)]
    outer, inner = g.add(inputs[0], inputs[3]), g.add(inputs[1], inputs[2])
    return g.outputs(inner, g.add(outer, inner), outer)


_OUTPUTS: Mapping[str, Build] = {
    "output_read_on": _output_read_on,
    "output_of_fused_layer": _output_of_fused_layer,
    "output_and_reshaped": _output_and_reshaped,
    "output_twice": _output_twice,
    "input_as_output": _input_as_output,
    "inputs_in_order": _inputs_in_order,
}


def _pad_joins_branch(g: IntegerGraph) -> Graph:
    x = g.input((1, 6, 6, 3))
    pooled = g.pool("AVERAGE_POOL_2D", x, (2, 2), (2, 2), "SAME")
    widened = g.pad(pooled, [(0, 0), (0, 0), (0, 0), (1, 2)])
    return g.outputs(g.add(g.conv(x, 6, (3, 3), (2, 2)), widened))


_PADS: Mapping[str, Build] = {
    "pad_before_conv": lambda g: g.outputs(
        g.conv(g.pad(g.input(IMAGE), BORDER), 4, (3, 3), padding="VALID")
    ),
    "pad_before_padded_conv": lambda g: g.outputs(g.conv(g.pad(g.input(IMAGE), BORDER), 4, (3, 3))),
    "pad_of_other_value_before_conv": lambda g: g.outputs(
        g.conv(g.pad(g.input(IMAGE), BORDER, 17), 4, (3, 3), (2, 1), "VALID")
    ),
    "pad_before_max_pool": lambda g: g.outputs(
        g.pool("MAX_POOL_2D", g.pad(g.input(IMAGE), BORDER), (3, 3), (2, 2), "VALID")
    ),
    "pad_of_channels": lambda g: g.outputs(
        g.conv(g.pad(g.input(IMAGE), [(0, 0), (1, 0), (0, 1), (1, 2)]), 4, (3, 3), padding="VALID")
    ),
    "pad_between_maps": lambda g: g.outputs(g.relu(g.pad(g.relu(g.input(IMAGE)), BORDER))),
    "pad_joins_branch": _pad_joins_branch,
    "mirror_pad": lambda g: g.outputs(
        g.op("MIRROR_PAD", (g.input(IMAGE), g.integers(BORDER)), (1, 10, 8, 3), Mode=0)
    ),
}


_WINDOWS: Mapping[str, Build] = {
    "dilation_beyond_border": lambda g: g.outputs(
        g.conv(g.input((1, 5, 4, 3)), 4, (3, 3), dilation=(5, 5))
    ),
    "dilation_clipped": lambda g: g.outputs(
        g.conv(g.input((1, 9, 8, 3)), 4, (3, 3), dilation=(3, 4))
    ),
    "stride_beyond_kernel": lambda g: g.outputs(g.conv(g.input((1, 11, 9, 3)), 4, (2, 1), (4, 3))),
    "conv_along_width": lambda g: g.outputs(g.conv(g.input((1, 1, 20, 3)), 4, (1, 5), (1, 2))),
    "conv_along_height": lambda g: g.outputs(g.conv(g.input((1, 20, 1, 3)), 4, (5, 1), (2, 1))),
    "kernel_as_large_as_input": lambda g: g.outputs(g.conv(g.input((1, 6, 5, 3)), 4, (6, 5))),
    "single_channel": lambda g: g.outputs(
        g.conv(g.conv(g.input((1, 6, 5, 1)), 1, (3, 3)), 4, (3, 3), depth_multiplier=4)
    ),
    "depth_multiplier": lambda g: g.outputs(
        g.conv(g.input((1, 6, 5, 3)), 9, (3, 2), (2, 1), depth_multiplier=3)
    ),
    "batch_of_three": lambda g: g.outputs(
        g.pool("MAX_POOL_2D", g.conv(g.input((3, 6, 5, 3)), 4, (3, 3)), (2, 2), (2, 2), "SAME")
    ),
    "max_pool_with_activation": lambda g: g.outputs(
        g.pool("MAX_POOL_2D", g.input((1, 7, 8, 3)), (3, 2), (2, 2), "SAME", "RELU")
    ),
    "average_pool_with_activation": lambda g: g.outputs(
        g.pool("AVERAGE_POOL_2D", g.input((1, 7, 8, 3)), (3, 2), (2, 2), "VALID", "RELU6")
    ),
    "average_pool_at_borders": lambda g: g.outputs(
        g.pool("AVERAGE_POOL_2D", g.input((1, 7, 8, 3)), (3, 3), (2, 3), "SAME")
    ),
}


def _channel_shuffle(g: IntegerGraph) -> Graph:
    grouped = g.reshape(g.conv(g.input((1, 4, 3, 6)), 6, (1, 1)), (1, 4, 3, 2, 3))
    shuffled = g.reshape(g.transpose(grouped, (0, 1, 2, 4, 3)), (1, 4, 3, 6))
    return g.outputs(g.conv(shuffled, 4, (3, 3)))


_MOVES: Mapping[str, Build] = {
    "transpose_before_conv": lambda g: g.outputs(
        g.conv(g.transpose(g.input(IMAGE), (0, 2, 1, 3)), 4, (3, 3))
    ),
    "transpose_after_conv": lambda g: g.outputs(
        g.transpose(g.conv(g.input(IMAGE), 4, (3, 3)), (0, 3, 1, 2))
    ),
    "channel_shuffle": _channel_shuffle,
    "reverse": lambda g: g.outputs(g.op("REVERSE_V2", (g.input(IMAGE), g.integers([2])), IMAGE)),
    "space_to_depth": lambda g: g.outputs(
        g.op("SPACE_TO_DEPTH", (g.input((1, 6, 4, 3)),), (1, 3, 2, 12), BlockSize=2)
    ),
    "depth_to_space": lambda g: g.outputs(
        g.op("DEPTH_TO_SPACE", (g.input((1, 3, 2, 12)),), (1, 6, 4, 3), BlockSize=2)
    ),
    "tile": lambda g: g.outputs(
        g.op("TILE", (g.input(IMAGE), g.integers([1, 2, 1, 3])), (1, 14, 5, 9))
    ),
    "gather_of_activation": lambda g: g.outputs(
        g.op(
            "GATHER",
            (g.relu(g.input(IMAGE)), g.integers([4, 1])),
            (1, 7, 2, 3),
            Axis=2,
            BatchDims=0,
        )
    ),
}


def _resized(kind: str, shape: tuple[int, int], align: bool, half: bool) -> Build:
    options = {"AlignCorners": align, "HalfPixelCenters": half}
    return lambda g: g.outputs(
        g.op(kind, (g.input((1, 5, 4, 3)), g.integers(shape)), (1, *shape, 3), **options)
    )


_RESIZES: Mapping[str, Build] = {
    f"{kind.lower()}_{height}x{width}_{mode}": _resized(kind, (height, width), *flags)
    for kind in ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR")
    for height, width in ((10, 8), (3, 7))
    for mode, flags in {
        "corner": (False, False),
        "aligned": (True, False),
        "centred": (False, True),
    }.items()
}


def _comparison(g: IntegerGraph) -> Graph:
    operands = (g.input((1, 5), "float32"), g.input((1, 5), "float32"))
    return g.outputs(g.op("GREATER", operands, (1, 5), "bool"))


_EDGES: Mapping[str, Build] = {
    "int32_edges": lambda g: g.outputs(
        g.op(
            "ADD",
            (g.input((1, 5), "int32"), g.input((1, 5), "int32")),
            (1, 5),
            "int32",
            FusedActivationFunction=0,
        )
    ),
    "bool_output": _comparison,
    "index_of_maximum": lambda g: g.outputs(
        g.op(
            "ARG_MAX",
            (g.input((1, 4, 5)), g.integers(2)),
            (1, 4),
            "int32",
            OutputType=tflite.TensorType.INT32,
        )
    ),
    "maximum_over_channels": lambda g: g.outputs(
        g.op("REDUCE_MAX", (g.input(IMAGE), g.integers([3])), (1, 7, 5), KeepDims=False)
    ),
}
