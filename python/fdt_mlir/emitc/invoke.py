"""The function that runs the model: one call per kernel, on places in the arena."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fdt_mlir.attributes import integer, integers
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.kernel_functions import KernelCall, create_function
from fdt_mlir.emitc.statements import call, named
from fdt_mlir.emitc.types import int_type, lvalue_of, pointer_to
from fdt_mlir.emitc.values import constant, create
from fdt_mlir.kernels.kernel import Kernel
from fdt_mlir.kernels.operands import View
from fdt_mlir.normalize.structured import producer


@dataclass(frozen=True)
class InvokeFunction:
    """Writes `int <model>_invoke(void *arena)` into a block."""

    model: str
    entry: ir.Operation
    block: ir.Block

    def write(
        self,
        calls: Sequence[KernelCall],
        names: Mapping[ir.Operation, str],
        constants: Mapping[ir.Operation, list[str | None]],
    ) -> None:
        void_pointer = ir.Type.parse('!emitc.ptr<!emitc.opaque<"void">>')
        c_int = ir.Type.parse('!emitc.opaque<"int">')
        with ir.InsertionPoint(self.block), ir.Location.unknown():
            function = create_function(f"{self.model}_invoke", [void_pointer], [c_int])
        body = function.regions[0].blocks.append(void_pointer, arg_locs=[named("arena")])
        with ir.InsertionPoint(body), ir.Location.unknown():
            with named("base"):
                cast = create("cast", [pointer_to(int_type(8))], [body.arguments[0]])
            for kernel_call in calls:
                self._call(
                    kernel_call, names[kernel_call.op], constants[kernel_call.op], cast.results[0]
                )
            zero = create("literal", [c_int], attributes={"value": ir.StringAttr.get("0")})
            create("return", operands=[zero.results[0]])

    def _call(
        self, kernel_call: KernelCall, name: str, constants: Sequence[str | None], base: ir.Value
    ) -> None:
        arguments: dict[int, ir.Value] = {}
        for number, view in enumerate(kernel_call.views):
            position = kernel_call.parameter_of[number]
            parameter = kernel_call.parameters[position]
            if position in arguments:
                continue
            target = pointer_to(parameter.element_type, parameter.const)
            constant_name = constants[number]
            if constant_name is not None:
                text = {"value": ir.StringAttr.get(constant_name)}
                arguments[position] = create("literal", [target], attributes=text).results[0]
            else:
                arguments[position] = self._place(view, base, target)
        ordered = [arguments[position] for position in range(len(kernel_call.parameters))]
        call(name, ordered, comment=_comment(kernel_call.kernel, kernel_call.views))

    def _place(self, view: View, base: ir.Value, target: ir.Type) -> ir.Value:
        assert not view.dynamic, "views in tile loops come with tiling"
        offset = self._offset(view) + view.offset * _width_bytes(view)
        index = constant(offset, int_type(32)).ir
        place = create("subscript", [lvalue_of(int_type(8))], [base, index]).results[0]
        address = create("address_of", [pointer_to(int_type(8))], [place]).results[0]
        if address.type == target:
            return address
        return create("cast", [target], [address]).results[0]

    def _offset(self, view: View) -> int:
        """Bytes from the start of the arena to a buffer."""
        op = producer(view.base)
        if op is not None:
            return integer(op, "fdt.offset")
        assert isinstance(view.base, ir.BlockArgument)
        return integers(self.entry, "fdt.input_offsets")[view.base.arg_number]


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
