"""The steps of a function in kernel form: kernel calls, and tile loops as single steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fdt_mlir.allocate.overlaps import distances_by_base
from fdt_mlir.allocate.promises import read_promises
from fdt_mlir.bindings import ir, walk
from fdt_mlir.kernels.kernel import KERNEL_OP, destination_of, inputs_of, read_kernel
from fdt_mlir.kernels.operands import TENSOR_VIEWS, tensor_view_of
from fdt_mlir.normalize.structured import producer, tensor_bytes
from fdt_mlir.paths.program import union_saving
from fdt_mlir.planner.step_graph import Step, StepGraph

LOOP_OP = "scf.for"
_NEW = ("tensor.empty", "bufferization.alloc_tensor")


def read_kernels(function: ir.Operation, in_place: bool = True) -> StepGraph:
    """Read the steps of a function of one block in kernel form on tensors; `step_ops` are they.

    Without `in_place` no result may share bytes with an input that dies in its step.
    """
    block = function.regions[0].blocks[0]
    reader = _Reader(in_place)
    for number, argument in enumerate(block.arguments):
        reader.add_memory(f"input_{number}", argument)
    inputs = tuple(reader.size_bytes)
    promises = read_promises(function)
    if promises.streamed is not None:
        reader.size_bytes[inputs[promises.streamed]] = 0  # outside of the arena
    *operations, terminator = (operation.operation for operation in block.operations)
    for op in operations:
        reader.read(op)
    outputs = [reader.memory_of(value) for value in terminator.operands]
    outputs += promises.kept(inputs)
    return StepGraph(
        steps=tuple(reader.steps),
        size_bytes=reader.size_bytes,
        inputs=inputs,
        outputs=tuple(dict.fromkeys(name for name in outputs if name is not None)),
        predecessors=tuple(frozenset(before) for before in reader.predecessors),
    )


def step_ops(function: ir.Operation) -> list[ir.Operation]:
    """The operations that are steps, in program order."""
    block = function.regions[0].blocks[0]
    operations = (operation.operation for operation in block.operations)
    return [op for op in operations if op.name in (KERNEL_OP, LOOP_OP)]


@dataclass
class _Reader:
    """Steps and memories while a block is read.

    `shown` maps values to the memory they lie in; constants lie in none.
    """

    in_place: bool
    steps: list[Step] = field(default_factory=list[Step])
    predecessors: list[set[int]] = field(default_factory=list[set[int]])
    size_bytes: dict[str, int] = field(default_factory=dict[str, int])
    shown: dict[ir.Value, str] = field(default_factory=dict[ir.Value, str])
    users: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    last_writer: dict[str, int] = field(default_factory=dict[str, int])

    def add_memory(self, name: str, value: ir.Value) -> str:
        self.shown[value] = name
        self.size_bytes[name] = tensor_bytes(value)
        self.users[name] = []
        return name

    def memory_of(self, value: ir.Value) -> str | None:
        """The memory that a tensor lies in, seen through views; None for constants."""
        op = producer(value)
        while value not in self.shown and op is not None and op.name in TENSOR_VIEWS:
            value = op.operands[0]
            op = producer(value)
        return self.shown.get(value)

    def read(self, op: ir.Operation) -> None:
        if op.name == KERNEL_OP:
            self._add_step(op, inputs_of(op), [destination_of(op)], 0)
        elif op.name == LOOP_OP:
            carried = list(op.operands)[3:]
            self._add_step(op, _used_from_outside(op), carried, _inner_peak_bytes(op))
        elif op.name == "tensor.insert_slice":
            memory = self.memory_of(op.operands[1])
            if memory is not None:
                self.shown[op.results[0]] = memory
        elif op.name == "bufferization.alloc_tensor":
            self.add_memory(f"whole_{len(self.size_bytes)}", op.results[0])

    def _add_step(
        self, op: ir.Operation, read: Iterable[ir.Value], written: list[ir.Value], inner: int
    ) -> None:
        number = len(self.steps)
        name = f"step_{number}"
        memories = [self._written(op, place, value) for place, value in enumerate(written)]
        names = [self.memory_of(value) for value in read]
        reads = dict.fromkeys(n for n in names if n is not None and n not in memories)
        before = {self.last_writer[n] for n in (*reads, *memories) if n in self.last_writer}
        # Whoever reads a memory before it is written again has to stay before that.
        before |= {user for memory in memories for user in self.users[memory]}
        if not self.in_place:
            shares = {}
        elif op.name == KERNEL_OP:
            shares = self._shares(op, memories[0])
        else:
            # Where the result of a loop trails is known once there is memory: at most everywhere.
            new = sum(self.size_bytes[memory] for memory in memories)
            shares = {memory: min(self.size_bytes[memory], new) for memory in reads}
        self.steps.append(Step(name, tuple(reads), tuple(memories), inner, shares))
        self.predecessors.append(before - {number})
        for memory in (*reads, *memories):
            self.users[memory].append(number)
        for memory in memories:
            self.last_writer[memory] = number

    def _written(self, op: ir.Operation, place: int, value: ir.Value) -> str:
        """The memory of a result: that of the destination, or a new one."""
        result = op.results[place]
        memory = self.memory_of(value)
        if memory is None:
            return self.add_memory(f"step_{len(self.steps)}_{place}", result)
        self.shown[result] = memory
        return memory

    def _shares(self, call: ir.Operation, target: str) -> dict[str, int]:
        views = [tensor_view_of(value) for value in (*inputs_of(call), destination_of(call))]
        found = distances_by_base(
            read_kernel(call), views, lambda base: self.memory_of(base) not in (None, target)
        )
        size = self.size_bytes
        return {
            memory: union_saving(size[memory], size[target], distances)
            for base, distances in found.items()
            if (memory := self.memory_of(base)) is not None
        }


def _used_from_outside(loop: ir.Operation) -> Iterator[ir.Value]:
    """The tensors that the operations inside a loop use and that exist outside of it."""
    inside = set(walk(loop))
    for op in inside:
        if op == loop:
            continue
        for value in op.operands:
            owner = value.owner.owner if isinstance(value.owner, ir.Block) else value.owner
            if isinstance(value.type, ir.RankedTensorType) and owner.operation not in inside:
                yield value


def _inner_peak_bytes(loop: ir.Operation) -> int:
    """The most bytes of tile buffers that live together in one iteration."""
    spans: dict[ir.Value, list[int]] = {}
    operations = [operation.operation for operation in loop.regions[0].blocks[0].operations]
    peaks = [_inner_peak_bytes(op) if op.name == LOOP_OP else 0 for op in operations]
    for position, op in enumerate(operations):
        written: list[ir.Value] = []
        if op.name in (KERNEL_OP, LOOP_OP):
            written = [destination_of(op)] if op.name == KERNEL_OP else list(op.operands)[3:]
        for result, value in zip(op.results, written, strict=False):
            made = producer(_base(value))
            if made is not None and made.name in _NEW and made in operations:
                spans[result] = [position, position]
        for value in (*op.operands, *(_used_from_outside(op) if op.name == LOOP_OP else ())):
            base = _base(value)
            if base in spans:
                spans[base][1] = position
    return max(
        peak + sum(tensor_bytes(v) for v, (first, last) in spans.items() if first <= at <= last)
        for at, peak in enumerate(peaks)
    )


def _base(value: ir.Value) -> ir.Value:
    op = producer(value)
    while op is not None and op.name in TENSOR_VIEWS:
        value = op.operands[0]
        op = producer(value)
    return value
