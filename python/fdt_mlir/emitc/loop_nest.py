"""The loops of one kernel, for any structured computation.

This is the generator that covers everything: loops over the result, the innermost of them in blocks
of neighbouring elements, and within them the stages of the kernel, each as soon as its loops are
open.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from fdt_mlir.attributes import number_of
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.conditions import both
from fdt_mlir.emitc.cursor import Bounds, Cursor, KernelBody
from fdt_mlir.emitc.inline_function import inline_function
from fdt_mlir.emitc.lane_loops import LaneLoops
from fdt_mlir.emitc.micro_loops import DotLoops, TapLoops
from fdt_mlir.emitc.ring_runs import ring_runs
from fdt_mlir.emitc.scalar_functions import (
    Argument,
    function_result_type,
    scalar_type,
)
from fdt_mlir.emitc.statements import (
    Variable,
    address,
    either_way,
    index,
    load,
    local,
    loop,
    store,
    variable,
    when,
)
from fdt_mlir.emitc.types import Range, range_of_type, width_of
from fdt_mlir.emitc.values import Value, compare, constant, scratch_block, unknown
from fdt_mlir.emitc.vector_stage import (
    LANES,
    VectorArgument,
    VectorResult,
    computed_argument,
    read_argument,
    vector_stage,
)
from fdt_mlir.kernels.access import Subscript
from fdt_mlir.kernels.borders import clipping_dim, pad_of
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.loops import Loop, reduction_loops, result_loops
from fdt_mlir.kernels.micro_kernel import QUAD, Dot, Lanewise, innermost_reduction

Result = Value | Variable
"""What a stage computed: a reduction leaves it in its accumulator."""
MicroLoops = DotLoops | TapLoops | LaneLoops


def emit_loops(body: KernelBody) -> None:
    """Write the loops at the current insertion point."""
    cursor = Cursor(body)
    nest = _Nest(body, cursor, _micro_loops(body, cursor))
    if nest.micro is not None:
        nest.micro.prepare()
    nest.open(result_loops(body.kernel, body.accesses))


def _micro_loops(body: KernelBody, cursor: Cursor) -> MicroLoops | None:
    micro = body.blocking.micro
    if isinstance(micro, Dot):
        return DotLoops(micro, cursor)
    if isinstance(micro, Lanewise):
        stage = innermost_reduction(body.kernel)
        assert stage is not None
        return LaneLoops(micro, cursor, stage)
    if micro is None:
        return None
    (stage,) = (stage for stage in body.kernel.stages if stage.reduces)
    return TapLoops(micro, cursor, stage, body.padding)


@dataclass
class _Nest:
    body: KernelBody
    cursor: Cursor
    micro: MicroLoops | None
    # What a stage gave in each lane of the block; one for all where they agree.
    stage_values: dict[int, Sequence[Result]] = field(default_factory=dict[int, Sequence[Result]])
    inside: bool = True
    # All lanes of the result in one vector.
    vector: VectorResult | None = None
    shared: dict[int, Value] = field(default_factory=dict[int, Value])
    bounds: dict[tuple[int, int], Bounds] = field(default_factory=dict[tuple[int, int], Bounds])

    def open(self, loops: Sequence[Loop]) -> None:
        self._run_ready_stages()
        if not loops:
            return self._store()
        if len(loops) == 1 and self.body.blocking.lanes > 1:
            return self._open_block(loops[0])
        low, high = self.cursor.slice(loops[0])
        with loop(self.body.names[loops[0].last], low, high) as counter:
            # Backwards over the same points: no loop of the result is sliced then.
            value = loops[0].extent - 1 - counter if self.body.kernel.reverse else counter
            self._inside(loops, value)
        return None

    def _open_block(self, innermost: Loop) -> None:
        """The innermost loop of the result in steps of a block, and what is left of it."""
        self._clip_ready_windows()
        if self._is_nest():
            self._write_blocks(innermost, inside=False)
        else:
            either_way(self._all_inside(), lambda inside: self._write_blocks(innermost, inside))
        self.cursor.lanes = 1

    def _write_blocks(self, innermost: Loop, inside: bool) -> None:
        parts = self.body.blocking.splits(innermost.extent)
        reverse = self.body.kernel.reverse
        self.inside = inside
        if isinstance(self.micro, TapLoops):
            bounds = {dim: ends for (_, dim), ends in self.bounds.items()}
            self.micro.reach(bounds, inside and self._distinguishes_borders())
        for first, end, lanes in reversed(parts) if reverse else parts:
            self.cursor.lanes = lanes
            name = self.body.names[innermost.last]
            with loop(name, index(first), index(end), lanes) as counter:
                value = first + end - lanes - counter if reverse else counter
                self._inside([innermost], value)

    def _inside(self, loops: Sequence[Loop], value: Value) -> None:
        saved = self.cursor.enter(loops[0], value)
        self.open(loops[1:])
        self._leave(loops[0], saved)

    def _leave(self, left: Loop, saved: dict[int, Value]) -> None:
        self.cursor.leave(left, saved)
        for number, stage in enumerate(self.body.kernel.stages):
            if set(stage.over) & set(left.dims):
                self.stage_values.pop(number, None)
        for key in [key for key in self.bounds if not self._known(key)]:
            del self.bounds[key]

    def _store(self) -> None:
        """Write the block, after all that it reads has been read."""
        result = self.body.result
        if self._is_stored_whole():
            assert isinstance(self.micro, LaneLoops)
            return self.micro.store(result)
        if self.vector is not None:
            place = address(self.body.pointers[result], self.cursor.element(result))
            return self.vector.store(place)
        final = self.stage_values[len(self.body.kernel.stages) - 1]
        for lane, value in enumerate(final):
            store(self.body.pointers[result], self.cursor.element(result, lane), _value(value))
        return None

    def _is_stored_whole(self) -> bool:
        """Whether a register of a micro-kernel holds neighbouring elements of the result."""
        final, micro = self.body.kernel.stages[-1], self.micro
        if not isinstance(micro, LaneLoops) or not micro.covers(final) or not micro.keeps_bytes:
            return False
        return self.cursor.has_adjacent_lanes(self.body.result)

    # Stages

    def _run_ready_stages(self, before: int | None = None) -> None:
        """Run the stages whose loops are open; inside a reduction, only those `before` it."""
        for number, stage in enumerate(self.body.kernel.stages[:before]):
            ready = set(stage.over) <= set(self.cursor.opened)
            if number not in self.stage_values and ready:
                self.stage_values[number] = self._run(stage)

    def _lanes(self, stage: Stage) -> int:
        """How many values of a stage a block has."""
        return self.cursor.lanes if self.body.blocking.dim in stage.over else 1

    def _run(self, stage: Stage) -> Sequence[Result]:
        self.shared = {}
        lanes = range(self._lanes(stage))
        if stage.reduces:
            return self._run_reduction(stage, lanes)
        self.vector = self._run_on_vectors(stage)
        if self.vector is not None:
            return []
        arguments = (self._arguments(stage, stage.args, lane) for lane in lanes)
        return [local("result", self.body.evaluate(stage, each)) for each in arguments]

    def _run_on_vectors(self, stage: Stage) -> VectorResult | None:
        """Compute a final stage in all lanes at once; None where that cannot be."""
        is_final = stage is self.body.kernel.stages[-1] and self._lanes(stage) == LANES
        if not self.body.vectors or not is_final:
            return None
        if not self.cursor.has_adjacent_lanes(self.body.result):
            return None
        arguments = [self._vector_argument(stage, name) for name in stage.args]
        known = [argument for argument in arguments if argument is not None]
        complete = len(known) == len(arguments)
        return vector_stage(self.body.functions[stage.body], known) if complete else None

    def _vector_argument(self, stage: Stage, name: str) -> VectorArgument | None:
        """An argument of a stage in all lanes; None where it is not to be had as a vector."""
        kind, _, number = name.partition(":")
        if kind == "stage":
            return computed_argument([_value(each) for each in self.stage_values[int(number)]])
        if kind != "in" or self._leaving(stage, int(number)):
            return None
        return read_argument(
            self.cursor, int(number), lambda: self._load(stage, int(number), lane=0)
        )

    def _run_reduction(self, stage: Stage, lanes: Sequence[int]) -> Sequence[Result]:
        assert stage.init is not None
        starts = [
            inline_function(
                self.body.functions[stage.init], self._arguments(stage, stage.init_args, lane)
            )
            for lane in lanes
        ]
        ranges = [self._accumulator_ranges(stage, start) for start in starts]
        totals = [total for _, total in ranges]
        if isinstance(self.micro, LaneLoops) and self.micro.covers(stage):
            self.micro.start()
            self._open_reduction(stage, [])
            return [] if self._is_stored_whole() else self.micro.values(starts, totals)
        known = [total.low for total in totals if total is not None and total.low == total.high]
        if len(known) == len(totals):  # products with zero
            return [constant(low, start.type) for low, start in zip(known, starts, strict=True)]
        accumulators = [
            variable("acc", start, limits)
            for start, (limits, _) in zip(starts, ranges, strict=True)
        ]
        if isinstance(self.micro, TapLoops) and len(lanes) == QUAD:  # never one of several
            self.micro.emit(accumulators)
        else:
            self._open_reduction(stage, accumulators)
        return [replace(acc, range=total) for acc, total in zip(accumulators, totals, strict=True)]

    def _open_reduction(self, stage: Stage, accumulators: list[Variable]) -> None:
        loops = reduction_loops(self.body.kernel, self.body.accesses, stage.reduces)
        if self.micro is None or not self._is_nest() or not self._contracts(stage):
            return self._reduce_window(stage, loops, accumulators)

        def reduce(inside: bool) -> None:
            self.inside = inside
            self._reduce_window(stage, loops, accumulators)

        # Only inside of other reductions is it known what of a window lies inside.
        self._clip_ready_windows()
        return either_way(self._all_inside(), reduce)

    def _is_nest(self) -> bool:
        """Whether reductions run inside of others: layers that were merged."""
        return sum(bool(stage.reduces) for stage in self.body.kernel.stages) > 1

    def _contracts(self, stage: Stage) -> bool:
        return stage is innermost_reduction(self.body.kernel)

    def _reduce_window(
        self, stage: Stage, loops: Sequence[Loop], accumulators: list[Variable]
    ) -> None:
        """A reduction; a window over a ring of pixels row by row, where a micro-kernel runs."""
        window = None
        if isinstance(self.micro, DotLoops) and self._contracts(stage):
            window = ring_runs(self.micro, loops)
        if window is None:
            return self._reduce(stage, loops, accumulators)
        across = self._clipped(stage, window.columns)

        def reduce_row(place: Value) -> None:
            def reduce(is_joined: bool) -> None:
                if is_joined:
                    window.emit(place, across, accumulators)
                else:
                    self._reduce(stage, loops[-2:], accumulators)

            either_way(window.is_joined(place, across), reduce)

        if window.rows is None:
            return reduce_row(window.first_place(None, across).get())
        down = self._clipped(stage, window.rows)
        place = window.first_place(down, across)
        with loop(self.body.names[window.rows.last], *down) as value:
            saved = self.cursor.enter(window.rows, value)
            self._run_ready_stages(before=self.body.kernel.stages.index(stage))
            reduce_row(place.get())
            window.next_row(place)
            self._leave(window.rows, saved)
        return None

    def _reduce(self, stage: Stage, loops: Sequence[Loop], accumulators: list[Variable]) -> None:
        self._run_ready_stages(before=self.body.kernel.stages.index(stage))
        if not loops:
            return self._step(stage, accumulators)
        low, high = self._clipped(stage, loops[0])
        if compare(low, ">=", high).constant:
            return None  # the window lies outside for every element of the result
        if isinstance(self.micro, DotLoops) and self._contracts(stage) and len(loops) == 1:
            return self.micro.emit(loops[0], (low, high), accumulators, self.inside)
        with loop(self.body.names[loops[0].last], low, high) as value:
            saved = self.cursor.enter(loops[0], value)
            self._reduce(stage, loops[1:], accumulators)
            self._leave(loops[0], saved)
        return None

    def _step(self, stage: Stage, accumulators: Sequence[Variable]) -> None:
        """One step of a reduction in every lane; what lanes have in common is read once."""
        if isinstance(self.micro, LaneLoops) and self.micro.covers(stage):
            return self.micro.step()
        self.shared = {}
        body = self.body.functions[stage.body]
        for lane, accumulator in enumerate(accumulators):
            arguments = self._arguments(stage, stage.args, lane, accumulator.get())
            accumulator.set(inline_function(body, arguments))
        self.shared = {}
        return None

    # Borders

    def _clipped(self, stage: Stage, window: Loop) -> Bounds:
        known = self.bounds.get((self.body.kernel.stages.index(stage), window.first))
        return known if known is not None else self.cursor.clip(window, stage)

    def _clip_ready_windows(self) -> None:
        """Find once what the windows of all elements of the innermost loop have inside."""
        for number, stage in enumerate(self.body.kernel.stages):
            for window in reduction_loops(self.body.kernel, self.body.accesses, stage.reduces):
                clips = bool(self.cursor.clipping(window, stage))
                if clips and self.cursor.can_clip(window, stage):
                    self.bounds[number, window.first] = self.cursor.clip(window, stage)

    def _all_inside(self) -> Value:
        """Whether all of an element's window is inside, where a micro-kernel wants to know."""
        conditions: list[Value] = []
        for number, stage in enumerate(self.body.kernel.stages):
            windows = reduction_loops(self.body.kernel, self.body.accesses, stage.reduces)
            for window in windows if isinstance(self.micro, TapLoops) else windows[-1:]:
                ends = self.bounds.get((number, window.first))
                if ends is not None and self._distinguishes_borders():
                    conditions.append(compare(ends[1] - ends[0], "==", window.extent))
        return both(conditions)

    def _distinguishes_borders(self) -> bool:
        if isinstance(self.micro, DotLoops):
            return not self.micro.micro.whole
        return isinstance(self.micro, TapLoops) and self.micro.micro.split

    def _known(self, key: tuple[int, int]) -> bool:
        """Whether the bounds of a window hold outside of the loop just left."""
        number, dim = key
        stage = self.body.kernel.stages[number]
        return self.cursor.can_clip(Loop((dim,), self.body.kernel.dims[dim]), stage)

    # Ranges

    def _accumulator_ranges(self, stage: Stage, start: Value) -> tuple[Range | None, Range | None]:
        """What the accumulator holds before any step, and after the last, where it is a sum.

        A stage is a sum if what one step makes of an accumulator moves with it: from zero it
        gives the range of a single term, from any other number that range and the number.
        """
        if start.range is None or width_of(start.type) < 32:
            return None, None  # no sums are kept in narrow types
        probe = range_of_type(start.type).high // 4
        term, moved = (
            self._step_range(stage, start.type, 0),
            self._step_range(stage, start.type, probe),
        )
        if moved != Range(term.low + probe, term.high + probe):
            return None, None
        points = 1
        for dim in stage.reduces:
            points *= self.body.kernel.dims[dim]
        before, after = (
            Range(
                start.range.low + min(0, term.low) * steps,
                start.range.high + max(0, term.high) * steps,
            )
            for steps in (points - 1, points)
        )
        # Sums that wrap around may hold anything.
        return (before, after) if after.within(range_of_type(start.type)) else (None, None)

    def _step_range(self, stage: Stage, accumulator_type: ir.Type, value: int) -> Range:
        with scratch_block():
            accumulator = constant(value, accumulator_type)
            arguments = [
                accumulator if name == "acc" else self._any_argument(stage, name)
                for name in stage.args
            ]
            result = inline_function(self.body.functions[stage.body], arguments).range
        assert result is not None
        return result

    # Arguments

    def _arguments(
        self, stage: Stage, names: Sequence[str], lane: int, accumulator: Value | None = None
    ) -> list[Argument]:
        return [self._argument(stage, name, lane, accumulator) for name in names]

    def _argument(self, stage: Stage, name: str, lane: int, accumulator: Value | None) -> Argument:
        if name == "acc":
            assert accumulator is not None
            return accumulator
        if name == "out":
            result = self.body.result
            return load(self.body.pointers[result], self.cursor.element(result, lane))
        kind, _, number = name.partition(":")
        position = int(number)
        if kind == "table":
            return self.body.pointers[position]
        if kind == "stage":
            values = self.stage_values[position]
            return _value(values[lane if len(values) > 1 else 0])
        if kind == "dim":
            return self.cursor.loop_values[position]
        if self.cursor.lane_step(position):
            return self._load(stage, position, lane)
        if position not in self.shared:
            self.shared[position] = self._load(stage, position, lane)
        return self.shared[position]

    def _any_argument(self, stage: Stage, name: str) -> Argument:
        """A stand-in for an argument before its loops are open: only its range counts."""
        kind, _, number = name.partition(":")
        position = int(number)
        if kind == "dim":
            return unknown(index(0).type, Range(0, self.body.kernel.dims[position] - 1))
        if kind == "in":
            return unknown(self.body.pointers[position].element_type, self._limits(position))
        if kind == "stage" and position not in self.stage_values:
            function = self.body.functions[self.body.kernel.stages[position].body]
            return unknown(function_result_type(function))
        return self._argument(stage, name, 0, None)

    def _load(self, stage: Stage, operand: int, lane: int) -> Value:
        """The element of an operand, or what it reads as beyond its border."""
        pointer = self.body.pointers[operand]
        kernel = self.body.kernel
        leaving = self._leaving(stage, operand)
        if not leaving:
            return load(pointer, self.cursor.element(operand, lane))
        pad = pad_of(kernel, operand)
        assert pad is not None, "an operand that is read beyond its border without a pad"
        padding = constant(number_of(pad.value), scalar_type(pointer.element_type))
        conditions = [condition for s in leaving for condition in self.cursor.inside(s)]
        if any(
            condition.constant is not None and not condition.constant for condition in conditions
        ):
            return padding
        unsure = [condition for condition in conditions if condition.constant is None]
        element = variable(self.body.operand_names[operand], padding, self._limits(operand))
        with ExitStack() as branches:
            for condition in unsure:
                branches.enter_context(when(condition))
            element.set(load(pointer, self.cursor.element(operand, lane)))
        return element.get()

    def _leaving(self, stage: Stage, operand: int) -> list[Subscript]:
        """The subscripts with which an operand is read beyond its border."""
        return [
            subscript
            for subscript in self.cursor.leaving(operand)
            if clipping_dim(self.body.kernel, stage, operand, subscript) is None
        ]

    def _limits(self, operand: int) -> Range | None:
        """What is known of an operand's elements, padding included."""
        elements = self.body.pointers[operand].elements
        pad = pad_of(self.body.kernel, operand)
        if elements is None or pad is None:
            return elements
        padding = int(number_of(pad.value))
        return elements.union(Range(padding, padding))


def _value(result: Result) -> Value:
    return result.get() if isinstance(result, Variable) else result
