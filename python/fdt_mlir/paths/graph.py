"""Layers and tensors of a model, and which part of a tensor a part of a layer needs.

This is all that path discovery knows of a model; it holds no IR. `build_graph.py` reads it from
kernel form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.kernels.access import Linear
from fdt_mlir.kernels.traversal import Distances
from fdt_mlir.planner.problem import Offset


@dataclass(frozen=True)
class AxisRead:
    """Which positions along one axis of a tensor a layer reads.

    `position` is in terms of the layer's loops; beyond `[0, extent)`, the axis, it is padding.
    """

    position: Linear
    extent: int

    def plain_loop(self, dims: Sequence[int]) -> int | None:
        """The loop that runs over the whole axis, element by element; None for all else.

        `dims` are the extents of the layer's loops: one that runs beyond the axis reads padding.
        """
        loops = self.loops()
        if len(loops) != 1 or self.position.coefficients[loops[0]] != 1 or self.position.constant:
            return None
        return loops[0] if dims[loops[0]] == self.extent else None

    def loops(self) -> tuple[int, ...]:
        """The loops that the position depends on."""
        return tuple(loop for loop, factor in enumerate(self.position.coefficients) if factor)


@dataclass(frozen=True)
class Read:
    """How a layer reads a tensor: one entry per axis, None where it needs the whole axis.

    `in_init`, `in_reduction` and `in_epilogue` say which parts of the layer read it: start value,
    reduction, and what is computed once the reduction is done. A layer without a reduction is
    all epilogue. `view_axes` are those that the layer sees where it reads a view of the tensor, a
    part or a reshape of it: a window may read padding there, whatever can be said of the whole.
    """

    tensor: str
    axes: tuple[AxisRead | None, ...]
    in_init: bool = False
    in_reduction: bool = False
    in_epilogue: bool = True
    view_axes: tuple[AxisRead, ...] = ()


@dataclass(frozen=True)
class MayOverlap:
    """How far the result of a layer has to keep from a tensor that it reads for the last time."""

    tensor: str
    distances: Distances


@dataclass(frozen=True)
class FanIn:
    """How the reduction of a layer may be split: which loops, and what holds the partial sums.

    Without an epilogue the partial sums are the result itself. With one, `finish_overlaps` lists
    whose bytes the result may take once the loop is done; `PARTIAL_SUMS` stands for those.
    """

    dims: tuple[int, ...]
    accumulator_element_bytes: int
    has_epilogue: bool
    finish_overlaps: tuple[MayOverlap, ...] = ()


PARTIAL_SUMS = ""
"""The tensor that exists only where a reduction is split."""


@dataclass(frozen=True)
class LayerNode:
    """One layer: a step of the untiled program.

    `dims` are loop extents, those of the result first; `result_loops` names the loop of each axis
    of the result, None for an axis of extent 1. `constant_dims` are the loops that index weights
    or other constants. `part_of` names the tensor that the result is a part of, if it is.
    `overlaps` lists the tensors whose bytes the result may take, should they die here.
    `reductions` counts the stages that reduce.
    """

    name: str
    kind: str
    dims: tuple[int, ...]
    result_loops: tuple[int | None, ...]
    reads: tuple[Read, ...]
    constant_dims: frozenset[int] = frozenset()
    macs: int = 0
    fan_in: FanIn | None = None
    location: SourceLocation | None = None
    part_of: str | None = None
    overlaps: tuple[MayOverlap, ...] = ()
    reductions: int = 0

    @property
    def result(self) -> str:
        """The name of the tensor that the layer writes."""
        return self.part_of or self.name

    @property
    def result_points(self) -> int:
        """How many elements the layer computes."""
        return math.prod(self.dims[: self.result_dims])

    @property
    def result_dims(self) -> int:
        return sum(loop is not None for loop in self.result_loops)


@dataclass(frozen=True)
class TensorNode:
    """An activation. `producer` is None for inputs; `consumers` are layers in program order.

    Of a tensor that several layers write, each a part, `producer` is the first and `last_writer`
    the last. What the caller reads afterwards, an input to be kept too, is an output. `pin` fixes
    an input's place. A tensor with a `whole_because` must exist whole, for this reason. One that
    is `external`, an input or output outside of the arena, needs no bytes of it; a `streamed` input
    is that, and its rows come one after the other.
    """

    name: str
    shape: tuple[int, ...]
    element_bytes: int
    producer: int | None
    consumers: tuple[int, ...]
    is_output: bool = False
    pin: Offset | None = None
    last_writer: int = 0
    whole_because: str | None = None
    external: bool = False
    streamed: bool = False

    @property
    def is_input(self) -> bool:
        return self.producer is None

    @property
    def size_bytes(self) -> int:
        """Bytes in the arena."""
        return 0 if self.external else math.prod(self.shape) * self.element_bytes


@dataclass(frozen=True)
class Graph:
    """The layers in program order, and the tensors by name.

    `in_place` says whether a result may share bytes with an input that dies where it is written.
    """

    layers: tuple[LayerNode, ...]
    tensors: Mapping[str, TensorNode]
    in_place: bool = True

    @property
    def streams_input(self) -> bool:
        """Whether the first layer takes the rows of a streamed input."""
        return any(tensor.streamed for tensor in self.tensors.values())

    def takes_rows(self, layer: int) -> bool:
        """Whether a layer takes the rows of a streamed input: no layer of the model."""
        return any(self.tensors[read.tensor].streamed for read in self.layers[layer].reads)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @cached_property
    def last_use(self) -> Mapping[str, int]:
        """The last layer that needs each tensor: its producer where nobody reads it.

        Outputs are needed to the end, one past the last layer.
        """
        return {name: self._last_use(tensor) for name, tensor in self.tensors.items()}

    def _last_use(self, tensor: TensorNode) -> int:
        if tensor.is_output:
            return len(self.layers)
        return max((tensor.producer or 0, tensor.last_writer, *tensor.consumers))

    def result_of(self, layer: int) -> TensorNode:
        return self.tensors[self.layers[layer].result]
