"""The loops of one kernel, for any structured computation.

This is the generator that covers everything: loops over the result, the innermost of them in blocks
of neighbouring elements, and within them the stages of the kernel, each as soon as its loops are
open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.conditions import both
from fdt_mlir.emitc.cursor import Bounds, Cursor, KernelBody
from fdt_mlir.emitc.inline_function import inline_function
from fdt_mlir.emitc.lane_loops import LaneLoops
from fdt_mlir.emitc.micro_loops import DotLoops, TapLoops
from fdt_mlir.emitc.ring_runs import ring_runs
from fdt_mlir.emitc.stage_arguments import Result, StageArguments, value_of
from fdt_mlir.emitc.statements import (
    Variable,
    address,
    either_way,
    index,
    local,
    loop,
    store,
    variable,
)
from fdt_mlir.emitc.types import Range, range_of_type, width_of
from fdt_mlir.emitc.values import Value, compare, constant, scratch_block
from fdt_mlir.emitc.vector_stage import (
    LANES,
    VectorResult,
    vector_stage,
)
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.loops import Loop, reduction_loops, result_loops
from fdt_mlir.kernels.micro_kernel import QUAD, Dot, Lanewise, innermost_reduction

MicroLoops = DotLoops | TapLoops | LaneLoops


def emit_loops(body: KernelBody) -> None:
    """Write the loops at the current insertion point."""
    cursor = Cursor(body)
    nest = _Nest(body, cursor, _micro_loops(body, cursor), StageArguments(body, cursor))
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
    arguments: StageArguments
    inside: bool = True
    # All lanes of the result in one vector.
    vector: VectorResult | None = None
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
                self.arguments.values.pop(number, None)
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
        final = self.arguments.values[len(self.body.kernel.stages) - 1]
        for lane, value in enumerate(final):
            store(self.body.pointers[result], self.cursor.element(result, lane), value_of(value))
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
            if number not in self.arguments.values and ready:
                self.arguments.values[number] = self._run(stage)

    def _lanes(self, stage: Stage) -> int:
        """How many values of a stage a block has."""
        return self.cursor.lanes if self.body.blocking.dim in stage.over else 1

    def _run(self, stage: Stage) -> Sequence[Result]:
        self.arguments.shared = {}
        lanes = range(self._lanes(stage))
        if stage.reduces:
            return self._run_reduction(stage, lanes)
        self.vector = self._run_on_vectors(stage)
        if self.vector is not None:
            return []
        words = self.arguments.words(stage, self._lanes(stage))
        return [
            local(
                "result", self.body.evaluate(stage, self.arguments.with_words(stage, lane, words))
            )
            for lane in lanes
        ]

    def _run_on_vectors(self, stage: Stage) -> VectorResult | None:
        """Compute a final stage in all lanes at once; None where that cannot be."""
        is_final = stage is self.body.kernel.stages[-1] and self._lanes(stage) == LANES
        if not self.body.vectors or not is_final:
            return None
        if not self.cursor.has_adjacent_lanes(self.body.result):
            return None
        arguments = [self.arguments.as_vector(stage, name) for name in stage.args]
        known = [argument for argument in arguments if argument is not None]
        complete = len(known) == len(arguments)
        return vector_stage(self.body.functions[stage.body], known) if complete else None

    def _run_reduction(self, stage: Stage, lanes: Sequence[int]) -> Sequence[Result]:
        assert stage.init is not None
        starts = [
            inline_function(
                self.body.functions[stage.init], self.arguments.all_of(stage, stage.init_args, lane)
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
        down = None if window.rows is None else self._clipped(stage, window.rows)
        if _is_empty(across) or (down is not None and _is_empty(down)):
            return self._reduce(stage, loops, accumulators)  # which leaves it out

        def reduce_row(place: Value) -> None:
            def reduce(is_joined: bool) -> None:
                if is_joined:
                    window.emit(place, across, accumulators)
                else:
                    self._reduce(stage, loops[-2:], accumulators)

            either_way(window.is_joined(place, across), reduce)

        if window.rows is None or down is None:
            return reduce_row(window.first_place(None, across).get())
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
        if _is_empty((low, high)):
            return None
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
        self.arguments.shared = {}
        body = self.body.functions[stage.body]
        for lane, accumulator in enumerate(accumulators):
            arguments = self.arguments.all_of(stage, stage.args, lane, accumulator.get())
            accumulator.set(inline_function(body, arguments))
        self.arguments.shared = {}
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
                accumulator if name == "acc" else self.arguments.any_of(stage, name)
                for name in stage.args
            ]
            result = inline_function(self.body.functions[stage.body], arguments).range
        assert result is not None
        return result


def _is_empty(bounds: Bounds) -> bool:
    """Whether a window lies outside for every element of the result."""
    low, high = bounds
    return bool(compare(low, ">=", high).constant)
