"""Layers by themselves in every shape that a kernel could get wrong, many of them in one model.

A family goes through all combinations of what says how a window moves (size, stride, padding,
dilation). Shapes, channels, zero points and multipliers take turns beside that: their numbers have
no factor in common, so that in the long run each meets each.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice, product
from typing import Any

from models.graph import Graph, Padding, Pair, Tensor, window_count
from models.single_op import Extremes, conv, depthwise_conv, fully_connected, model

EXTREMES = (
    Extremes(),
    Extremes(input_zero_point=-128),
    Extremes(input_zero_point=127),
    Extremes(input_zero_point=127, output_zero_point=-128, multiplier=1.7),
    Extremes(output_zero_point=127, multiplier=1e-7),
    Extremes(input_zero_point=-128, output_zero_point=127, multiplier=0.5),
    Extremes(input_zero_point=-7, output_zero_point=-128, multiplier=30.0),
)
SUMS = (
    Extremes(),
    Extremes(input_zero_point=-128, output_zero_point=127),
    Extremes(input_zero_point=127, output_zero_point=-128),
    Extremes(multiplier=25.0),
    Extremes(input_zero_point=127, multiplier=1e-4),
)
"""For layers without weights: what is added is scaled by 2**20 first."""
WINDOWS: tuple[Pair, ...] = (1, 2, 3, (1, 4), (3, 2), 5)
STRIDES: tuple[Pair, ...] = (1, 2, (2, 3), 4)
PADDINGS: tuple[Padding, ...] = ("SAME", "VALID")
PLACES = ((5, 7), (9, 8), (3, 2), (6, 5), (7, 11), (5, 6))
CHANNELS = (8, 3, 5, 12, 1, 16, 7, 4, 20, 2, 33)
UNITS = (5, 8, 1, 11, 4, 3, 13)


@dataclass(frozen=True)
class _Window:
    kernel: Pair
    strides: Pair
    padding: Padding
    dilation: Pair = 1

    def fits(self, place: tuple[int, int]) -> bool:
        pairs = ((n, n) if isinstance(n, int) else n for n in (self.kernel, self.dilation))
        kernel, dilation = pairs
        counts = (
            window_count(n, k, 1, self.padding, d)[0]
            for n, k, d in zip(place, kernel, dilation, strict=True)
        )
        return min(counts) > 0

    @property
    def options(self) -> dict[str, Any]:
        return {"strides": self.strides, "padding": self.padding}


def convs() -> Iterator[Graph]:
    """Convolutions, pointwise and first layers among them."""
    units = cycle(UNITS)
    for window, place, channels, extremes in _windows(with_dilation=True):
        shape = (1, *place, channels)
        options = {**window.options, "dilation": window.dilation}
        yield conv(shape, next(units), window.kernel, extremes=extremes, **options)


def depthwise_convs() -> Iterator[Graph]:
    """Depthwise convolutions, some of which make several channels of one."""
    multipliers = cycle((1, 1, 1, 1, 2, 1, 1, 1, 1, 3))
    for window, place, channels, extremes in _windows(with_dilation=True):
        shape = (1, *place, channels)
        options = {**window.options, "dilation": window.dilation, "multiplier": next(multipliers)}
        yield depthwise_conv(shape, window.kernel, extremes=extremes, **options)


def dense() -> Iterator[Graph]:
    """Dense layers of every width around that of a register and that of a vector."""
    units, extremes = cycle(UNITS), cycle(EXTREMES)
    for depth, per_channel in product((1, 3, 4, 5, 7, 8, 9, 15, 16, 22, 33, 64), (False, True)):
        yield fully_connected(
            (1, depth), next(units), extremes=next(extremes), per_channel=per_channel
        )


def max_pools() -> Iterator[Graph]:
    """Largest elements of windows; of some the activation is clamped."""
    return _pools(lambda g, x, window, options: g.max_pool(x, window.kernel, **options))


def average_pools() -> Iterator[Graph]:
    """Means of windows, each divided by what of it lies inside."""
    return _pools(lambda g, x, window, options: g.average_pool(x, window.kernel, **options))


def means() -> Iterator[Graph]:
    """Means over whole axes: as a pool, as a reduction, over windows of very many elements."""
    extremes = cycle(SUMS)

    def layer(place: tuple[int, int], channels: int, build: Callable[..., Tensor]) -> Graph:
        return model([(1, *place, channels)], build, extremes=next(extremes))

    for place, channels in product(((8, 8), (5, 3), (16, 16), (17, 16)), (3, 4, 17)):
        window = place
        yield layer(place, channels, lambda g, x, w=window: g.average_pool(x, w))
        yield layer(place, channels, lambda g, x: g.mean(x, axes=[1, 2]))
    for channels in (5, 8, 19):
        yield layer((6, 7), channels, lambda g, x: g.mean(x, axes=[1], keep_dims=True))
        yield layer((6, 7), channels, lambda g, x: g.mean(x, axes=[2]))
        yield layer((6, 7), channels, lambda g, x: g.mean(x, axes=[3]))


def elementwise() -> Iterator[Graph]:
    """Sums, differences, products and rescaled tensors; operands of one shape and broadcast."""
    extremes = cycle(SUMS)
    ranges = cycle(([(-1.0, 1.0)] * 2, [(-1.0, 1.0), (-3.0, 0.5)], [(-4.0, 4.0), (-0.1, 0.1)]))
    kinds = ("add", "sub", "mul")
    activations = cycle(("NONE", "RELU", "NONE", "RELU6"))
    shapes = ((1, 3, 5, 8), (1, 1, 1, 1), (1, 7, 3, 5), (1, 1, 1, 6), (1, 2, 9, 16), (1, 4, 3, 2))
    for shape, kind, one_row in product(shapes, kinds, (False, True)):
        other = (*(1,) * (len(shape) - 1), shape[-1]) if one_row else shape
        activation = next(activations)

        def build(
            g: Graph, a: Tensor, b: Tensor, kind: str = kind, activation: str = activation
        ) -> Tensor:
            result: Tensor = getattr(g, kind)(a, b, activation=activation)
            return result

        forced = next(extremes)
        if kind == "mul":
            forced = replace(forced, multiplier=None)
        yield model([shape, other], build, extremes=forced, ranges=next(ranges))
    for shape in shapes:
        yield model([shape], lambda g, x: g.add(x, x), extremes=next(extremes))
        yield model([shape], lambda g, x: g.relu(x), extremes=next(extremes))
        yield model([shape], lambda g, x: g.quantize(x), extremes=next(extremes))


FAMILIES: Mapping[str, Callable[[], Iterator[Graph]]] = {
    "conv": convs,
    "depthwise": depthwise_convs,
    "dense": dense,
    "max_pool": max_pools,
    "average_pool": average_pools,
    "mean": means,
    "elementwise": elementwise,
}


def together(family: str, part: int, parts: int) -> Graph:
    """Make one model of every `parts`-th layer of a family, from number `part` on.

    The layers have nothing to do with each other: each has inputs and an output of its own.
    """
    whole = Graph(family, seed=0)
    for number, graph in enumerate(islice(FAMILIES[family](), part, None, parts)):
        named = graph.replaced(
            {t: replace(t, name=f"layer_{number}/{t.name}") for t in graph.tensors()}
        )
        whole.inputs += named.inputs
        whole.outputs += named.outputs
        whole.ops += named.ops
    return whole


def _pools(add: Callable[[Graph, Tensor, _Window, dict[str, Any]], Tensor]) -> Iterator[Graph]:
    activations = cycle(("NONE", "NONE", "RELU", "NONE", "RELU6"))
    for window, place, channels, extremes in _windows(with_dilation=False):
        options = {**window.options, "activation": next(activations)}
        forced = replace(extremes, multiplier=None)

        def build(
            g: Graph, x: Tensor, window: _Window = window, options: dict[str, Any] = options
        ) -> Tensor:
            return add(g, x, window, options)

        yield model([(1, *place, channels)], build, extremes=forced)


def _windows(with_dilation: bool) -> Iterator[tuple[_Window, tuple[int, int], int, Extremes]]:
    """All windows, each with the next place that it fits, channels and extremes."""
    places, channels, extremes = cycle(PLACES), cycle(CHANNELS), cycle(EXTREMES)
    moving = [(strides, 1) for strides in STRIDES]
    dilated = [(1, 2), (1, (1, 3))] if with_dilation else []
    for padding, (strides, dilation), kernel in product(PADDINGS, [*moving, *dilated], WINDOWS):
        window = _Window(kernel, strides, padding, dilation)
        place = next((place for place in islice(places, len(PLACES)) if window.fits(place)), None)
        if place is not None:
            yield window, place, next(channels), next(extremes)
