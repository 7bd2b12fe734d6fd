"""The inner loops of micro-kernels: what `Dot` and `Taps` come to in C."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product as all_of

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.conditions import both
from fdt_mlir.emitc.cursor import Bounds, Cursor
from fdt_mlir.emitc.statements import Variable, address, index, local, loop
from fdt_mlir.emitc.types import Range, int_type
from fdt_mlir.emitc.values import Value, compare, computed, constant, create, remainder
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.loops import Loop
from fdt_mlir.kernels.micro_kernel import QUAD, Dot, Taps


def call_micro(
    callee: str, operands: Sequence[Value | ir.Value], name: str, limits: Range | None = None
) -> Value:
    """Call one of `micro_functions.py`."""
    values = [each.ir if isinstance(each, Value) else each for each in operands]
    attributes = {"callee": ir.StringAttr.get(callee)}
    called = create("call_opaque", [int_type(32)], values, attributes)
    return local(name, computed(called.results[0], limits))


def word(number: int) -> Value:
    return constant(number, int_type(32))


@dataclass
class DotLoops:
    """The innermost loop of dot products: a quad of input elements against those of all lanes."""

    micro: Dot
    cursor: Cursor
    zero_point: Value | None = None

    def prepare(self) -> None:
        """Compute what all loops need."""
        negated = word(-self.micro.product.zero_point)
        self.zero_point = call_micro("pair_s16", [negated], "input_offset")

    def emit(
        self,
        run: Loop,
        bounds: Bounds,
        accumulators: Sequence[Variable],
        inside: bool,
    ) -> None:
        """Write the loop over one run; `inside`: whether `bounds` are known to be all of it."""
        micro, name = self.micro, self.cursor.body.names[run.last]
        if micro.whole:
            with loop(name, *bounds, QUAD) as k:
                self._quad(run, k, accumulators, None)
            return
        if not inside:
            with loop(name, index(0), index(micro.padded_run), QUAD) as k:
                self._quad(run, k, accumulators, bounds)
            return
        rest = micro.run % QUAD
        with loop(name, index(0), index(micro.run - rest), QUAD) as k:
            self._quad(run, k, accumulators, None)
        if rest:
            ends = index(0), index(micro.run)
            self._quad(run, index(micro.run - rest), accumulators, ends)

    def _quad(
        self, run: Loop, k: Value, accumulators: Sequence[Variable], within: Bounds | None
    ) -> None:
        product, cursor = self.micro.product, self.cursor
        pointers = cursor.body.pointers
        x = self._load(k, within)
        saved = cursor.enter(run, k)
        if x is None:
            place = address(pointers[product.input], cursor.element(product.input))
            x = call_micro("load_s8x4", [place], "quad")
        assert self.zero_point is not None
        even = call_micro("add_even_s8", [self.zero_point, x], "even")
        odd = call_micro("add_odd_s8", [self.zero_point, x], "odd")
        dot = "dot_s16x4" if self.micro.wide else "dot_s8x4"
        for lane, accumulator in enumerate(accumulators):
            weights = address(pointers[product.weights], cursor.element(product.weights, lane))
            accumulator.set(call_micro(dot, [accumulator.get(), even, odd, weights], "sum"))
        cursor.leave(run, saved)

    def _load(self, k: Value, within: Bounds | None) -> Value | None:
        """The quad of a run of which only a part is there."""
        if within is None:
            return None
        product, cursor = self.micro.product, self.cursor
        start = address(cursor.body.pointers[product.input], cursor.element(product.input))
        operands = [start, k, *within, word(product.zero_point)]
        return call_micro("load_s8x4_within", operands, "quad")


@dataclass
class TapLoops:
    """A window over four adjacent channels: all its taps one after the other, in pairs."""

    micro: Taps
    cursor: Cursor
    stage: Stage
    zero_point: Value | None = None
    places: list[tuple[Value, int]] = field(default_factory=list[tuple[Value, int]])

    def prepare(self) -> None:
        """Compute what all loops need."""
        negated = word(-self.micro.product.zero_point)
        self.zero_point = call_micro("pair_s16", [negated], "input_offset")

    @property
    def points(self) -> list[tuple[int, ...]]:
        """The taps, in the order of their weights."""
        dims = self.cursor.body.kernel.dims
        return list(all_of(*(range(dims[reduced]) for reduced in self.stage.reduces)))

    def reach(self) -> None:
        """Find, before the block's loop is opened, how far each tap is from the first one."""
        product, cursor = self.micro.product, self.cursor
        access = cursor.body.accesses[product.input]
        steps = access.linear(len(cursor.body.kernel.dims)).coefficients
        rows: dict[tuple[int, int], Value] = {}
        self.places = []
        for point in self.points:
            at = dict(zip(self.stage.reduces, point, strict=True))
            fixed = sum(steps[dim] * k for dim, k in at.items())
            moving = index(0)
            for number, ring in enumerate(access.rings()):
                moved = [dim for dim in ring.position.dims if dim in at]
                key = (number, at[moved[0]] if moved else 0)
                if moved and key not in rows:
                    cursor.loop_values[moved[0]] = index(at[moved[0]])
                    assert ring.ring is not None
                    row = remainder(cursor.position(ring), ring.ring) * ring.stride
                    rows[key] = local("row", row)
                moving = moving + rows[key] if moved else moving
            self.places.append((moving, fixed))

    def emit(
        self, bounds: dict[int, Bounds], accumulators: Sequence[Variable], inside: bool
    ) -> None:
        """Write all taps; where the window is not `inside`, `bounds` say which of them count."""
        points = self.points
        for first in range(0, len(points), 2):
            pair = [self._load(tap, bounds, inside) for tap in range(first, len(points))[:2]]
            # Weights beyond the last tap are zero, whatever they are multiplied with.
            self._multiply(first, pair[0], pair[-1], accumulators)

    def _load(self, tap: int, bounds: dict[int, Bounds], inside: bool) -> Value:
        product, cursor = self.micro.product, self.cursor
        moving, fixed = self.places[tap]
        element = cursor.element(product.input) + moving + fixed
        place = address(cursor.body.pointers[product.input], element)
        if inside:
            return call_micro("load_s8x4", [place], "tap")
        conditions = [
            condition
            for dim, k in zip(self.stage.reduces, self.points[tap], strict=True)
            if dim in bounds
            for condition in (compare(bounds[dim][0], "<=", k), compare(bounds[dim][1], ">", k))
        ]
        hit = both(conditions)
        padding = (product.zero_point & 0xFF) * 0x01010101
        signed = padding - (1 << 32) if padding >> 31 else padding
        if hit.constant is not None:
            return call_micro("load_s8x4", [place], "tap") if hit.constant else word(signed)
        operands = [place, hit, word(signed)]
        return call_micro("load_s8x4_if", operands, "tap")

    def _multiply(self, tap: int, a: Value, b: Value, accumulators: Sequence[Variable]) -> None:
        product, cursor = self.micro.product, self.cursor
        assert self.zero_point is not None
        weights = cursor.body.pointers[product.weights]
        element = cursor.element(product.weights)
        halves = [call_micro(f"{half}_halves", [a, b], half) for half in ("low", "high")]
        for lane, accumulator in enumerate(accumulators):
            # Each half holds two channels of both taps.
            extend = "add_odd_s8" if lane % 2 else "add_even_s8"
            x = call_micro(extend, [self.zero_point, halves[lane // 2]], "x")
            place = address(weights, element + (tap * QUAD + 2 * lane))
            w = call_micro("load_s16x2", [place], "w")
            accumulator.set(call_micro("multiply_add_s16x2", [accumulator.get(), x, w], "sum"))
