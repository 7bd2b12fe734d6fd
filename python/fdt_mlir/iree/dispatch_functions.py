"""The functions that IREE compiles for the device: one for each dispatch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fdt_mlir.attributes import string, tensor_data
from fdt_mlir.bindings import ir
from fdt_mlir.iree.index_values import Index, add, as_value, multiply, subtract
from fdt_mlir.iree.kernel_loops import KernelLoops, Operand
from fdt_mlir.iree.program import Dispatch, Places, Resource
from fdt_mlir.kernels.access import Access, access_of
from fdt_mlir.kernels.kernel import Kernel, bounds_of, destination_of, inputs_of, read_kernel
from fdt_mlir.kernels.operands import View, view_of
from fdt_mlir.normalize.names import unique_name
from fdt_mlir.normalize.structured import defined_functions, producer
from fdt_mlir.passes import op_error

_ALIGN = 4
"""Bytes to which every binding is aligned at least; IREE's allocators give more."""


class DispatchFunctions:
    """Writes the functions of a planned module into a module of their own."""

    def __init__(self, module: ir.Module, places: Places):
        self._symbols = ir.SymbolTable(module.operation)
        self._functions = {string(op, "sym_name"): op for op in defined_functions(module)}
        self._places = places
        self._globals: dict[str, str] = {}
        self.module = ir.Module.create(loc=ir.Location.unknown())

    def write(self, dispatch: Dispatch) -> None:
        """Write the function of a dispatch.

        Its arguments are a binding for each resource, then the counter of each loop around it.
        Raises CompileError where a buffer's elements have no type that IREE stores.
        """
        binding = ir.Type.parse("!stream.binding")
        i32 = ir.IntegerType.get_signless(32)
        types = [*[binding] * len(dispatch.resources), *[i32] * len(dispatch.counters)]
        aligned = ir.DictAttr.get(
            {"stream.alignment": ir.IntegerAttr.get(ir.IndexType.get(), _ALIGN)}
        )
        attributes = [aligned] * len(dispatch.resources) + [ir.DictAttr.get({})] * len(
            dispatch.counters
        )
        with ir.InsertionPoint(self.module.body), ir.Location.unknown():
            function = ir.Operation.create(
                "func.func",
                attributes={
                    "sym_name": ir.StringAttr.get(dispatch.name),
                    "function_type": ir.TypeAttr.get(ir.FunctionType.get(types, [])),
                    "arg_attrs": ir.ArrayAttr.get(attributes),
                },
                regions=1,
            )
            block = function.regions[0].blocks.append(*types)
            with ir.InsertionPoint(block):
                body = _Body(self, dispatch, block)
                for call in dispatch.calls:
                    body.write(call)
                ir.Operation.create("func.return")

    @property
    def functions(self) -> Mapping[str, ir.Operation]:
        """The scalar functions of the kernels, by name."""
        return self._functions

    def place_of(self, base: ir.Value) -> tuple[Resource, int] | None:
        """The resource of a buffer and the bytes before it; None for a constant."""
        place = self._places.of(base)
        return None if place is None else (place.resource, place.offset_bytes)

    def constant(self, base: ir.Value, shape: Sequence[int]) -> ir.Value:
        """A constant at the current insertion point, as memory of this shape."""
        op = producer(base)
        assert op is not None
        source = self._symbols[string(op, "name")].operation
        memory = ir.MemRefType.get(list(shape), ir.MemRefType(base.type).element_type)
        key = f"{string(op, 'name')} {memory}"
        if key not in self._globals:
            self._globals[key] = self._declare(source, memory)
        name = ir.FlatSymbolRefAttr.get(self._globals[key])
        return ir.Operation.create(
            "memref.get_global", [memory], attributes={"name": name}
        ).results[0]

    def _declare(self, source: ir.Operation, memory: ir.MemRefType) -> str:
        name = unique_name(string(source, "sym_name"), {*self._globals.values()})
        data = tensor_data(source, "initial_value").reshape(memory.shape)
        with ir.InsertionPoint.at_block_begin(self.module.body):
            ir.Operation.create(
                "memref.global",
                attributes={
                    "sym_name": ir.StringAttr.get(name),
                    "sym_visibility": ir.StringAttr.get("private"),
                    "type": ir.TypeAttr.get(memory),
                    "initial_value": ir.DenseElementsAttr.get(
                        np.ascontiguousarray(data), type=memory.element_type
                    ),
                    "constant": ir.UnitAttr.get(),
                    "alignment": ir.IntegerAttr.get(ir.IntegerType.get_signless(64), 8),
                },
            )
        return name


