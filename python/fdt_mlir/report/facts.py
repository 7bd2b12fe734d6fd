"""The facts of a compilation, read from the planned module before it becomes C."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fdt_mlir.allocate.heat import accesses_by_buffer
from fdt_mlir.allocate.lifetimes import Lifetimes, LiveBuffer, lifetimes_of
from fdt_mlir.allocate.memories import arena_names, arena_of, read_memories
from fdt_mlir.allocate.plan_arena import is_entry
from fdt_mlir.allocate.promises import read_promises
from fdt_mlir.allocate.states import state_contents, state_values
from fdt_mlir.attributes import integer, integers
from fdt_mlir.bindings import constant_array, ir, walk
from fdt_mlir.kernels.kernel import destination_of, inputs_of, read_kernel
from fdt_mlir.kernels.operands import view_of
from fdt_mlir.kernels.stream_input import INPUT_ROWS
from fdt_mlir.normalize.structured import element_bytes, producer, tensor_bytes
from fdt_mlir.paths.path_plan import Role
from fdt_mlir.planner.problem import Buffer


@dataclass(frozen=True)
class Port:
    """An input or output of the model: where it lies and what its numbers mean.

    `offset` counts from the start of the arena with number `arena`; None for a streamed input,
    which is in none but comes in `rows`. `scale` is None where the tensor is not quantised;
    real = scale * (stored - zero_point).
    """

    name: str
    shape: tuple[int, ...]
    type: str
    scale: float | None
    zero_point: int
    offset: int | None
    bytes: int
    arena: int = 0
    rows: int = 0


@dataclass(frozen=True)
class PlanBuffer:
    """A buffer of a plan: its size, its place, its half-open lifetime in steps.

    The shape of a ring or of a tile's buffer is that of the part which exists, not of the tensor.
    `offset` counts from the start of the arena with number `arena`.
    """

    name: str
    shape: tuple[int, ...]
    bytes: int
    offset: int
    first: int
    last: int
    role: Role
    arena: int = 0


@dataclass(frozen=True)
class Arena:
    """The part of a memory that the model uses: its name in C, and its bytes.

    `capacity_bytes` is None where nothing limits it.
    """

    name: str
    bytes: int
    capacity_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class PlacedBuffer(PlanBuffer):
    """A buffer of the compiled model, with the type of its elements.

    `accesses` are the elements that one inference reads and writes of it.
    """

    type: str
    accesses: int


@dataclass(frozen=True)
class PlanStep:
    """A step of a plan, and the sum of the sizes of all buffers alive in it."""

    name: str
    live_bytes: int


@dataclass(frozen=True)
class StepFacts(PlanStep):
    """A step of the compiled model: what it computes, and its work.

    `shape` is what one call writes, a tile inside a loop; `writes` and `reads` name buffers.
    `in_place` names the one among those it reads whose bytes it overwrites, None where there is
    none; it is `writes` itself where the step adds to what that holds.
    """

    kind: str
    shape: tuple[int, ...]
    macs: int
    writes: str
    reads: tuple[str, ...]
    in_place: str | None


@dataclass(frozen=True)
class Peak:
    """The step that sets an arena, and the buffers alive in it, the highest end first."""

    step: str
    number: int
    live_bytes: int
    buffers: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Everything that report and C header need to know of a planned model.

    `arena_bytes` and `lower_bound_bytes` are sums over all `arenas`. `order_gap_bytes`: by how
    much another order of the operations could at most need less.
    """

    arena_bytes: int
    arena_align: int
    lower_bound_bytes: int
    layout_proved_optimal: bool
    order_gap_bytes: int
    weights_bytes: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    states: tuple[Port, ...]
    buffers: tuple[PlacedBuffer, ...]
    steps: tuple[StepFacts, ...]
    arenas: tuple[Arena, ...]

    @property
    def streamed_input(self) -> Port | None:
        """The input whose rows come one after the other; None where all are in the arena."""
        return next((port for port in self.inputs if port.offset is None), None)

    @property
    def live_sum_bytes(self) -> int:
        return max((step.live_bytes for step in self.steps), default=self.arena_bytes)

    @property
    def peak(self) -> Peak | None:
        return find_peak([arena.bytes for arena in self.arenas], self.buffers, self.steps)

    @property
    def macs(self) -> int:
        return sum(step.macs for step in self.steps)

    @property
    def element_type(self) -> str:
        """The type of most results: int8 for a quantised model, whatever its edges and sums are."""
        types = {buffer.name: buffer.type for buffer in self.buffers}
        results = [types[step.writes] for step in self.steps]
        return max(results, key=results.count, default=self.outputs[0].type)


