"""The loops of one kernel, for any structured computation.

This is the generator that covers everything; faster ones for common kinds take its place where
they apply. Each access keeps a running element index that grows as loops are entered, so the inner
loop adds a single product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fdt_mlir.attributes import number_of
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.scalar_functions import (
    Argument,
    function_result_type,
    inline_function,
    scalar_type,
)
from fdt_mlir.emitc.statements import (
    Pointer,
    Variable,
    index,
    load,
    loop,
    store,
    variable,
    when,
)
from fdt_mlir.emitc.types import Range, range_of_type, width_of
from fdt_mlir.emitc.values import (
    Value,
    compare,
    constant,
    divide,
    maximum,
    minimum,
    remainder,
    scratch_block,
    unknown,
)
from fdt_mlir.kernels.access import Access, Subscript
from fdt_mlir.kernels.borders import clipping_dim, pad_of
from fdt_mlir.kernels.kernel import Kernel, Stage
from fdt_mlir.kernels.loops import Loop, reduction_loops, result_loops

Evaluate = Callable[[Stage, Sequence[Argument]], Value]


@dataclass(frozen=True)
class KernelBody:
    """All that the loops need: the kernel, its accesses, and what is bound to its parameters.

    `bounds` holds begin and end of every slice, `origins` the element index at which the window of
    an operand begins. `functions` are the scalar functions by name; `names` the C names of the
    loops; `evaluate` computes a stage that does not reduce (inline or by a call).
    """

    kernel: Kernel
    accesses: tuple[Access, ...]
    pointers: tuple[Pointer, ...]
    bounds: tuple[Value, ...]
    origins: Mapping[int, Value]
    functions: Mapping[str, ir.Operation]
    names: tuple[str, ...]
    operand_names: tuple[str, ...]
    evaluate: Evaluate


def emit_loops(body: KernelBody) -> None:
    """Write the loops at the current insertion point."""
    _Nest(body).emit()


@dataclass
class _Nest:
    body: KernelBody
    opened: list[int] = field(default_factory=list[int])
    loop_values: dict[int, Value] = field(default_factory=dict[int, Value])
    indices: dict[int, Value] = field(default_factory=dict[int, Value])
    stage_values: dict[int, Value] = field(default_factory=dict[int, Value])

    def emit(self) -> None:
        kernel = self.body.kernel
        for number, access in enumerate(self.body.accesses):
            start = index(access.linear(len(kernel.dims)).constant)
            start = start - self.body.origins.get(number, index(0))
            self.indices[number] = start + self._in_rings(access, entered=())
        self._open(result_loops(kernel, self.body.accesses))

    def _open(self, loops: Sequence[Loop]) -> None:
        self._run_ready_stages()
        if not loops:
            result = len(self.body.accesses) - 1
            final = self.stage_values[len(self.body.kernel.stages) - 1]
            store(self.body.pointers[result], self._element(result), final)
            return
        low, high = self._slice(loops[0])
        with loop(self.body.names[loops[0].last], low, high) as counter:
            # Backwards over the same points: no loop of the result is sliced then.
            value = loops[0].extent - 1 - counter if self.body.kernel.reverse else counter
            saved = self._enter(loops[0], value)
            self._open(loops[1:])
            self._leave(loops[0], saved)

    def _slice(self, outer: Loop) -> tuple[Value, Value]:
        """The range of a result loop: all of it, or what the call's scalars say."""
        kernel = self.body.kernel
        if outer.first not in kernel.slices:
            return index(0), index(outer.extent)
        position = 2 * kernel.slices.index(outer.first)
        begin, end = self.body.bounds[position : position + 2]
        return begin * outer.inner, end * outer.inner

    def _enter(self, entered: Loop, value: Value) -> dict[int, Value]:
        saved = dict(self.indices)
        self.opened += entered.dims
        if len(entered.dims) == 1:
            self.loop_values[entered.first] = value
        dims = len(self.body.kernel.dims)
        for number, access in enumerate(self.body.accesses):
            coefficient = access.linear(dims).coefficients[entered.last]
            if coefficient:
                with ir.Location.name(f"{self.body.operand_names[number]}_index"):
                    self.indices[number] = self.indices[number] + value * coefficient
            self.indices[number] = self.indices[number] + self._in_rings(access, entered.dims)
        return saved

    def _in_rings(self, access: Access, entered: Sequence[int]) -> Value:
        """What rings add to the index of an operand, once all loops that move in them are open."""
        total = index(0)
        for subscript in access.rings():
            dims = subscript.position.dims
            if set(dims) <= set(self.opened) and (
                set(dims) & set(entered) or not (dims or entered)
            ):
                assert subscript.ring is not None
                row = remainder(self._position(subscript), subscript.ring)
                total = total + row * subscript.stride
        return total

    def _leave(self, left: Loop, saved: dict[int, Value]) -> None:
        self.indices = saved
        del self.opened[len(self.opened) - len(left.dims) :]
        for number, stage in enumerate(self.body.kernel.stages):
            if set(stage.over) & set(left.dims):
                self.stage_values.pop(number, None)

    # Stages

    def _run_ready_stages(self, before: int | None = None) -> None:
        """Run the stages whose loops are open; inside a reduction, only those `before` it."""
        for number, stage in enumerate(self.body.kernel.stages[:before]):
            if number not in self.stage_values and set(stage.over) <= set(self.opened):
                self.stage_values[number] = self._run(stage)

    def _run(self, stage: Stage) -> Value:
        if not stage.reduces:
            return self.body.evaluate(stage, self._arguments(stage, stage.args))
        assert stage.init is not None
        start = inline_function(
            self.body.functions[stage.init], self._arguments(stage, stage.init_args)
        )
        limits, total = self._accumulator_ranges(stage, start)
        accumulator = variable("acc", start, limits)
        loops = reduction_loops(self.body.kernel, self.body.accesses, stage.reduces)
        self._reduce(stage, loops, accumulator)
        return replace(accumulator, range=total).get()

    def _reduce(self, stage: Stage, loops: Sequence[Loop], accumulator: Variable) -> None:
        self._run_ready_stages(before=self.body.kernel.stages.index(stage))
        if not loops:
            arguments = self._arguments(stage, stage.args, accumulator.get())
            accumulator.set(inline_function(self.body.functions[stage.body], arguments))
            return
        low, high = self._clipped(loops[0], stage)
        if compare(low, ">=", high).constant:
            return  # the window lies outside for every element of the result
        with loop(self.body.names[loops[0].last], low, high) as value:
            saved = self._enter(loops[0], value)
            self._reduce(stage, loops[1:], accumulator)
            self._leave(loops[0], saved)

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
        self, stage: Stage, names: Sequence[str], accumulator: Value | None = None
    ) -> list[Argument]:
        return [self._argument(stage, name, accumulator) for name in names]

    def _argument(self, stage: Stage, name: str, accumulator: Value | None) -> Argument:
        if name == "acc":
            assert accumulator is not None
            return accumulator
        if name == "out":
            result = len(self.body.accesses) - 1
            return load(self.body.pointers[result], self._element(result))
        kind, _, number = name.partition(":")
        position = int(number)
        if kind == "table":
            return self.body.pointers[position]
        if kind == "stage":
            return self.stage_values[position]
        if kind == "dim":
            return self.loop_values[position]
        return self._load(stage, position)

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
        return self._argument(stage, name, None)

    def _load(self, stage: Stage, operand: int) -> Value:
        """The element of an operand, or what it reads as beyond its border."""
        pointer = self.body.pointers[operand]
        leaving = [
            s for s in self._leaving(operand) if self._clipping_dim(stage, operand, s) is None
        ]
        if not leaving:
            return load(pointer, self._element(operand))
        pad = pad_of(self.body.kernel, operand)
        assert pad is not None, "an operand that is read beyond its border without a pad"
        padding = constant(number_of(pad.value), scalar_type(pointer.element_type))
        conditions = [condition for s in leaving for condition in self._inside(s)]
        if any(
            condition.constant is not None and not condition.constant for condition in conditions
        ):
            return padding
        unsure = [condition for condition in conditions if condition.constant is None]
        element = variable(self.body.operand_names[operand], padding, self._limits(operand))
        self._load_where(unsure, operand, element)
        return element.get()

    def _limits(self, operand: int) -> Range | None:
        """What is known of an operand's elements, padding included."""
        elements = self.body.pointers[operand].elements
        pad = pad_of(self.body.kernel, operand)
        if elements is None or pad is None:
            return elements
        padding = int(number_of(pad.value))
        return elements.union(Range(padding, padding))

    def _load_where(self, conditions: Sequence[Value], operand: int, element: Variable) -> None:
        if not conditions:
            element.set(load(self.body.pointers[operand], self._element(operand)))
            return
        with when(conditions[0]):
            self._load_where(conditions[1:], operand, element)

    def _element(self, operand: int) -> Value:
        """The element index of an operand, rings included."""
        return self.indices[operand]

    # Borders

    def _leaving(self, operand: int) -> tuple[Subscript, ...]:
        return self.body.accesses[operand].leaving(self.body.kernel.dims)

    def _clipping_dim(self, stage: Stage, operand: int, subscript: Subscript) -> int | None:
        return clipping_dim(self.body.kernel, stage, operand, subscript)

    def _position(self, subscript: Subscript, without: int | None = None) -> Value:
        total = index(subscript.position.constant)
        for dim, coefficient in enumerate(subscript.position.coefficients):
            if coefficient and dim != without:
                total = total + self.loop_values[dim] * coefficient
        return total

    def _inside(self, subscript: Subscript) -> tuple[Value, Value]:
        position = self._position(subscript)
        return compare(position, ">=", 0), compare(position, "<", subscript.extent)

    def _clipped(self, window: Loop, stage: Stage) -> tuple[Value, Value]:
        """The part of a window that lies inside the operands, where padding is neutral."""
        dim = window.first
        kernel = self.body.kernel
        low, high = index(0), index(kernel.dims[dim])
        if dim in kernel.slices:
            position = 2 * kernel.slices.index(dim)
            low, high = self.body.bounds[position : position + 2]
        for pad in kernel.pads:
            for subscript in self._leaving(pad.operand):
                if self._clipping_dim(stage, pad.operand, subscript) == dim:
                    first, end = self._window(subscript, dim)
                    low, high = maximum(low, first), minimum(high, end)
        return low * window.inner, high * window.inner

    def _window(self, subscript: Subscript, dim: int) -> tuple[Value, Value]:
        """First and end value of loop `dim` for which the subscript is inside its operand."""
        step = subscript.position.coefficients[dim]
        with ir.Location.name(f"{self.body.names[dim]}_origin"):
            origin = self._position(subscript, without=dim)
        first = _divide_up(0 - origin, step)
        end = _divide_up(subscript.extent - origin, step)
        return first, end


def _divide_up(value: Value, divisor: int) -> Value:
    """Quotient rounded up; negative values give at most 0, which is all a window asks."""
    if divisor == 1:
        return value
    positive = maximum(value, 0)
    return divide(positive + (divisor - 1), divisor)