@dataclass
class _Body:
    """The inside of one function while it is written."""

    owner: DispatchFunctions
    dispatch: Dispatch
    block: ir.Block
    _scalars: dict[ir.Value, Index] = field(default_factory=dict[ir.Value, Index], init=False)
    _memories: dict[str, ir.Value] = field(default_factory=dict[str, ir.Value], init=False)

    def __post_init__(self) -> None:
        counters = list(self.block.arguments)[len(self.dispatch.resources) :]
        for counter, argument in zip(self.dispatch.counters, counters, strict=True):
            cast = ir.Operation.create("arith.index_cast", [ir.IndexType.get()], [argument])
            self._scalars[counter] = cast.results[0]

    def write(self, call: ir.Operation) -> None:
        """Write the loops of one kernel call."""
        kernel = read_kernel(call)
        values = [self._scalar(value) for value in bounds_of(call)]
        slices = 2 * len(kernel.slices)
        starts: dict[int, Index] = {}
        for (operand, dim, _), position in zip(kernel.windows, values[slices:], strict=True):
            stride = view_of(_operand(call, operand)).strides[dim]
            starts[operand] = subtract(starts.get(operand, 0), multiply(position, stride))
        operands = [
            self._read_operand(call, kernel, number, starts.get(number, 0))
            for number in range(len(kernel.maps))
        ]
        KernelLoops(kernel, operands, values[:slices], self.owner.functions).write()

    def _read_operand(
        self, call: ir.Operation, kernel: Kernel, number: int, start: Index
    ) -> Operand:
        value = _operand(call, number)
        view = view_of(value)
        if str(view.element_type) == "i1":
            raise op_error(call, "IREE stores no elements of one bit, as this layer needs")
        if not kernel.maps[number].results and view.shape:
            return Operand(self._shown(value), 0, Access(()))
        start = add(start, view.offset)
        for dynamic, factor in view.dynamic:
            start = add(start, multiply(self._scalar(dynamic), factor))
        windows = [(dim, extent) for operand, dim, extent in kernel.windows if operand == number]
        rings = [(dim, extent) for operand, dim, extent in kernel.rings if operand == number]
        access = access_of(kernel.maps[number], view.shape, view.strides, windows, rings)
        return Operand(self._memory(view), start, access)

    def _memory(self, view: View) -> ir.Value:
        """All of the buffer that a view shows, as elements in a row."""
        whole = math.prod(ir.MemRefType(view.base.type).shape)
        return self._buffer(view.base, (whole,))

    def _buffer(self, base: ir.Value, shape: Sequence[int]) -> ir.Value:
        """A buffer or constant as memory of this shape."""
        place = self.owner.place_of(base)
        if place is None:
            return self.owner.constant(base, shape)
        resource, offset_bytes = place
        memory = ir.MemRefType.get(list(shape), ir.MemRefType(base.type).element_type)
        key = f"{resource.name} {offset_bytes} {memory}"
        if key not in self._memories:
            binding = self.block.arguments[self.dispatch.resources.index(resource)]
            offset = as_value(offset_bytes)
            subspan = ir.Operation.create("stream.binding.subspan", [memory], [binding, offset])
            self._memories[key] = subspan.results[0]
        return self._memories[key]

    def _shown(self, value: ir.Value) -> ir.Value:
        """A table: the same view of its buffer, which scalar functions index themselves."""
        op = producer(value)
        if op is None or op.name in ("memref.get_global", "memref.alloc"):
            return self._buffer(value, ir.MemRefType(value.type).shape)
        source, *positions = op.operands
        operands = [self._shown(source), *(as_value(self._scalar(each)) for each in positions)]
        return _copied(op, operands)

    def _scalar(self, value: ir.Value) -> Index:
        """An index value of the host's loops, computed here again."""
        if value not in self._scalars:
            op = producer(value)
            assert op is not None, "counters are known"
            operands = [as_value(self._scalar(operand)) for operand in op.operands]
            self._scalars[value] = _copied(op, operands)
        return self._scalars[value]


def _copied(op: ir.Operation, operands: Sequence[ir.Value]) -> ir.Value:
    copy = op.clone().operation
    for number, operand in enumerate(operands):
        copy.operands[number] = operand
    return copy.results[0]


def _operand(call: ir.Operation, number: int) -> ir.Value:
    return (*inputs_of(call), destination_of(call))[number]