def find_peak(
    arena_bytes: Sequence[int], buffers: Sequence[PlanBuffer], steps: Sequence[PlanStep]
) -> Peak | None:
    """Of the steps in which a buffer reaches an arena's end, the first with most live bytes.

    None for a model that computes nothing.
    """
    highest = [b for b in buffers if b.offset + b.bytes == arena_bytes[b.arena]]
    reaching = [
        number
        for number in range(len(steps))
        if any(buffer.first <= number < buffer.last for buffer in highest)
    ]
    if not reaching:
        return None
    number = max(reaching, key=lambda step: (steps[step].live_bytes, -step))
    live = [buffer for buffer in buffers if buffer.first <= number < buffer.last]
    live.sort(key=lambda buffer: (-buffer.offset - buffer.bytes, buffer.name))
    names = tuple(buffer.name for buffer in live)
    return Peak(steps[number].name, number, steps[number].live_bytes, names)


def collect_facts(module: ir.Module) -> Facts:
    """Read the facts of a module after fdt-plan-arena."""
    (entry,) = [op.operation for op in module.body.operations if is_entry(op.operation)]
    lifetimes = lifetimes_of(entry)
    accesses = accesses_by_buffer(lifetimes)
    buffers = (
        *(_placed(entry, b, accesses[b.name]) for b in lifetimes.buffers),
        *(_placed_state(entry, state) for state in lifetimes.state),
    )
    attributes = entry.attributes
    inputs, outputs = _inputs(entry, lifetimes), _outputs(entry)
    states = len(state_values(entry))
    return Facts(
        arena_bytes=attributes["fdt.arena_bytes"].value,
        arena_align=attributes["fdt.arena_align"].value,
        lower_bound_bytes=attributes["fdt.lower_bound_bytes"].value,
        layout_proved_optimal=attributes["fdt.layout_proved_optimal"].value,
        order_gap_bytes=attributes["fdt.order_gap_bytes"].value,
        weights_bytes=_weights_bytes(module, entry),
        inputs=inputs[: len(inputs) - states],
        outputs=outputs[: len(outputs) - states],
        states=inputs[len(inputs) - states :],
        buffers=buffers,
        steps=_steps(lifetimes, {buffer.name: buffer for buffer in buffers}),
        arenas=_arenas(entry),
    )


def _arenas(entry: ir.Operation) -> tuple[Arena, ...]:
    capacities = [memory.capacity_bytes for memory in read_memories(entry)] or [None]
    sizes = integers(entry, "fdt.memory_bytes") or (integer(entry, "fdt.arena_bytes"),)
    described = zip(arena_names(entry), sizes, capacities, strict=True)
    return tuple(Arena(*arena) for arena in described)


def _placed(entry: ir.Operation, buffer: LiveBuffer, accesses: int) -> PlacedBuffer:
    return PlacedBuffer(
        name=buffer.name,
        shape=tuple(buffer.value.type.shape),
        type=type_name(buffer.value.type.element_type),
        bytes=buffer.size_bytes,
        offset=_offset(entry, buffer.value),
        first=buffer.first,
        last=buffer.last,
        role=_role_of(buffer),
        arena=arena_of(entry, buffer.value),
        accesses=accesses,
    )


def _role_of(buffer: LiveBuffer) -> Role:
    if producer(buffer.value) is None:
        return "input"
    return "output" if buffer.outlives else "inner"


def _placed_state(entry: ir.Operation, state: Buffer) -> PlacedBuffer:
    """A counter that lasts from call to call."""
    offset = integer(entry, f"fdt.{state.name}_offset")
    return PlacedBuffer(
        name=state.name,
        shape=(1,),
        bytes=state.size_bytes,
        offset=offset,
        first=state.first,
        last=state.last,
        type="int32",
        accesses=0,
        role="inner",
        arena=integer(entry, f"fdt.{state.name}_memory"),
    )


def _steps(lifetimes: Lifetimes, placed: Mapping[str, PlacedBuffer]) -> tuple[StepFacts, ...]:
    names = {buffer.value: buffer.name for buffer in lifetimes.buffers}
    steps: list[StepFacts] = []
    for number, step in enumerate(lifetimes.steps):
        target = view_of(destination_of(step.op))
        writes = names[target.base]
        sources = [view_of(value).base for value in inputs_of(step.op)]
        reads = dict.fromkeys(names[base] for base in sources if base in names)
        if _reads_its_result(step.op):
            reads[writes] = None
        steps.append(
            StepFacts(
                name=step.name,
                kind=step.kind,
                shape=target.shape,
                macs=step.macs,
                live_bytes=lifetimes.live_bytes(number),
                writes=writes,
                reads=tuple(reads),
                in_place=_overwritten(placed[writes], [placed[name] for name in reads]),
            )
        )
    return tuple(steps)


