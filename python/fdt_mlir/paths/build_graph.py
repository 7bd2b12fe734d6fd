"""Read the graph of layers and tensors from a module in layer form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fdt_mlir.allocate.overlaps import distances_by_base
from fdt_mlir.allocate.plan_arena import is_entry
from fdt_mlir.allocate.promises import read_promises
from fdt_mlir.bindings import copy_module, ir
from fdt_mlir.errors import compile_error
from fdt_mlir.kernels.access import Linear, linear_of
from fdt_mlir.kernels.form_kernels import FormKernelsPass, alloc_tensor
from fdt_mlir.kernels.kernel import KERNEL_OP, Kernel, destination_of, inputs_of, read_kernel
from fdt_mlir.kernels.operands import TENSOR_VIEWS, tensor_view_of
from fdt_mlir.kernels.place_parts import PlacePartsPass
from fdt_mlir.kernels.split_reduction import finish_part
from fdt_mlir.kernels.stream_input import StreamInputPass
from fdt_mlir.normalize.structured import (
    element_bytes,
    is_constant,
    producer,
    shape_of,
    without_units,
)
from fdt_mlir.passes import location_of, run_mlir_passes
from fdt_mlir.paths.graph import (
    PARTIAL_SUMS,
    AxisRead,
    FanIn,
    Graph,
    LayerNode,
    MayOverlap,
    Read,
    TensorNode,
)
from fdt_mlir.planner.problem import Offset


def build_graph(module: ir.Module, in_place: bool = True, external_io: bool = False) -> Graph:
    """Read the graph of a module in layer form, which is left as it is.

    Without `in_place` no result may share bytes with an input that dies in the layer. With
    `external_io` inputs and outputs are the caller's: they need no bytes of the arena.

    Raises CompileError where the module has no entry function.
    """
    copy = copy_module(module)
    FormKernelsPass().run(copy)
    StreamInputPass().run(copy)
    PlacePartsPass().run(copy)
    run_mlir_passes(copy, "canonicalize,cse")
    graph = graph_of_kernels(copy, in_place)
    return _without_io(graph) if external_io else graph


def _without_io(graph: Graph) -> Graph:
    tensors = {
        name: replace(tensor, external=tensor.is_input or tensor.is_output)
        for name, tensor in graph.tensors.items()
    }
    return replace(graph, tensors=tensors)


def entry_of(module: ir.Module) -> ir.Operation:
    """The model's function. Raises CompileError where there is none or more than one."""
    entries = [op.operation for op in module.body.operations if is_entry(op.operation)]
    if len(entries) != 1:
        raise compile_error(
            f"the module has {len(entries)} public functions with a body, one is needed",
            location_of(module.operation),
            "remove the others or make them private",
        )
    return entries[0]


def graph_of_kernels(module: ir.Module, in_place: bool = True) -> Graph:
    """Read the graph of a module in kernel form on tensors; see `build_graph`."""
    return _Builder(module, in_place).build(entry_of(module))


@dataclass
class _Tensor:
    """A tensor while the function is read; `writers` are layers in program order."""

    name: str
    value: ir.Value
    writers: list[int]
    whole_because: str | None = None


