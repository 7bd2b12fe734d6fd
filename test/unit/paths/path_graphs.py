"""Small graphs made by hand or at random, and a simulation of what their tiles need."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import product
from random import Random

from fdt_mlir.kernels.access import Linear
from fdt_mlir.paths.graph import AxisRead, FanIn, Graph, LayerNode, Read, TensorNode


@dataclass
class GraphBuilder:
    """Builds graphs of image-like layers: tensors are rows x columns x channels."""

    layers: list[LayerNode] = field(default_factory=list)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    element_bytes: dict[str, int] = field(default_factory=dict)

    def input(self, *shape: int, element_bytes: int = 1) -> str:
        name = f"input_{sum(name.startswith('input') for name in self.shapes)}"
        self.shapes[name], self.element_bytes[name] = shape, element_bytes
        return name

    def window(
        self,
        x: str,
        channels: int | None,
        kernel: tuple[int, int] = (1, 1),
        stride: tuple[int, int] = (1, 1),
        pad: tuple[int, int] = (0, 0),
        added: str | None = None,
        weighted: bool = True,
    ) -> str:
        """A convolution; with `channels` None a depthwise one, or a pool if not `weighted`.

        `added` is a tensor of the result's shape that the epilogue adds.
        """
        height, width, depth = self.shapes[x]
        rows = (height + 2 * pad[0] - kernel[0]) // stride[0] + 1
        columns = (width + 2 * pad[1] - kernel[1]) // stride[1] + 1
        across = channels is not None
        dims = (rows, columns, channels or depth, *kernel, *([depth] if across else []))

        def position(*factors: tuple[int, int], constant: int = 0) -> Linear:
            given = dict(factors)
            return Linear(tuple(given.get(d, 0) for d in range(len(dims))), constant)

        axes = (
            AxisRead(position((0, stride[0]), (3, 1), constant=-pad[0]), height),
            AxisRead(position((1, stride[1]), (4, 1), constant=-pad[1]), width),
            AxisRead(position((5 if across else 2, 1)), depth),
        )
        reads = [Read(x, axes, in_reduction=True, in_epilogue=False)]
        if added is not None:
            same = tuple(AxisRead(position((d, 1)), dims[d]) for d in range(3))
            reads.append(Read(added, same))
        return self.layer(
            dims,
            (0, 1, 2),
            reads,
            constant_dims=frozenset({2, 3, 4, 5} if across else {2, 3, 4} if weighted else ()),
            macs=math.prod(dims) if weighted else 0,
            fan_in=FanIn((5,), 4, has_epilogue=True) if across else None,
            reductions=1,
        )

    def global_pool(self, x: str) -> str:
        """The mean over rows and columns."""
        height, width, depth = self.shapes[x]
        axes = tuple(
            AxisRead(Linear(tuple(int(d == loop) for d in range(3))), extent)
            for loop, extent in ((1, height), (2, width), (0, depth))
        )
        reads = [Read(x, axes, in_reduction=True, in_epilogue=False)]
        fan_in = FanIn((1, 2), 4, has_epilogue=True)
        return self.layer((depth, height, width), (0,), reads, fan_in=fan_in, reductions=1)

    def dense(self, x: str, units: int, epilogue: bool = True) -> str:
        """A dense layer: each axis of its input is a reduction of its own."""
        shape = self.shapes[x]
        axes = tuple(
            AxisRead(Linear(tuple(int(d == axis + 1) for d in range(len(shape) + 1))), extent)
            for axis, extent in enumerate(shape)
        )
        reduced = tuple(range(1, len(shape) + 1))
        return self.layer(
            (units, *shape),
            (0,),
            [Read(x, axes, in_reduction=True, in_epilogue=False)],
            constant_dims=frozenset({0, *reduced}),
            macs=units * math.prod(shape),
            fan_in=FanIn(reduced, 4, has_epilogue=epilogue),
            reductions=1,
        )

    def part(self, x: str, name: str, shape: tuple[int, ...], by_reduction: bool = False) -> str:
        """A copy of `x`, or its sums over channels, that is a part of the tensor `name`."""
        if by_reduction:
            self.window(x, 3)
        else:
            self.add(x)
        layer = self.layers[-1]
        self.layers[-1] = replace(layer, part_of=name)
        self.element_bytes[name] = self.element_bytes.pop(layer.name)
        del self.shapes[layer.name]
        self.shapes[name] = shape
        return name

    def add(self, *operands: str) -> str:
        """The sum of tensors of one shape."""
        shape = self.shapes[operands[0]]
        axes = tuple(
            AxisRead(Linear(tuple(int(d == axis) for d in range(len(shape)))), extent)
            for axis, extent in enumerate(shape)
        )
        return self.layer(shape, tuple(range(len(shape))), [Read(x, axes) for x in operands])

    def layer(
        self,
        dims: tuple[int, ...],
        result_loops: tuple[int, ...],
        reads: list[Read],
        constant_dims: frozenset[int] = frozenset(),
        macs: int = 0,
        fan_in: FanIn | None = None,
        reductions: int = 0,
    ) -> str:
        name = f"layer_{len(self.layers)}"
        self.layers.append(
            LayerNode(
                name,
                "layer",
                dims,
                result_loops,
                tuple(reads),
                constant_dims,
                macs,
                fan_in,
                reductions=reductions,
            )
        )
        self.shapes[name] = tuple(dims[loop] for loop in result_loops)
        self.element_bytes[name] = self.element_bytes[reads[0].tensor]
        return name

    def graph(self, *outputs: str) -> Graph:
        """Close the graph; what nobody reads is an output, like those named."""
        consumers: dict[str, list[int]] = {name: [] for name in self.shapes}
        for number, layer in enumerate(self.layers):
            for read in layer.reads:
                if number not in consumers[read.tensor]:
                    consumers[read.tensor].append(number)
        writers: dict[str, list[int]] = {}
        for number, layer in enumerate(self.layers):
            writers.setdefault(layer.result, []).append(number)
        return Graph(
            tuple(self.layers),
            {
                name: TensorNode(
                    name,
                    shape,
                    self.element_bytes[name],
                    writers[name][0] if name in writers else None,
                    tuple(consumers[name]),
                    is_output=name in outputs or (name in writers and not consumers[name]),
                    last_writer=max(writers.get(name, [0])),
                    whole_because="it has parts" if len(writers.get(name, [])) > 1 else None,
                )
                for name, shape in self.shapes.items()
            },
        )


def random_graph(seed: int, layers: int, extent: int = 6) -> Graph:
    """A random chain of windowed layers with shortcuts, ending in an image, vector or sum."""
    random = Random(seed)
    build = GraphBuilder()
    element_bytes = random.choice((1, 4))
    x = build.input(*(random.randint(3, extent) for _ in range(2)), 2, element_bytes=element_bytes)
    known = [x]
    for _ in range(layers - 1):
        kind = random.choice(("conv", "depthwise", "pool", "pointwise", "add"))
        same = [y for y in known if build.shapes[y] == build.shapes[x] and y != x]
        if kind == "add" and same:
            x = build.add(x, random.choice(same))
        elif kind == "pointwise":
            x = build.window(x, random.choice((1, 2, 3, 4)))
        else:
            x = _random_window(random, build, x, kind, known)
        known.append(x)
    if random.random() < 0.3 and x != known[0]:
        height, width, depth = build.shapes[x]
        for source in (random.choice(known), x):
            split = random.random() < 0.5
            build.part(source, "parts", (height, width, 2 * max(depth, 4)), split)
    elif random.random() < 0.5:
        x = build.global_pool(x) if random.random() < 0.5 else build.dense(x, 3)
    return build.graph()


def _random_window(random: Random, build: GraphBuilder, x: str, kind: str, known: list[str]) -> str:
    height, width, _ = build.shapes[x]
    kernel = (random.randint(1, min(3, height)), random.randint(1, min(3, width)))
    # Windows without gaps: between them a range would hold positions that nobody reads.
    stride = (random.randint(1, kernel[0]), random.randint(1, kernel[1]))
    pad = (random.randint(0, kernel[0] // 2), random.randint(0, kernel[1] // 2))
    channels = random.choice((1, 2, 4)) if kind == "conv" else None
    y = build.window(x, channels, kernel, stride, pad, weighted=kind != "pool")
    shape = build.shapes[y]
    same = [z for z in known if build.shapes[z] == shape]
    if same and random.random() < 0.3:
        y = build.add(y, random.choice(same))
    return y


Box = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Simulation:
    """What a tiled region computes, found by walking over every element."""

    largest_bytes: dict[int, int]  # of the tile buffer, by layer
    macs: int
    tiles: int


def simulate(
    graph: Graph,
    members: tuple[int, ...],
    dims: tuple[int, ...],
    sizes: tuple[int, ...],
    is_sliced: bool,
) -> Simulation:
    """Run all tiles of a region; each layer computes the smallest box that holds what is read.

    Axes that no tiled loop reaches are computed whole, unless tensors are `is_sliced`.
    """
    end = graph.layers[members[-1]]
    tiled = _tiled_axes(graph, members, dims)
    starts = [range(0, end.dims[d], size) for d, size in zip(dims, sizes, strict=True)]
    extents: dict[int, list[int]] = {}
    macs = tiles = 0
    for corner in product(*starts):
        tiles += 1
        loops = [range(n) for n in end.dims]
        for d, begin, size in zip(dims, corner, sizes, strict=True):
            loops[d] = range(begin, min(begin + size, end.dims[d]))
        needed: dict[str, set[tuple[int, ...]]] = {}
        for member in reversed(members):
            layer = graph.layers[member]
            if member != members[-1]:
                loops = [range(n) for n in layer.dims]
                box = [
                    found if is_sliced or axis in tiled[layer.name] else (0, extent)
                    for axis, (found, extent) in enumerate(
                        zip(
                            _box(needed.get(layer.name, set()), len(layer.result_loops)),
                            graph.result_of(member).shape,
                            strict=True,
                        )
                    )
                ]
                for loop, (low, high) in zip(layer.result_loops, box, strict=True):
                    loops[loop] = range(low, high)
                lengths = [high - low for low, high in box]
                known = extents.get(member, [0] * len(lengths))
                extents[member] = [max(a, b) for a, b in zip(known, lengths, strict=True)]
            if layer.macs:
                macs += math.prod(len(loop) for loop in loops)
            fan_in = member == members[-1] and any(d >= layer.result_dims for d in dims)
            _read_elements(graph, layer, loops, needed, fan_in)
    largest = {
        member: math.prod(lengths) * graph.result_of(member).element_bytes
        for member, lengths in extents.items()
    }
    return Simulation(largest, macs, tiles)


def _tiled_axes(
    graph: Graph, members: tuple[int, ...], dims: tuple[int, ...]
) -> dict[str, set[int]]:
    """For each tensor the axes that depend on a tiled loop in all of their reads."""
    tiled: dict[str, set[int]] = {}
    for member in reversed(members):
        layer = graph.layers[member]
        own = tiled.get(layer.name, set())
        loops = {layer.result_loops[axis] for axis in own}
        if member == members[-1]:
            loops = set(dims)
        for read in layer.reads:
            if member == members[-1] and max(dims) >= layer.result_dims and not read.in_reduction:
                continue
            axes = {n for n, axis in enumerate(read.axes) if axis and loops & set(axis.loops())}
            tiled[read.tensor] = tiled.get(read.tensor, axes) & axes
    return tiled


def _read_elements(
    graph: Graph,
    layer: LayerNode,
    loops: list[range],
    needed: dict[str, set[tuple[int, ...]]],
    fan_in: bool,
) -> None:
    for read in layer.reads:
        if fan_in and not read.in_reduction:
            continue
        elements = needed.setdefault(read.tensor, set())
        shape = graph.tensors[read.tensor].shape
        for point in product(*loops):
            axes: list[list[int]] = []
            for axis, extent in zip(read.axes, shape, strict=True):
                if axis is None:
                    axes.append(list(range(extent)))
                    continue
                factors = axis.position.coefficients
                at = axis.position.constant
                at += sum(f * i for f, i in zip(factors, point, strict=True))
                axes.append([at] if 0 <= at < axis.extent else [])
            elements.update(product(*axes))


def _box(elements: set[tuple[int, ...]], rank: int) -> Box:
    if not elements:
        return ((0, 0),) * rank
    return tuple((min(axis), max(axis) + 1) for axis in zip(*elements, strict=True))
