"""The memory and the work of a program with a set of regions: the planner's problem, exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fdt_mlir.allocate.lifetimes import rows_taken
from fdt_mlir.allocate.overlaps import Ends, exemptions
from fdt_mlir.paths.cones import grow_cone
from fdt_mlir.paths.graph import PARTIAL_SUMS, Graph, MayOverlap
from fdt_mlir.paths.program import accumulator_bytes
from fdt_mlir.paths.reach import Ints, trace, untiled_points
from fdt_mlir.paths.regions import STREAMS, Candidate
from fdt_mlir.paths.stream_tables import stream_of
from fdt_mlir.paths.streams import Stream
from fdt_mlir.paths.unit_order import Unit, UnitStep, best_unit_order
from fdt_mlir.planner.layout import LayoutLimits, plan_layout
from fdt_mlir.planner.plan import Plan
from fdt_mlir.planner.problem import Buffer, Offset, Overlap, Problem


@dataclass(frozen=True)
class ProgramStep:
    """A step of the tiled program: what it writes and reads, and the layer it is part of.

    `overlaps` lists what it may overwrite, should it be the last to read it.
    """

    layer: int
    name: str
    writes: str
    reads: tuple[str, ...]
    overlaps: tuple[MayOverlap, ...] = ()


@dataclass(frozen=True)
class TiledProgram:
    """The steps of a program with its loops flattened, and the memory problem they pose."""

    steps: tuple[ProgramStep, ...]
    problem: Problem

    def live_bytes(self) -> list[int]:
        """Sum of the live bytes in each step."""
        return [
            sum(b.size_bytes for b in self.problem.buffers if b.first <= step < b.last)
            for step in range(len(self.steps))
        ]


def tile_program(
    graph: Graph, regions: Sequence[Candidate], reorders: bool = False
) -> TiledProgram:
    """Flatten a program with non-overlapping regions: loops run at their end layers' places.

    With `reorders`, layers and loops are in the order of least need then.
    """
    flattener = _Flattener(graph)
    by_end = {region.end: region for region in regions}
    inside = {member for region in regions for member in region.members}
    for number in range(len(graph.layers)):
        if number in by_end:
            flattener.add_region(by_end[number])
        elif number not in inside:
            flattener.add_layer(number)
    if reorders:
        flattener.reorder()
    return flattener.finish()


def predict_layout(
    graph: Graph, regions: Sequence[Candidate], limits: LayoutLimits | None = None
) -> tuple[TiledProgram, Plan]:
    """Plan the arena of a program with these regions, as the allocator will."""
    program = tile_program(graph, regions)
    return program, plan_layout(program.problem, limits)


def predict_in_best_order(
    graph: Graph, regions: Sequence[Candidate]
) -> tuple[TiledProgram, Plan, bool]:
    """The same with layers and loops in the order of least need, if that needs a smaller arena.

    The last of the results says whether it does.
    """
    program, plan = predict_layout(graph, regions)
    other = tile_program(graph, regions, reorders=True)
    if other.steps == program.steps:
        return program, plan, False
    other_plan = plan_layout(other.problem)
    if other_plan.arena_bytes < plan.arena_bytes:
        return other, other_plan, True
    return program, plan, False


def predict_macs(graph: Graph, regions: Sequence[Candidate]) -> int:
    """Multiply-accumulates of one inference, recomputation included."""
    return graph.macs + sum(region.extra_macs for region in regions)


class _Flattener:
    def __init__(self, graph: Graph):
        self.graph = graph
        self.steps: list[ProgramStep] = []
        self.sizes = {tensor.name: tensor.size_bytes for tensor in graph.tensors.values()}
        self.aligns = {tensor.name: tensor.element_bytes for tensor in graph.tensors.values()}
        # Results of streams that may lie over inputs: source, target, distance, the loop's steps.
        self.trailing: list[tuple[str, str, int, int, int]] = []
        # Tensors that something outside of the steps' own reads keeps alive: (name, first, last).
        self.held: list[tuple[str, int, int]] = []
        # Layers and loops, with the number of the first step of each.
        self.units: list[tuple[int, Unit]] = []

    def add_layer(self, number: int) -> None:
        layer = self.graph.layers[number]
        reads = tuple(dict.fromkeys(read.tensor for read in layer.reads))
        self._add_step(ProgramStep(number, layer.name, layer.result, reads, layer.overlaps))

    def _add_step(self, step: ProgramStep) -> None:
        self.units.append((len(self.steps), _unit_of([step], [step.writes])))
        self.steps.append(step)

    def add_region(self, region: Candidate) -> None:
        layer = self.graph.layers[region.end]
        target = layer.result
        has_finish = False
        if region.fan_in:
            assert layer.fan_in is not None
            has_finish = layer.fan_in.has_epilogue
            if has_finish:
                target = f"{layer.name}_init"
                self.sizes[target] = accumulator_bytes(self.graph, region.end)
                self.aligns[target] = layer.fan_in.accumulator_element_bytes
            starts = tuple(dict.fromkeys(r.tensor for r in layer.reads if r.in_init))
            self._add_step(ProgramStep(region.end, f"{layer.name}_init", target, starts))
        self._add_loop(region, target)
        if has_finish:
            finals = tuple(dict.fromkeys(r.tensor for r in layer.reads if r.in_epilogue))
            reads = (target, *finals)
            assert layer.fan_in is not None
            overlaps = tuple(
                replace(each, tensor=target) if each.tensor == PARTIAL_SUMS else each
                for each in layer.fan_in.finish_overlaps
            )
            name = f"{layer.name}_finish"
            self._add_step(ProgramStep(region.end, name, layer.result, reads, overlaps))

    def _add_loop(self, region: Candidate, target: str) -> None:
        begin = len(self.steps)
        inside = {self.graph.layers[member].result for member in region.members[:-1]}
        carried: list[str] = []
        if region.family in STREAMS:
            carried = self._size_stream(stream_of(self.graph, region), begin, target)
        else:
            self.sizes.update(tile_buffer_bytes(self.graph, region))
        for member in region.members:
            layer = self.graph.layers[member]
            last = member == region.end
            reads = dict.fromkeys(
                read.tensor
                for read in layer.reads
                if not (last and region.fan_in) or read.in_reduction
            )
            self.steps.append(
                ProgramStep(member, layer.name, target if last else layer.result, tuple(reads))
            )
        end = len(self.steps)
        unit = _unit_of(self.steps[begin:end], [target, *carried], is_loop=True)
        self.units.append((begin, unit))
        for step in self.steps[begin:end]:
            self.held += [(name, begin, end) for name in step.reads if name not in inside]
        self.held += [(name, begin, end) for name in carried]
        self.held.append((target, begin, end))

    def _size_stream(self, stream: Stream, begin: int, target: str) -> list[str]:
        """Set the sizes of a stream's buffers; gives those that live as long as the loop."""
        names = {m: self.graph.layers[m].result for m in stream.members[:-1]}
        for member, size in stream.tiles.items():
            self.sizes[names[member]] = size
        end = begin + len(stream.members)
        # In another order of the steps, other tensors die in the loop.
        for each in stream.trailing(stream.sources):
            name = names.get(each.member, target)
            self.trailing.append((each.source, name, each.distance_bytes, begin, end))
        return [names[m] for m in names if m in stream.whole or stream.kept[m].carried]

    def reorder(self) -> None:
        """Put layers and loops in the order in which they will run."""
        units = [unit for _, unit in self.units]
        order = best_unit_order(self.graph, units, self.sizes)
        steps: list[ProgramStep] = []
        moved: dict[int, int] = {}  # first step of a unit before: by how much it moves
        for number in order:
            first, unit = self.units[number]
            moved[first] = len(steps) - first
            steps += self.steps[first : first + len(unit.steps)]
        self.steps = steps
        self.held = [(name, a + moved[a], b + moved[a]) for name, a, b in self.held]
        self.trailing = [
            (source, target, distance, a + moved[a], b + moved[a])
            for source, target, distance, a, b in self.trailing
        ]

    def finish(self) -> TiledProgram:
        spans: dict[str, tuple[int, int]] = {}

        def extend(name: str, first: int, last: int) -> None:
            known = spans.get(name, (first, last))
            spans[name] = (min(known[0], first), max(known[1], last))

        for tensor in self.graph.tensors.values():
            if tensor.is_input:
                extend(tensor.name, 0, 1)
        for number, step in enumerate(self.steps):
            for name in (step.writes, *step.reads):
                extend(name, number, number + 1)
        for name, first, last in self.held:
            extend(name, first, last)
        end = max(1, len(self.steps))
        for tensor in self.graph.tensors.values():
            if tensor.is_output:
                extend(tensor.name, spans.get(tensor.name, (0, end))[0], end)
        buffers = [
            Buffer(name, self.sizes[name], *span, align=self.aligns[name], pin=self._pin(name))
            for name, span in spans.items()
            if not self._is_streamed(name)
        ]
        if self.graph.streams_input:
            buffers.append(rows_taken(end))
        return TiledProgram(tuple(self.steps), Problem(tuple(buffers), self._overlaps(spans)))

    def _overlaps(self, spans: Mapping[str, tuple[int, int]]) -> tuple[Overlap, ...]:
        """The exemptions of all steps that write a new buffer and are the last to read another."""
        overlaps: list[Overlap] = []
        for number, step in enumerate(self.steps):
            if spans[step.writes][0] != number:
                continue
            dying = [
                each
                for each in step.overlaps
                if spans[each.tensor][1] == number + 1
                and not self._is_output(each.tensor)
                and not self._is_streamed(each.tensor)
            ]
            result = Ends(step.writes, self.sizes[step.writes])
            for each in dying:
                source = Ends(each.tensor, self.sizes[each.tensor])
                overlaps += exemptions(source, result, each.distances, len(dying) > 1)
        for source, target, distance_bytes, begin, end in self.trailing:
            first = spans[target][0]
            if spans[source][1] == end and first >= begin and not self._is_output(source):
                steps = end - first
                overlaps.append(Overlap(source, target, "forward", distance_bytes, steps))
        return tuple(overlaps)

    def _pin(self, name: str) -> Offset | None:
        return self.graph.tensors[name].pin if name in self.graph.tensors else None

    def _is_streamed(self, name: str) -> bool:
        return name in self.graph.tensors and self.graph.tensors[name].streamed

    def _is_output(self, name: str) -> bool:
        return name in self.graph.tensors and self.graph.tensors[name].is_output


def _unit_of(steps: Sequence[ProgramStep], carried: Sequence[str], is_loop: bool = False) -> Unit:
    parts = tuple(UnitStep(step.writes, step.reads, step.overlaps) for step in steps)
    return Unit(parts, tuple(carried), is_loop)


def tile_buffer_bytes(graph: Graph, region: Candidate) -> dict[str, int]:
    """Size of the tile buffer of each tensor inside a region, in bytes."""
    cone = grow_cone(graph, region.end, region.fan_in)
    traces = [
        trace(graph, cone, dim, _only(size))
        for dim, size in zip(region.dims, region.sizes, strict=True)
    ]
    sizes: dict[str, int] = {}
    for member in region.members[:-1]:
        tensor = graph.result_of(member)
        points = untiled_points(traces, member, tensor.shape, region.family == "fdt")
        for one in traces:
            points *= int(one.reach[member].extent[0])
        sizes[tensor.name] = points * tensor.element_bytes
    return sizes


def _only(size: int) -> Ints:
    return np.array([size], dtype=np.int64)