class _Builder:
    def __init__(self, module: ir.Module, in_place: bool):
        self.in_place = in_place
        self.symbols = ir.SymbolTable(module.operation)
        self.layers: list[LayerNode] = []
        self.tensors: dict[str, _Tensor] = {}
        # For values that are no constants: the tensor whose memory they show.
        self.shown: dict[ir.Value, str] = {}

    def build(self, function: ir.Operation) -> Graph:
        block = function.regions[0].blocks[0]
        for number, argument in enumerate(block.arguments):
            self._add_tensor(f"input_{number}", argument)
        *operations, terminator = (operation.operation for operation in block.operations)
        for op in operations:
            self._read_operation(op)
        outputs = {self.shown[value] for value in terminator.operands if value in self.shown}
        promises = read_promises(function)
        inputs = [self.shown[argument] for argument in block.arguments]
        outputs.update(promises.kept(inputs))
        pins = {inputs[number]: pin for number, pin in promises.pins.items()}
        if promises.homes:
            pins.clear()  # Here, several memories are one arena, in which offsets mean nothing.
        tensors = self._tensor_nodes(outputs, pins)
        if promises.streamed is not None:
            name = inputs[promises.streamed]
            tensors[name] = replace(tensors[name], external=True, streamed=True)
        return Graph(tuple(self.layers), tensors, self.in_place)

    def _add_tensor(self, name: str, value: ir.Value) -> _Tensor:
        self.tensors[name] = _Tensor(name, value, [])
        self.shown[value] = name
        return self.tensors[name]

    def _read_operation(self, op: ir.Operation) -> None:
        if op.name == KERNEL_OP:
            self._read_call(op)
        elif op.name in TENSOR_VIEWS:
            if op.operands[0] in self.shown:
                self.shown[op.results[0]] = self.shown[op.operands[0]]
        elif op.name == "tensor.insert_slice":
            self._read_insert(op)

    def _read_call(self, call: ir.Operation) -> None:
        layer, number = self._layer(call), len(self.layers)
        overlaps = self._overlaps(call) if self.in_place else ()
        whole = _viewed(destination_of(call))
        if whole == destination_of(call):
            self._add_tensor(layer.name, call.results[0]).writers.append(number)
        else:
            if whole not in self.shown:
                self._add_tensor(layer.name, whole)
            tensor = self.tensors[self.shown[whole]]
            tensor.writers.append(number)
            tensor.whole_because = "several layers write a part of it"
            self.shown[call.results[0]] = tensor.name
            layer = replace(layer, part_of=tensor.name)
        self.layers.append(replace(layer, overlaps=overlaps))

    def _overlaps(self, call: ir.Operation) -> tuple[MayOverlap, ...]:
        views = [tensor_view_of(value) for value in (*inputs_of(call), destination_of(call))]
        found = distances_by_base(read_kernel(call), views, self.shown.__contains__)
        return tuple(MayOverlap(self.shown[base], each) for base, each in found.items())

    def _read_insert(self, op: ir.Operation) -> None:
        """A part of a tensor is in its place: the rest of it was there before."""
        source, target = op.operands[0], op.operands[1]
        if target not in self.shown:
            return
        if self.shown.get(source) != self.shown[target]:
            for value in (source, target):
                if value in self.shown:
                    self.tensors[self.shown[value]].whole_because = "a part of it is copied"
        self.shown[op.results[0]] = self.shown[target]

    def _tensor_nodes(self, outputs: set[str], pins: Mapping[str, Offset]) -> dict[str, TensorNode]:
        consumers: dict[str, list[int]] = {name: [] for name in self.tensors}
        for number, layer in enumerate(self.layers):
            for name in dict.fromkeys(read.tensor for read in layer.reads):
                consumers[name].append(number)
        return {
            name: TensorNode(
                name=name,
                shape=shape_of(tensor.value),
                element_bytes=element_bytes(tensor.value.type.element_type),
                producer=tensor.writers[0] if tensor.writers else None,
                consumers=tuple(consumers[name]),
                is_output=name in outputs,
                pin=pins.get(name),
                last_writer=tensor.writers[-1] if tensor.writers else 0,
                whole_because=tensor.whole_because,
            )
            for name, tensor in self.tensors.items()
        }

    # Layers

    def _layer(self, call: ir.Operation) -> LayerNode:
        kernel = read_kernel(call)
        reads = [
            self._read(kernel, number, value)
            for number, value in enumerate(inputs_of(call))
            if value in self.shown
        ]
        return LayerNode(
            name=kernel.layer,
            kind=kernel.kind,
            dims=kernel.dims,
            result_loops=tuple(_loop(expr, kernel) for expr in kernel.maps[-1].results),
            reads=tuple(reads),
            constant_dims=_constant_dims(kernel, inputs_of(call)),
            macs=kernel.macs,
            fan_in=self._fan_in(call, kernel, reads),
            location=location_of(call),
            reductions=sum(bool(stage.reduces) for stage in kernel.stages),
        )

    def _read(self, kernel: Kernel, number: int, value: ir.Value) -> Read:
        tensor = self.tensors[self.shown[value]]
        exprs = kernel.maps[number].results
        axes: list[AxisRead | None] = [
            AxisRead(linear_of(expr, len(kernel.dims)), extent)
            for expr, extent in zip(exprs, shape_of(value), strict=False)
        ]
        if value != tensor.value:
            tensor.whole_because = tensor.whole_because or f"'{kernel.layer}' reads it reshaped"
        seen: list[AxisRead | None] = []
        if not exprs:  # a table has no map: any element may be needed
            axes = [None] * len(shape_of(tensor.value))
        elif value != tensor.value:
            seen = axes
            axes = _axes_of_whole(axes, shape_of(value), shape_of(tensor.value))
        operand = {f"in:{number}", f"table:{number}"}
        reducing = [stage for stage in kernel.stages if stage.reduces]
        others = [stage for stage in kernel.stages if not stage.reduces]
        return Read(
            tensor=tensor.name,
            axes=tuple(axes),
            view_axes=tuple(axis for axis in seen if axis and axis.loops()),
            in_init=any(operand & set(stage.init_args) for stage in reducing),
            in_reduction=any(operand & set(stage.args) for stage in reducing),
            in_epilogue=any(operand & set(stage.args) for stage in others),
        )

    def _fan_in(self, call: ir.Operation, kernel: Kernel, reads: Sequence[Read]) -> FanIn | None:
        """Partial sums are possible where one reduction comes first and covers the result."""
        if not kernel.stages or sum(bool(stage.reduces) for stage in kernel.stages) != 1:
            return None
        reducing = kernel.stages[0]
        if not reducing.reduces or len(reducing.over) != kernel.result_dims:
            return None
        dims = tuple(dim for dim in reducing.reduces if _reads_alone(dim, reads))
        if not dims:
            return None
        body = ir.TypeAttr(self.symbols[reducing.body].operation.attributes["function_type"])
        accumulator = ir.FunctionType(body.value).results[0]
        finish = self._finish_overlaps(call, kernel, accumulator) if self.in_place else ()
        return FanIn(dims, element_bytes(accumulator), len(kernel.stages) > 1, finish)

    def _finish_overlaps(
        self, call: ir.Operation, kernel: Kernel, accumulator: ir.Type
    ) -> tuple[MayOverlap, ...]:
        """What the result of a split reduction may lie over when it is computed from its sums."""
        part = finish_part(kernel)
        if part is None:
            return ()
        with ir.InsertionPoint(call), call.location:
            sums = alloc_tensor(ir.RankedTensorType.get(shape_of(call.results[0]), accumulator))
        operands = [sums if n == -1 else inputs_of(call)[n] for n in part.reads]
        views = [tensor_view_of(value) for value in (*operands, destination_of(call))]
        names = {**self.shown, sums: PARTIAL_SUMS}
        found = distances_by_base(part.kernel, views, names.__contains__)
        return tuple(MayOverlap(names[base], each) for base, each in found.items())


