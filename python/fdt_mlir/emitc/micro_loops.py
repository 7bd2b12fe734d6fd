"""The inner loops of micro-kernels: what `Dot` and `Taps` come to in C."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product as all_of

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import remainder
from fdt_mlir.emitc.conditions import both
from fdt_mlir.emitc.cursor import Bounds, Cursor
from fdt_mlir.emitc.statements import Variable, address, index, local, loop, named
from fdt_mlir.emitc.types import Range, int_type, lvalue_of, pointer_to
from fdt_mlir.emitc.values import Value, compare, computed, constant, create
from fdt_mlir.kernels.kernel import Stage
from fdt_mlir.kernels.loops import Loop
from fdt_mlir.kernels.micro_kernel import QUAD, VECTOR, Dot, Taps
from fdt_mlir.normalize.structured import producer


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


def _either(condition: Value, place: ir.Value, other: ir.Value) -> ir.Value:
    return create("conditional", [place.type], [condition.ir, place, other]).results[0]


@dataclass
class DotLoops:
    """The innermost loop of dot products: a quad of input elements against those of all lanes."""

    micro: Dot
    cursor: Cursor
    zero_point: Value | None = None
    weights: ir.Value | None = None

    def prepare(self) -> None:
        """Compute what all loops need."""
        if self.micro.elements == QUAD:
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
        if micro.elements == QUAD:
            self._point_at_weights(run, bounds[0] if micro.whole else index(0))
        step = self._vector if micro.elements == VECTOR else self._quad
        if micro.whole and micro.elements == QUAD and bounds[1].constant is None:
            return self._quads(bounds, accumulators)
        if micro.whole:
            with loop(name, *bounds, micro.elements) as k:
                step(run, k, accumulators, None)
            return
        rest = micro.run % micro.elements
        within = None if inside else bounds
        with loop(name, index(0), index(micro.run - rest), micro.elements) as k:
            step(run, k, accumulators, within)
        if rest and micro.elements == VECTOR:
            step(run, index(micro.run - rest), accumulators, (index(0), index(micro.run)))
        elif rest:
            step(run, index(micro.run - QUAD), accumulators, within)

    def _vector(
        self, run: Loop, k: Value, accumulators: Sequence[Variable], within: Bounds | None
    ) -> None:
        """Eight elements; where not all are there, the rest of a run."""
        product, cursor = self.micro.product, self.cursor
        pointers = cursor.body.pointers
        saved = cursor.enter(run, k)
        place = address(pointers[product.input], cursor.element(product.input))
        offset = word(-product.zero_point)
        count = [] if within is None else [(within[1] - k).ir]
        callee = {"callee": ir.StringAttr.get("load_s8x8" + ("_part" if count else ""))}
        vector = ir.Type.parse('!emitc.opaque<"s16x8">')
        with named("vector"):
            x = create("call_opaque", [vector], [place, *count, offset.ir], callee).results[0]
        for lane, accumulator in enumerate(accumulators):
            weights = address(pointers[product.weights], cursor.element(product.weights, lane))
            accumulator.set(call_micro("dot_s8x8", [accumulator.get(), x, weights], "sum"))
        cursor.leave(run, saved)

    def _quads(self, bounds: Bounds, accumulators: Sequence[Variable]) -> None:
        """Whole quads of a run whose length is not known: a pointer moves over the input.

        Compilers then need one register for it, and one for where it ends.
        """
        # NOTE: EmitC's loops count with integers, or with what it knows nothing of: a type by name.
        run = ir.Type.parse('!emitc.opaque<"s8_run">')
        number = self.micro.product.input
        pointer, first = self.cursor.body.pointers[number], self.cursor.element(number)
        with named("end"):
            ends = [
                create("cast", [run], [address(pointer, first + bound)]).results[0]
                for bound in bounds
            ]
        step = create("literal", [run], attributes={"value": ir.StringAttr.get(str(QUAD))})
        operation = create("for", operands=[*ends, step.results[0]], regions=1)
        block = operation.regions[0].blocks.append(run, arg_locs=[named("at")])
        with ir.InsertionPoint(block):
            quad = call_micro("load_s8x4", [block.arguments[0]], "quad")
            self._multiply_quad(quad, accumulators)
            create("yield")

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
        self._multiply_quad(x, accumulators)
        cursor.leave(run, saved)

    def _multiply_quad(self, x: Value, accumulators: Sequence[Variable]) -> None:
        assert self.zero_point is not None
        even = call_micro("add_even_s8", [self.zero_point, x], "even")
        odd = call_micro("add_odd_s8", [self.zero_point, x], "odd")
        lanes = list(accumulators)
        while lanes:
            together = 2 if len(lanes) > 1 and not self.micro.wide else 1
            self._add_products(lanes[:together], even, odd)
            del lanes[:together]

    def _point_at_weights(self, run: Loop, first: Value) -> None:
        """Declare a pointer to the weights of a run, which its quads move on."""
        number, cursor = self.micro.product.weights, self.cursor
        pointer = cursor.body.pointers[number]
        saved = cursor.enter(run, first)
        start = address(pointer, cursor.element(number))
        cursor.leave(run, saved)
        with named("w"):
            opaque = {"value": ir.Attribute.parse('#emitc.opaque<"">')}
            declared = create("variable", [lvalue_of(pointer.value.type)], attributes=opaque)
        self.weights = declared.results[0]
        create("assign", operands=[self.weights, start])

    def _add_products(self, sums: Sequence[Variable], even: Value, odd: Value) -> None:
        """Add four products to each sum and move on to the next weights."""
        assert self.weights is not None
        pointer_type = self.cursor.body.pointers[self.micro.product.weights].value.type
        places = [
            create("address_of", [pointer_to(each.type)], [each.place]).results[0] for each in sums
        ]
        at = create("load", [pointer_type], [self.weights]).results[0]
        name = "dot_s16x4" if self.micro.wide else "dot_two_s8x4" if sums[1:] else "dot_s8x4"
        callee = {"callee": ir.StringAttr.get(name)}
        operands = [*places, even.ir, odd.ir, at]
        moved = create("call_opaque", [pointer_type], operands, callee).results[0]
        create("assign", operands=[self.weights, moved])

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
    """A window over four adjacent channels: all its taps one after the other, in pairs.

    Where a tap is the same distance from the first one everywhere, that is a number in the code.
    Where borders or rings move it, it has a pointer of its own, found once for all channels;
    beyond a border that points to `padding`, a row of constants.
    """

    micro: Taps
    cursor: Cursor
    stage: Stage
    padding: Callable[[int, int], ir.Value]
    zero_point: Value | None = None
    pointers: list[ir.Value] = field(default_factory=list[ir.Value])

    def prepare(self) -> None:
        """Compute what all loops need."""
        negated = word(-self.micro.product.zero_point)
        self.zero_point = call_micro("pair_s16", [negated], "input_offset")

    @property
    def points(self) -> list[tuple[int, ...]]:
        """The taps, in the order of their weights."""
        dims = self.cursor.body.kernel.dims
        return list(all_of(*(range(dims[reduced]) for reduced in self.stage.reduces)))

    def reach(self, bounds: Mapping[int, Bounds], inside: bool) -> None:
        """Point to the taps, before the loop over the channels is opened."""
        self.pointers = []
        rings = self._rows_in_rings()
        if not rings and (inside or not bounds):
            return
        product, cursor = self.micro.product, self.cursor
        pointer = cursor.body.pointers[product.input]
        for point in self.points:
            element = cursor.element(product.input) + self._distance(point)
            for row in rings:
                element = element + row[point]
            place = address(pointer, element)
            hit = constant(True, int_type(1)) if inside else self._is_inside(point, bounds)
            if not hit.constant:
                extent = cursor.body.kernel.dims[cursor.body.blocking.dim]
                beyond = self.padding(product.zero_point, extent)
                place = beyond if hit.constant is not None else _either(hit, place, beyond)
            op = producer(place)
            assert op is not None, "the address of an element"
            op.attributes["emitc.name_hint"] = ir.StringAttr.get("tap")
            self.pointers.append(place)

    def _rows_in_rings(self) -> list[dict[tuple[int, ...], Value]]:
        """For each ring: how far each tap is moved by its place there."""
        access = self.cursor.body.accesses[self.micro.product.input]
        moved: list[dict[tuple[int, ...], Value]] = []
        for ring in access.rings():
            dims = [dim for dim in ring.position.dims if dim in self.stage.reduces]
            if not dims:
                continue
            places: dict[tuple[int, ...], Value] = {}
            by_point: dict[tuple[int, ...], Value] = {}
            for point in self.points:
                at = dict(zip(self.stage.reduces, point, strict=True))
                there = tuple(at[dim] for dim in dims)
                if there not in places:
                    self.cursor.loop_values |= {dim: index(at[dim]) for dim in dims}
                    position = remainder(self.cursor.position(ring.position), ring.size)
                    places[there] = local("row", position * ring.stride)
                by_point[point] = places[there]
            moved.append(by_point)
        return moved

    def _distance(self, point: tuple[int, ...]) -> int:
        """Elements from the first tap to another one, rings left out."""
        access = self.cursor.body.accesses[self.micro.product.input]
        steps = access.linear(len(self.cursor.body.kernel.dims)).coefficients
        return sum(steps[dim] * k for dim, k in zip(self.stage.reduces, point, strict=True))

    def _is_inside(self, point: tuple[int, ...], bounds: Mapping[int, Bounds]) -> Value:
        return both(
            [
                condition
                for dim, k in zip(self.stage.reduces, point, strict=True)
                if dim in bounds
                for condition in (
                    compare(bounds[dim][0], "<=", k),
                    compare(bounds[dim][1], ">", k),
                )
            ]
        )

    def emit(self, accumulators: Sequence[Variable]) -> None:
        """Write all taps of four channels."""
        taps = self.micro.taps
        for first in range(0, taps, 2):
            a = self._load(first)
            # Weights beyond the last tap are zero, whatever they are multiplied with.
            b = self._load(first + 1) if first + 1 < taps else a
            self._multiply(first, a, b, accumulators)

    def _load(self, tap: int) -> Value:
        product, cursor = self.micro.product, self.cursor
        pointer = cursor.body.pointers[product.input]
        if self.pointers:
            channel = cursor.loop_values[cursor.body.blocking.dim]
            place = address(replace(pointer, value=self.pointers[tap]), channel)
        else:
            element = cursor.element(product.input) + self._distance(self.points[tap])
            place = address(pointer, element)
        return call_micro("load_s8x4", [place], "x")

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
