"""In which order the layers and loops of a tiled program will run, once it is built.

`fdt-order-ops` puts kernel calls and tile loops in the order of least need. What it will read of
them, `order/read_kernels.py`, follows here from the graph, so that its order can be foreseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fdt_mlir.paths.graph import Graph, MayOverlap
from fdt_mlir.paths.program import union_saving
from fdt_mlir.planner.step_graph import Step, StepGraph
from fdt_mlir.planner.step_order import best_step_order


@dataclass(frozen=True)
class UnitStep:
    """A step inside a unit: what it writes and reads, and what it may overwrite."""

    writes: str
    reads: tuple[str, ...]
    overlaps: tuple[MayOverlap, ...] = ()


@dataclass(frozen=True)
class Unit:
    """What moves as one: a layer, or a loop with its steps.

    `carried` are the tensors that exist outside of it; other results are tile buffers.
    """

    steps: tuple[UnitStep, ...]
    carried: tuple[str, ...]
    is_loop: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """What it reads of tensors that it does not write."""
        written = {*self.carried, *(step.writes for step in self.steps)}
        names = dict.fromkeys(name for step in self.steps for name in step.reads)
        return tuple(name for name in names if name not in written)

    def inner_peak_bytes(self, size_bytes: Mapping[str, int]) -> int:
        """The most bytes of tile buffers that live together."""
        spans: dict[str, tuple[int, int]] = {}
        for number, step in enumerate(self.steps):
            for name in (step.writes, *step.reads):
                if name in spans:
                    spans[name] = spans[name][0], number
            if step.writes not in self.carried:
                spans.setdefault(step.writes, (number, number))
        return max(
            sum(size_bytes[name] for name, (first, last) in spans.items() if first <= at <= last)
            for at in range(len(self.steps))
        )


def best_unit_order(
    graph: Graph, units: Sequence[Unit], size_bytes: Mapping[str, int]
) -> tuple[int, ...]:
    """The order in which the units will run."""
    return best_step_order(_step_graph(graph, units, size_bytes)).order


def _step_graph(graph: Graph, units: Sequence[Unit], size_bytes: Mapping[str, int]) -> StepGraph:
    users: dict[str, list[int]] = {}
    last_writer: dict[str, int] = {}
    steps: list[Step] = []
    predecessors: list[frozenset[int]] = []
    for number, unit in enumerate(units):
        names = (*unit.reads, *unit.carried)
        before = {last_writer[name] for name in names if name in last_writer}
        # Whoever reads a tensor before it is written again has to stay before that.
        before |= {user for name in unit.carried for user in users.get(name, [])}
        predecessors.append(frozenset(before))
        shares = _shares(unit, size_bytes) if graph.in_place else {}
        inner = unit.inner_peak_bytes(size_bytes) if unit.is_loop else 0
        steps.append(Step(f"step_{number}", unit.reads, unit.carried, inner, shares))
        for name in names:
            users.setdefault(name, []).append(number)
        last_writer.update(dict.fromkeys(unit.carried, number))
    inputs = tuple(tensor.name for tensor in graph.tensors.values() if tensor.is_input)
    outputs = tuple(tensor.name for tensor in graph.tensors.values() if tensor.is_output)
    known = {name: size_bytes[name] for name in dict.fromkeys((*inputs, *outputs, *users))}
    return StepGraph(tuple(steps), known, inputs, outputs, tuple(predecessors))


def _shares(unit: Unit, size_bytes: Mapping[str, int]) -> dict[str, int]:
    new = sum(size_bytes[name] for name in unit.carried)
    if unit.is_loop:
        return {name: min(size_bytes[name], new) for name in unit.reads}
    return {
        each.tensor: union_saving(size_bytes[each.tensor], new, each.distances)
        for step in unit.steps
        for each in step.overlaps
        if each.tensor not in unit.carried
    }