def _reads_its_result(call: ir.Operation) -> bool:
    """Whether a kernel reads what its destination held before, as in a sum of tiles."""
    stages = read_kernel(call).stages
    return any("out" in (*stage.args, *stage.init_args) for stage in stages)


def _overwritten(result: PlacedBuffer, read: Sequence[PlacedBuffer]) -> str | None:
    """The buffer of `read` with which `result` shares the most bytes."""
    shared = {buffer.name: _common_bytes(result, buffer) for buffer in read}
    most = max(shared, key=lambda name: shared[name], default=None)
    return most if most is not None and shared[most] else None


def _common_bytes(one: PlacedBuffer, other: PlacedBuffer) -> int:
    if one.arena != other.arena:
        return 0
    end = min(one.offset + one.bytes, other.offset + other.bytes)
    return max(0, end - max(one.offset, other.offset))


def _weights_bytes(module: ir.Module, entry: ir.Operation) -> int:
    """Bytes of all constants, also of those that states begin with."""
    known = [contents for contents in state_contents(entry) if contents is not None]
    total = sum(constant_array(contents).nbytes for contents in known)
    for op in walk(module.operation):
        if op.name == "memref.global":
            memref = ir.TypeAttr(op.attributes["type"]).value
            total += math.prod(memref.shape) * element_bytes(memref.element_type)
    return total


def _offset(entry: ir.Operation, value: ir.Value) -> int:
    """Bytes from the start of the arena to a buffer or a part of it."""
    view = view_of(value)
    op = producer(view.base)
    if op is None:
        start = integers(entry, "fdt.input_offsets")[ir.BlockArgument(view.base).arg_number]
    else:
        start = op.attributes["fdt.offset"].value
    return start + view.offset * element_bytes(view.element_type)


def _inputs(entry: ir.Operation, lifetimes: Lifetimes) -> tuple[Port, ...]:
    arguments = entry.regions[0].blocks[0].arguments
    ports = [
        describe_port(entry, "input", n, value, _offset(entry, value))
        for n, value in enumerate(arguments)
    ]
    streamed = read_promises(entry).streamed
    if streamed is not None:
        (taking,) = [step.op for step in lifetimes.steps if step.name == INPUT_ROWS]
        ports[streamed] = replace(ports[streamed], offset=None, rows=read_kernel(taking).dims[0])
    return tuple(ports)


def _outputs(entry: ir.Operation) -> tuple[Port, ...]:
    terminator = list(entry.regions[0].blocks[0].operations)[-1].operation
    return tuple(
        describe_port(entry, "output", n, value, _offset(entry, value))
        for n, value in enumerate(terminator.operands)
    )


def describe_port(
    entry: ir.Operation, side: str, number: int, value: ir.Value, offset: int = 0
) -> Port:
    """What is known of input or output number `number` (`side` says which) of a model."""
    described = _description(entry, f"fdt.{side}s", number)
    quantised = described is not None and "scale" in described
    has_type = described is not None and "type" in described
    return Port(
        name=described["name"].value if described is not None else f"{side}_{number}",
        shape=tuple(value.type.shape),
        # The module's integers are signless: only the importer knows an unsigned one.
        type=described["type"].value
        if described is not None and has_type
        else type_name(value.type.element_type),
        scale=described["scale"].value if described is not None and quantised else None,
        zero_point=described["zero_point"].value if described is not None and quantised else 0,
        offset=offset,
        bytes=tensor_bytes(value),
        arena=arena_of(entry, value),
    )


def _description(entry: ir.Operation, attribute: str, number: int) -> ir.DictAttr | None:
    if attribute not in entry.attributes:
        return None
    return entry.attributes[attribute][number]


def type_name(element_type: ir.Type) -> str:
    """The numpy name of an element type: int8, uint8, float32."""
    if isinstance(element_type, ir.FloatType):
        return f"float{element_type.width}"
    assert isinstance(element_type, ir.IntegerType)
    if element_type.width == 1:
        return "bool"
    return f"{'u' if element_type.is_unsigned else ''}int{element_type.width}"
