"""Draws random models that are valid, small, and hard: branches, joins, odd shapes and numbers."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from fuzz.build import add_node, macs
from fuzz.case import Case, Element, Node, Numbers
from fuzz.trials import draw_trials, with_shadow
from models.graph import Graph, Tensor, window_count

MOST_ELEMENTS = 3000  # per tensor; more tells nothing that fewer do not
MOST_WORK = 250_000  # multiply-accumulates per inference
MOST_RANK2 = 600  # inputs of a dense layer
PARTS = (1, 8)  # how many motifs a model has
SAME_SHAPE = ("relu", "relu6", "logistic", "tanh")


def draw_case(seed: str, trials: int) -> Case:
    """Draw the case of a seed; `trials` are how many ways to compile, 0 for all of them."""
    rng = random.Random(seed)
    element: Element = "float32" if rng.random() < 0.12 else "int8"
    drawing = _Drawing(rng, element)
    drawing.draw_inputs()
    for _ in range(rng.randint(*PARTS)):
        drawing.add_motif()
    outputs = drawing.choose_outputs()
    case = Case(tuple(drawing.nodes), outputs, element, seed=rng.randrange(1 << 30))
    return case.with_trials(*with_shadow(draw_trials(rng, trials), seed))


def without_extremes(case: Case) -> Case:
    """The same model with calibrated numbers: for where forced ones leave nothing to compare."""
    return replace(case, nodes=tuple(replace(node, numbers=Numbers()) for node in case.nodes))


@dataclass
class _Drawing:
    """A model as it grows. `shapes` of all nodes so far; `spent` is its work in MACs."""

    rng: random.Random
    element: Element
    graph: Graph = field(default_factory=lambda: Graph("model", seed=0))
    nodes: list[Node] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)

    # Choices

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def pick_tensor(self) -> int:
        """Mostly the newest tensor, sometimes an older one: a branch."""
        candidates = [n for n, t in enumerate(self.tensors) if t.data is None]
        return self.rng.choice(candidates) if self.chance(0.2) else candidates[-1]

    def shape(self, number: int) -> tuple[int, ...]:
        return self.tensors[number].shape

    def is_image(self, number: int) -> bool:
        return len(self.shape(number)) == 4

    def channels(self) -> int:
        return self.rng.choice([1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 12, 16, 17])

    def activation(self) -> str:
        return self.rng.choice(["NONE", "NONE", "NONE", "RELU", "RELU", "RELU6", "RELU_N1_TO_1"])

    def numbers(self) -> Numbers:
        """Mostly none; else one extreme, such as multipliers of very unequal size."""
        if self.element == "float32" or self.chance(0.75):
            return Numbers()
        zero_point = self.rng.choice([-128, 127, self.rng.randint(-128, 127)])
        factor = 2.0 ** self.rng.uniform(-3, 2)
        factors = tuple(2.0 ** self.rng.randint(-20, 4) for _ in range(self.rng.randint(2, 5)))
        return self.rng.choice(
            [
                Numbers(zero_point=zero_point),
                Numbers(scale_factor=factor),
                Numbers(zero_point=zero_point, scale_factor=factor),
                Numbers(channel_factors=factors),
                Numbers(channel_factors=tuple(self.rng.uniform(0.3, 3) for _ in factors)),
            ]
        )

    # Growth

    def add(self, op: str, inputs: Sequence[int], **options: object) -> int:
        """Add a node; gives its number. Raises ValueError or AssertionError where it cannot be."""
        weighted = op in ("conv2d", "depthwise_conv2d", "fully_connected", "add", "sub", "mul")
        node = Node(op, tuple(inputs), options, self.numbers() if weighted else Numbers())
        self.tensors.append(add_node(self.graph, node, self.tensors))
        self.nodes.append(node)
        return len(self.nodes) - 1

    def draw_inputs(self) -> None:
        rng = self.rng
        kind = rng.random()
        if kind < 0.72:
            shape = (1, rng.randint(2, 20), rng.randint(1, 14), rng.choice([1, 2, 3, 3, 4, 6, 8]))
        elif kind < 0.8:
            shape = (1, 1, rng.randint(4, 60), rng.randint(1, 8))
        elif kind < 0.88:
            shape = (1, rng.randint(4, 60), 1, rng.randint(1, 8))
        elif kind < 0.93:
            shape = (rng.randint(2, 3), rng.randint(2, 9), rng.randint(1, 7), rng.randint(1, 5))
        else:
            shape = (1, rng.randint(2, 80))
        low, high = rng.choice([(-1.0, 1.0), (-1.0, 1.0), (0.0, 1.0), (-3.0, 0.5), (-0.1, 6.0)])
        for _ in range(2 if self.chance(0.12) else 1):
            self.add("input", (), shape=shape, low=low, high=high)

    def add_motif(self) -> None:
        """Add one motif, or leave the model as it is where that would be too large or invalid."""
        kept = len(self.nodes)
        number = self.pick_tensor()
        motifs = _IMAGE_MOTIFS if self.is_image(number) else _OTHER_MOTIFS
        weights = [weight for _, weight in motifs]
        (motif, _) = self.rng.choices(motifs, weights)[0]
        try:
            motif(self, number)
            is_small = macs(self.graph) <= MOST_WORK and all(
                prod(tensor.shape) <= MOST_ELEMENTS for tensor in self.tensors[kept:]
            )
        except (AssertionError, ValueError):
            is_small = False
        if not is_small:
            self.forget(kept)

    def forget(self, kept: int) -> None:
        """Go back to the first `kept` nodes."""
        del self.nodes[kept:]
        self.graph, self.tensors = Graph("model", seed=0), []
        for node in self.nodes:
            self.tensors.append(add_node(self.graph, node, self.tensors))

    def choose_outputs(self) -> tuple[int, ...]:
        """Everything that nobody reads, and sometimes more."""
        if all(node.op == "input" for node in self.nodes):
            self.add("relu", (0,))
        read = {number for node in self.nodes for number in node.inputs}
        computed = [n for n, node in enumerate(self.nodes) if node.op not in _NOT_COMPUTED]
        outputs = [n for n in computed if n not in read]
        if self.chance(0.15):
            outputs.append(self.rng.choice(computed))
        self.rng.shuffle(outputs)
        return tuple(outputs)

    # Windows

    def kernel(self, number: int) -> tuple[int, int]:
        height, width = self.shape(number)[1:3]
        extent = self.rng.choice([1, 2, 3, 3, 3, 4, 5])
        kernel = extent, extent if self.chance(0.6) else self.rng.randint(1, 5)
        # Larger than the image now and then: all of it is border.
        return kernel if self.chance(0.1) else (min(kernel[0], height), min(kernel[1], width))

    def strides(self) -> tuple[int, int]:
        return self.rng.choice([(1, 1), (1, 1), (1, 1), (2, 2), (2, 2), (1, 2), (2, 1), (3, 2)])

    def window(self, number: int, may_dilate: bool) -> dict[str, object]:
        """Options of a convolution of node `number` that leaves something of it."""
        kernel, strides, dilation = self.kernel(number), self.strides(), (1, 1)
        if may_dilate and self.chance(0.15):
            dilation = self.rng.randint(1, 3), self.rng.randint(1, 3)
            strides = strides if self.chance(0.2) else (1, 1)  # as Keras wants it
        fits = all(
            window_count(n, k, s, "VALID", d)[0] > 0
            for n, k, s, d in zip(self.shape(number)[1:3], kernel, strides, dilation, strict=True)
        )
        padding = "VALID" if fits and self.chance(0.35) else "SAME"
        options: dict[str, object] = {"kernel": kernel, "strides": strides, "padding": padding}
        return options | ({"dilation": dilation} if dilation != (1, 1) else {})


class _Motifs:
    """What a model is built of: each takes the drawing and a tensor's number, gives the result."""

    @staticmethod
    def conv(d: _Drawing, x: int) -> int:
        options = d.window(x, may_dilate=True) | {"activation": d.activation()}
        return d.add("conv2d", (x,), channels=d.channels(), **options)

    @staticmethod
    def pointwise(d: _Drawing, x: int) -> int:
        channels = d.rng.choice([d.channels(), d.channels(), 24, 32])
        return d.add("conv2d", (x,), channels=channels, kernel=1, activation=d.activation())

    @staticmethod
    def depthwise(d: _Drawing, x: int) -> int:
        options = d.window(x, may_dilate=True) | {"activation": d.activation()}
        if d.chance(0.25):
            options["multiplier"] = d.rng.randint(2, 4)
        return d.add("depthwise_conv2d", (x,), **options)

    @staticmethod
    def separable(d: _Drawing, x: int) -> int:
        return _Motifs.pointwise(d, _Motifs.depthwise(d, x))

    @staticmethod
    def chain(d: _Drawing, x: int) -> int:
        """Several convolutions and pools one after the other: what streams and paths are for."""
        for _ in range(d.rng.randint(2, 5)):
            x = d.rng.choice([_Motifs.conv, _Motifs.depthwise, _Motifs.pointwise, _Motifs.pool])(
                d, x
            )
        return x

    @staticmethod
    def pool(d: _Drawing, x: int) -> int:
        options = d.window(x, may_dilate=False) | {"activation": d.activation()}
        return d.add(d.rng.choice(["max_pool", "average_pool"]), (x,), **options)

    @staticmethod
    def same(d: _Drawing, x: int) -> int:
        """A layer that keeps the shape."""
        channels = d.shape(x)[3]
        kernel = d.rng.choice([1, 2, 3, 3, (3, 1), (1, 4), 5])
        if d.chance(0.4):
            return d.add("depthwise_conv2d", (x,), kernel=kernel, activation=d.activation())
        if d.chance(0.2):
            pool = d.rng.choice(["max_pool", "average_pool"])
            return d.add(pool, (x,), kernel=kernel, strides=1, padding="SAME")
        return d.add("conv2d", (x,), channels=channels, kernel=kernel, activation=d.activation())

    @staticmethod
    def residual(d: _Drawing, x: int) -> int:
        y = x
        for _ in range(d.rng.randint(1, 3)):
            y = _Motifs.same(d, y)
        return _Motifs.join(d, x, y)

    @staticmethod
    def strided_residual(d: _Drawing, x: int) -> int:
        channels, strides = d.channels(), d.rng.choice([2, (2, 1), (1, 2)])
        y = d.add("conv2d", (x,), channels=channels, kernel=3, strides=strides, activation="RELU")
        shortcut = d.add("conv2d", (x,), channels=channels, kernel=1, strides=strides)
        return _Motifs.join(d, shortcut, _Motifs.same(d, y))

    @staticmethod
    def join(d: _Drawing, x: int, y: int) -> int:
        op = d.rng.choice(["add", "add", "add", "sub", "mul"])
        pair = (x, y) if d.chance(0.5) else (y, x)
        return d.add(op, pair, activation=d.activation())

    @staticmethod
    def inception(d: _Drawing, x: int) -> int:
        """Branches that a concatenation joins, along channels or rows."""
        axis = d.rng.choice([3, 3, 3, 1, 2])
        channels = d.channels()
        branches: list[int] = []
        for _ in range(d.rng.randint(2, 3)):
            if axis != 3:
                kernel = d.rng.choice([1, 3])
                branches.append(d.add("conv2d", (x,), channels=channels, kernel=kernel))
            elif d.chance(0.2):
                branches.append(x)
            else:
                options = {"channels": d.channels(), "kernel": d.rng.choice([1, 2, 3])}
                branches.append(d.add("conv2d", (x,), activation=d.activation(), **options))
        return d.add("concat", branches, axis=axis, same_scale=d.chance(0.7))

    @staticmethod
    def pad(d: _Drawing, x: int) -> int:
        amounts = ((0, 0), *((d.rng.randint(0, 2), d.rng.randint(0, 2)) for _ in range(2)), (0, 0))
        padded = d.add("pad", (x,), before_after=amounts)
        if d.chance(0.3) or min(d.shape(padded)[1:3]) < 2:
            return padded
        strides = d.strides()
        if d.chance(0.5):
            return d.add("max_pool", (padded,), kernel=2, strides=strides)
        channels = d.channels()
        return d.add(
            "conv2d", (padded,), channels=channels, kernel=2, strides=strides, padding="VALID"
        )

    @staticmethod
    def cut(d: _Drawing, x: int) -> int:
        shape = d.shape(x)
        begin = (0, *(d.rng.randint(0, (n - 1) // 2) for n in shape[1:]))
        size = (
            shape[0],
            *(d.rng.randint(1, n - b) for n, b in zip(shape[1:], begin[1:], strict=True)),
        )
        return d.add("slice", (x,), begin=begin, size=size)

    @staticmethod
    def move(d: _Drawing, x: int) -> int:
        shape = d.shape(x)
        if d.chance(0.4):
            order = [*range(1, len(shape))]
            d.rng.shuffle(order)
            return d.add("transpose", (x,), order=(0, *order))
        batch, *rest = shape
        if len(rest) == 3 and d.chance(0.5):
            height, width, channels = rest
            return d.add("reshape", (x,), shape=(batch, width, height, channels))
        return d.add("reshape", (x,), shape=(batch, prod(rest)))

    @staticmethod
    def elementwise(d: _Drawing, x: int) -> int:
        return d.add(d.rng.choice(SAME_SHAPE), (x,))

    @staticmethod
    def requantize(d: _Drawing, x: int) -> int:
        if d.element == "float32":
            return _Motifs.elementwise(d, x)
        return d.add("quantize", (x,))

    @staticmethod
    def with_constant(d: _Drawing, x: int) -> int:
        shape = d.shape(x)
        of = d.rng.choice([shape, shape[-1:], (1,) * len(shape)])
        constant = d.add("random_constant", (), shape=of)
        return _Motifs.join(d, x, constant)

    @staticmethod
    def with_other(d: _Drawing, x: int) -> int:
        """Join with any tensor that broadcasts."""
        others = [
            n
            for n, t in enumerate(d.tensors)
            if n != x
            and t.data is None
            and len(t.shape) == len(d.shape(x))
            and _fits(t, d.shape(x))
        ]
        return _Motifs.join(d, x, d.rng.choice(others)) if others else _Motifs.elementwise(d, x)

    @staticmethod
    def gate(d: _Drawing, x: int) -> int:
        """Squeeze and excitation: a tensor times a function of its own means."""
        channels = d.shape(x)[3]
        means = d.add("mean", (x,), axes=(1, 2), keep_dims=True)
        inner = d.add("conv2d", (means,), channels=d.channels(), kernel=1, activation="RELU")
        outer = d.add("conv2d", (inner,), channels=channels, kernel=1)
        return d.add("mul", (x, d.add("logistic", (outer,))))

    @staticmethod
    def mean(d: _Drawing, x: int) -> int:
        axes = d.rng.choice([(1, 2), (1, 2), (1,), (2,), (3,), (1, 2, 3)])
        return d.add("mean", (x,), axes=axes, keep_dims=d.chance(0.5))

    @staticmethod
    def dense(d: _Drawing, x: int) -> int:
        if prod(d.shape(x)[1:]) > MOST_RANK2:
            return _Motifs.mean(d, x) if d.is_image(x) else _Motifs.elementwise(d, x)
        units = d.rng.choice([d.channels(), 10, 20])
        bias = d.chance(0.8)
        return d.add("fully_connected", (x,), units=units, activation=d.activation(), bias=bias)

    @staticmethod
    def softmax(d: _Drawing, x: int) -> int:
        return d.add("softmax", (x,))


def _fits(tensor: Tensor, shape: Sequence[int]) -> bool:
    pairs = zip(tensor.shape, shape, strict=True)
    return all(a == b or 1 in (a, b) for a, b in pairs)


Motif = Callable[[_Drawing, int], int]
_NOT_COMPUTED = ("input", "random_constant")
_IMAGE_MOTIFS: Sequence[tuple[Motif, int]] = (
    (_Motifs.conv, 12),
    (_Motifs.pointwise, 5),
    (_Motifs.depthwise, 8),
    (_Motifs.separable, 6),
    (_Motifs.chain, 14),
    (_Motifs.pool, 8),
    (_Motifs.residual, 12),
    (_Motifs.strided_residual, 4),
    (_Motifs.inception, 6),
    (_Motifs.pad, 4),
    (_Motifs.cut, 2),
    (_Motifs.move, 2),
    (_Motifs.elementwise, 3),
    (_Motifs.requantize, 1),
    (_Motifs.with_constant, 2),
    (_Motifs.with_other, 4),
    (_Motifs.gate, 2),
    (_Motifs.mean, 2),
    (_Motifs.dense, 3),
    (_Motifs.softmax, 1),
)
_OTHER_MOTIFS: Sequence[tuple[Motif, int]] = (
    (_Motifs.dense, 8),
    (_Motifs.elementwise, 3),
    (_Motifs.softmax, 2),
    (_Motifs.with_constant, 2),
    (_Motifs.with_other, 2),
    (_Motifs.cut, 1),
    (_Motifs.move, 1),
)
