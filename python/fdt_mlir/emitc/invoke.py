"""The function that runs the model: one call per kernel, on places in the arenas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fdt_mlir.allocate.memories import arena_of
from fdt_mlir.allocate.states import state_values
from fdt_mlir.attributes import integer, integers
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.arithmetic import divide
from fdt_mlir.emitc.conditions import both
from fdt_mlir.emitc.kernel_calls import KernelCall
from fdt_mlir.emitc.model_function import arena_parameters, bases_of, c_int, model_function
from fdt_mlir.emitc.reset import Place, copy_bytes
from fdt_mlir.emitc.scalar_functions import lower_operation
from fdt_mlir.emitc.statements import call, index, loop, when
from fdt_mlir.emitc.trace import Silence
from fdt_mlir.emitc.types import int_type, lvalue_of, pointer_to
from fdt_mlir.emitc.values import Value, compare, create
from fdt_mlir.kernels.build_row_loops import STREAM_END
from fdt_mlir.kernels.kernel import Kernel, bounds_of, kernel_calls, loops_around
from fdt_mlir.kernels.operands import View, view_of
from fdt_mlir.kernels.pack import TiledDim
from fdt_mlir.normalize.structured import producer, tensor_bytes
from fdt_mlir.passes import op_error


@dataclass(frozen=True)
class InvokeFunction:
    """Writes `int <model>_invoke(void *arena)` into a block, with a parameter for each arena.

    `calls`, `names` and `constants` say of each kernel call what it is, which function it calls,
    and the names of its constant operands. `trace` says what the function tells of itself.
    """

    model: str
    entry: ir.Operation
    block: ir.Block
    calls: Mapping[ir.Operation, KernelCall]
    names: Mapping[ir.Operation, str]
    constants: Mapping[ir.Operation, list[str | None]]
    trace: Silence = field(default_factory=Silence)

    def write(self) -> None:
        """Write the function."""
        parameters = arena_parameters(self.entry)
        with model_function(self.block, self._name("invoke"), parameters, c_int()) as (
            function,
            arenas,
        ):
            self.trace.mark(function)
            bases = bases_of(self.entry, arenas)
            self.trace.start(bases)
            self._operations(operations_of(self.entry), bases, {})
            self._end(bases)
            zero = create("literal", [c_int()], attributes={"value": ir.StringAttr.get("0")})
            create("return", operands=[zero.results[0]])

    def _name(self, function: str) -> str:
        return f"{self.model}_{self.trace.prefix}{function}"

    def _end(self, bases: Sequence[ir.Value]) -> None:
        """All is computed: keep states, and let the caller read the outputs."""
        self._keep_states(bases)
        self.trace.finish(self._outputs())

    def _keep_states(self, bases: Sequence[ir.Value]) -> None:
        """Copy new states to where the next inference finds them."""
        outputs = self._outputs()
        inputs = list(self.entry.regions[0].blocks[0].arguments)
        count = len(state_values(self.entry))
        pairs = zip(inputs[len(inputs) - count :], outputs[len(outputs) - count :], strict=True)
        for state, (buffer, offset, size_bytes) in pairs:
            if buffer != state:
                target = Place(self._base(bases, state), self._start(state))
                copy_bytes(target, Place(self._base(bases, buffer), offset), size_bytes)

    def _outputs(self) -> list[tuple[ir.Value, int, int]]:
        """Buffer, offset in the arena and bytes of each output."""
        terminator = list(self.entry.regions[0].blocks[0].operations)[-1].operation
        views = [view_of(value) for value in terminator.operands]
        return [
            (view.base, self._offset(view) + view.offset * _width_bytes(view), tensor_bytes(value))
            for view, value in zip(views, terminator.operands, strict=True)
        ]

    def _operations(
        self,
        operations: Iterable[ir.Operation],
        bases: Sequence[ir.Value],
        scalars: dict[ir.Value, Value],
    ) -> None:
        """Write calls and their loops; `scalars` are the index values so far."""
        for op in operations:
            if op in self.calls:
                self._call(op, bases, scalars)
            elif op.name == "scf.for":
                self._loop(op, bases, scalars)
            elif op.name == "memref.alloc":
                self.trace.allocate(op.results[0])
            elif op.name.startswith("arith.") and not isinstance(op.results[0].type, ir.ShapedType):
                arguments = [scalars[operand] for operand in op.operands]
                scalars[op.results[0]] = lower_operation(op, arguments)

    def _loop(
        self, op: ir.Operation, bases: Sequence[ir.Value], scalars: dict[ir.Value, Value]
    ) -> None:
        low, high, step = (scalars[operand] for operand in list(op.operands)[:3])
        assert step.constant is not None, "tile loops have constant steps"
        body = op.regions[0].blocks[0]
        with loop("tile", low, high, int(step.constant)) as value:
            # Only the values of the loop see it: a copy keeps them out of what follows.
            self._operations(operations_of(op), bases, {**scalars, body.arguments[0]: value})

    def _call(
        self, op: ir.Operation, bases: Sequence[ir.Value], scalars: Mapping[ir.Value, Value]
    ) -> None:
        kernel_call = self.calls[op]
        arguments: dict[int, ir.Value] = {}
        for number, position in enumerate(kernel_call.parameter_of):
            if position not in arguments:
                arguments[position] = self._pointer(kernel_call, number, bases, scalars)
        ordered = [arguments[position] for position in range(len(kernel_call.parameters))]
        bounds = self._bounds(kernel_call, scalars)
        comment = _comment(kernel_call.kernel, kernel_call.views)
        tiles = [scalars[loop.regions[0].blocks[0].arguments[0]] for loop in loops_around(op)]
        with when(self._has_work(op, bounds)):
            self.trace.before(op, [*tiles, *(scalars[value] for value in bounds_of(op))])
            call(self.names[op], [*ordered, *bounds], comment=comment)
            self.trace.after(
                op, ordered[kernel_call.parameter_of[-1]], span_bytes(kernel_call.views[-1])
            )

    def _has_work(self, op: ir.Operation, bounds: Sequence[Value]) -> Value:
        """Whether a call computes anything: in a stream, layers pause while others go ahead."""
        loops = loops_around(op)
        if not loops or all(STREAM_END not in call.attributes for call in kernel_calls(loops[0])):
            return both([])
        slices = range(len(self.calls[op].kernel.slices))
        return both([compare(bounds[2 * n], "<", bounds[2 * n + 1]) for n in slices])

    def _bounds(self, kernel_call: KernelCall, scalars: Mapping[ir.Value, Value]) -> list[Value]:
        """Begin and end of each slice, and the element at which each window begins."""
        values = [scalars[value] for value in bounds_of(kernel_call.op)]
        slices = 2 * len(kernel_call.kernel.slices)
        origins: dict[int, Value] = {}
        windows = zip(kernel_call.kernel.windows, values[slices:], strict=True)
        for (operand, dim, _), position in windows:
            stride = kernel_call.views[operand].strides[dim]
            origins[operand] = origins.get(operand, index(0)) + position * stride
        return [*values[:slices], *(origins[operand] for operand in kernel_call.windowed)]

    def _pointer(
        self,
        kernel_call: KernelCall,
        number: int,
        bases: Sequence[ir.Value],
        scalars: Mapping[ir.Value, Value],
    ) -> ir.Value:
        parameter = kernel_call.parameters[kernel_call.parameter_of[number]]
        target = pointer_to(parameter.element_type, parameter.const)
        constant = kernel_call.constants[number]
        if constant is not None:
            name = self.constants[kernel_call.op][number]
            return _constant_place(str(name), constant.tiled, target, scalars)
        view = kernel_call.views[number]
        width = _width_bytes(view)
        offset = index(self._offset(view) + view.offset * width)
        for value, factor in view.dynamic:
            offset = offset + scalars[value] * (factor * width)
        base = self._base(bases, view.base)
        place = create("subscript", [lvalue_of(int_type(8))], [base, offset.ir]).results[0]
        address = create("address_of", [pointer_to(int_type(8))], [place]).results[0]
        if address.type == target:
            return address
        return create("cast", [target], [address]).results[0]

    def _base(self, bases: Sequence[ir.Value], buffer: ir.Value) -> ir.Value:
        """The start of the arena in which a buffer lies."""
        return self.trace.place(bases[arena_of(self.entry, buffer)], buffer)

    def _offset(self, view: View) -> int:
        """Bytes from the start of the arena to a buffer."""
        return self._start(view.base)

    def _start(self, buffer: ir.Value) -> int:
        op = producer(buffer)
        if op is not None and "fdt.offset" not in op.attributes:
            raise op_error(op, "the buffer has no place in the arena", "run fdt-plan-arena first")
        if op is not None:
            return integer(op, "fdt.offset")
        assert isinstance(buffer, ir.BlockArgument)
        return integers(self.entry, "fdt.input_offsets")[buffer.arg_number]


def operations_of(op: ir.Operation) -> list[ir.Operation]:
    """The operations of the only block of a function or loop."""
    return [operation.operation for operation in op.regions[0].blocks[0].operations]


def _constant_place(
    name: str,
    tiled: Sequence[TiledDim],
    target: ir.Type,
    scalars: Mapping[ir.Value, Value],
) -> ir.Value:
    """A constant array by its name, or the place in it where the tile of a loop begins."""
    start = create("literal", [target], attributes={"value": ir.StringAttr.get(name)}).results[0]
    if not tiled:
        return start
    offset = index(0)
    for dim in tiled:
        offset = offset + _tile_start(dim, scalars[dim.position])
    pointee = ir.Type.parse(str(target).removeprefix("!emitc.ptr<").removesuffix(">"))
    place = create("subscript", [lvalue_of(pointee)], [start, offset.ir]).results[0]
    return create("address_of", [target], [place]).results[0]


def _tile_start(dim: TiledDim, position: Value) -> Value:
    """Elements before the tile at `position`; nothing is divided where there is no need to."""
    if dim.step_elements % dim.extent == 0:
        return position * (dim.step_elements // dim.extent)
    return divide(position, dim.extent) * dim.step_elements


def span_bytes(view: View) -> int:
    """Bytes from the first element of a view to the end of its last one."""
    steps = zip(view.shape, view.strides, strict=True)
    return (1 + sum((extent - 1) * stride for extent, stride in steps)) * _width_bytes(view)


def _width_bytes(view: View) -> int:
    assert isinstance(view.element_type, (ir.IntegerType, ir.FloatType))
    return max(1, view.element_type.width // 8)


def _comment(kernel: Kernel, views: Sequence[View]) -> str:
    """What the call computes: layer, shapes, work."""
    inputs = [view for view in views[:-1] if _is_activation(view)]
    shapes = [_shape(view) for view in inputs[:1]] + [_shape(views[-1])]
    text = f"{kernel.layer}: {kernel.kind} {' -> '.join(shapes)}"
    return f"{text}, {kernel.macs} MACs" if kernel.macs else text


def _is_activation(view: View) -> bool:
    op = producer(view.base)
    return op is None or op.name == "memref.alloc"


def _shape(view: View) -> str:
    return "x".join(str(extent) for extent in view.shape)
