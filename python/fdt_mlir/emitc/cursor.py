"""Where a kernel's loops stand: element indices of its operands, what lies inside their borders.

Each access keeps a running element index that grows as loops are entered, so the inner loop adds a
single product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import (
    divide,
    maximum,
    minimum,
    remainder,
)
from fdt_mlir.emitc.inline_function import Moved
from fdt_mlir.emitc.scalar_functions import Argument
from fdt_mlir.emitc.statements import Pointer, index, local
from fdt_mlir.emitc.values import Value, compare
from fdt_mlir.kernels.access import Access, Linear, Subscript
from fdt_mlir.kernels.blocking import Blocking
from fdt_mlir.kernels.borders import clipping_dim
from fdt_mlir.kernels.kernel import Kernel, Stage
from fdt_mlir.kernels.loops import Loop
from fdt_mlir.kernels.micro_kernel import Dot

Bounds = tuple[Value, Value]
Evaluate = Callable[[Stage, Sequence[Argument | Moved]], Value]


@dataclass(frozen=True)
class KernelBody:
    """All that the loops need: the kernel, its accesses, and what is bound to its parameters.

    `bounds` holds begin and end of every slice, `origins` the element index at which the window of
    an operand begins. `functions` are the scalar functions by name; `names` the C names of the
    loops; `evaluate` computes a stage that does not reduce (inline or by a call); `padding` points
    to as many constants of one value as asked for. `vectors`: whether the core has vectors of four
    numbers of 32 bits; `words`: whether it adds bytes out of words.
    """

    kernel: Kernel
    accesses: tuple[Access, ...]
    blocking: Blocking
    pointers: tuple[Pointer, ...]
    bounds: tuple[Value, ...]
    origins: Mapping[int, Value]
    functions: Mapping[str, ir.Operation]
    names: tuple[str, ...]
    operand_names: tuple[str, ...]
    evaluate: Evaluate
    padding: Callable[[int, int], ir.Value]
    vectors: bool = False
    words: bool = False

    @property
    def result(self) -> int:
        """The number of the operand that is written."""
        return len(self.accesses) - 1


@dataclass
class Cursor:
    """The place that the loops opened so far lead to.

    In the innermost loop of the result, `lanes` neighbouring elements are computed together.
    """

    body: KernelBody
    lanes: int = 1
    opened: list[int] = field(default_factory=list[int])
    loop_values: dict[int, Value] = field(default_factory=dict[int, Value])
    indices: dict[int, Value] = field(default_factory=dict[int, Value])

    def __post_init__(self) -> None:
        for number, access in enumerate(self.body.accesses):
            start = index(access.linear(len(self.body.kernel.dims)).constant)
            start = start - self.body.origins.get(number, index(0))
            self.indices[number] = start + self._in_rings(access, entered=())

    def enter(self, entered: Loop, value: Value) -> dict[int, Value]:
        """Move into a loop; returns what `leave` needs."""
        saved = dict(self.indices)
        self.opened += entered.dims
        if len(entered.dims) == 1:
            self.loop_values[entered.first] = value
        for number, access in enumerate(self.body.accesses):
            step = self._coefficient(number, entered.last)
            if step:
                with ir.Location.name(f"{self.body.operand_names[number]}_index"):
                    self.indices[number] = self.indices[number] + value * step
            self.indices[number] = self.indices[number] + self._in_rings(access, entered.dims)
        return saved

    def leave(self, left: Loop, saved: dict[int, Value]) -> None:
        """Move out of the loop entered last."""
        self.indices = saved
        del self.opened[len(self.opened) - len(left.dims) :]

    def element(self, operand: int, lane: int = 0) -> Value:
        """The element index of an operand, rings included."""
        return self.indices[operand] + self.lane_step(operand) * lane

    def lane_step(self, operand: int) -> int:
        """How far apart the elements of neighbouring lanes are."""
        if self.lanes == 1:
            return 0
        if operand in self.body.blocking.interleaved:
            micro = self.body.blocking.micro
            return micro.elements if isinstance(micro, Dot) else 1
        return self._linear(operand)[self.body.blocking.dim]

    def has_adjacent_lanes(self, operand: int) -> bool:
        """Whether neighbouring lanes are neighbours in memory."""
        return self._linear(operand)[self.body.blocking.dim] == 1

    def _coefficient(self, operand: int, dim: int) -> int:
        coefficient = self._linear(operand)[dim]
        interleaved = operand in self.body.blocking.interleaved
        return coefficient * self.lanes if interleaved and not self._in_result(dim) else coefficient

    def _linear(self, operand: int) -> tuple[int, ...]:
        return self.body.accesses[operand].linear(len(self.body.kernel.dims)).coefficients

    def _in_result(self, dim: int) -> bool:
        return dim < self.body.kernel.result_dims

    def _in_rings(self, access: Access, entered: Sequence[int]) -> Value:
        """What rings add to the index of an operand, once all loops that move in them are open."""
        total = index(0)
        for ring in access.rings():
            dims = ring.position.dims
            if set(dims) <= set(self.opened) and (
                set(dims) & set(entered) or not (dims or entered)
            ):
                place = remainder(self.position(ring.position), ring.size)
                total = total + place * ring.stride
        return total

    # Borders

    def leaving(self, operand: int) -> tuple[Subscript, ...]:
        """The subscripts of an operand that reach beyond it."""
        return self.body.accesses[operand].leaving(self.body.kernel.dims)

    def position(self, position: Linear, without: int | None = None) -> Value:
        """Where the opened loops have led, one of them left out."""
        total = index(position.constant)
        for dim, coefficient in enumerate(position.coefficients):
            if coefficient and dim != without:
                total = total + self.loop_values[dim] * coefficient
        return total

    def inside(self, subscript: Subscript) -> tuple[Value, Value]:
        """The conditions for a subscript to point into its operand."""
        position = self.position(subscript.position)
        return compare(position, ">=", 0), compare(position, "<", subscript.extent)

    def slice(self, outer: Loop) -> tuple[Value, Value]:
        """The range of a loop: all of it, or what the call's scalars say."""
        kernel = self.body.kernel
        if outer.first not in kernel.slices:
            return index(0), index(outer.extent)
        position = 2 * kernel.slices.index(outer.first)
        begin, end = self.body.bounds[position : position + 2]
        return begin * outer.inner, end * outer.inner

    def clip(self, window: Loop, stage: Stage) -> tuple[Value, Value]:
        """The part of a window that lies inside the operands, where padding is neutral."""
        dim = window.first
        low, high = self.slice(Loop((dim,), self.body.kernel.dims[dim]))
        for subscript in self.clipping(window, stage):
            first, end = self._window(subscript, dim)
            low, high = maximum(low, first), minimum(high, end)
        name = self.body.names[window.last]
        ends = low * window.inner, high * window.inner
        return local(f"{name}_begin", ends[0]), local(f"{name}_end", ends[1])

    def clipping(self, window: Loop, stage: Stage) -> list[Subscript]:
        """The subscripts for whose sake the loop of a window is shortened."""
        kernel = self.body.kernel
        return [
            subscript
            for pad in kernel.pads
            for subscript in self.leaving(pad.operand)
            if clipping_dim(kernel, stage, pad.operand, subscript) == window.first
        ]

    def can_clip(self, window: Loop, stage: Stage) -> bool:
        """Whether all loops are open that say how much of a window lies inside."""
        needed = {dim for s in self.clipping(window, stage) for dim in s.position.dims}
        return needed - {window.first} <= set(self.opened)

    def _window(self, subscript: Subscript, dim: int) -> tuple[Value, Value]:
        """First and end value of loop `dim` for which the subscript is inside its operand."""
        step = subscript.position.coefficients[dim]
        with ir.Location.name(f"{self.body.names[dim]}_origin"):
            origin = self.position(subscript.position, without=dim)
        first = _divide_up(0 - origin, step)
        end = _divide_up(subscript.extent - origin, step)
        return first, end


def _divide_up(value: Value, divisor: int) -> Value:
    """Quotient rounded up; negative values give at most 0, which is all a window asks."""
    if divisor == 1:
        return value
    positive = maximum(value, 0)
    return divide(positive + (divisor - 1), divisor)