def _axes_of_whole(
    axes: Sequence[AxisRead | None], shape: Sequence[int], whole: Sequence[int]
) -> list[AxisRead | None]:
    """How the axes of a tensor are read through a view: known where it only drops unit extents."""
    if without_units(shape) != without_units(whole):
        return [None] * len(whole)
    wide = iter([axis for axis, extent in zip(axes, shape, strict=True) if extent > 1])
    loops = len(axes[0].position.coefficients) if axes and axes[0] else 0
    return [next(wide) if extent > 1 else AxisRead(Linear((0,) * loops), 1) for extent in whole]


def _viewed(value: ir.Value) -> ir.Value:
    """The tensor that a chain of views shows."""
    view = producer(value)
    while view is not None and view.name in TENSOR_VIEWS:
        value = view.operands[0]
        view = producer(value)
    return value


def _loop(expr: ir.AffineExpr, kernel: Kernel) -> int | None:
    factors = linear_of(expr, len(kernel.dims)).coefficients
    return factors.index(1) if any(factors) else None


def _constant_dims(kernel: Kernel, inputs: Iterable[ir.Value]) -> frozenset[int]:
    dims: set[int] = set()
    for value, affine_map in zip(inputs, kernel.maps, strict=False):
        if is_constant(value):
            for expr in affine_map.results:
                dims.update(_dims_of(linear_of(expr, len(kernel.dims))))
    return frozenset(dims)


def _dims_of(position: Linear) -> list[int]:
    return [dim for dim, factor in enumerate(position.coefficients) if factor]


def _reads_alone(dim: int, reads: Sequence[Read]) -> bool:
    """Whether a reduction loop runs along an axis of its own of each tensor that it indexes."""
    indexed = False
    for read in reads:
        for axis in read.axes:
            if axis is not None and axis.position.coefficients[dim]:
                indexed = True
                if axis.loops() != (dim,):
                    return False
    return indexed
