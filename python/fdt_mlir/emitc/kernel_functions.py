"""One C function for each distinct kernel; calls that agree share it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.cursor import KernelBody
from fdt_mlir.emitc.inline_function import Moved, inline_function
from fdt_mlir.emitc.kernel_calls import KernelCall
from fdt_mlir.emitc.loop_nest import emit_loops
from fdt_mlir.emitc.padding import PaddingRows
from fdt_mlir.emitc.prelude import NOINLINE
from fdt_mlir.emitc.scalar_functions import (
    Argument,
    function_result_type,
    operation_count,
)
from fdt_mlir.emitc.statements import Pointer, call, named, return_
from fdt_mlir.emitc.types import Range, int_type, pointer_to
from fdt_mlir.emitc.values import Value, computed, create
from fdt_mlir.kernels.access import Access
from fdt_mlir.kernels.kernel import Kernel, Stage
from fdt_mlir.kernels.machine import Tuning
from fdt_mlir.normalize.names import unique_name

# Bodies of at least this many operations become C functions of their own.
_FUNCTION_THRESHOLD = 6


class KernelFunctions:
    """The C functions of a module's kernels, written as calls ask for them."""

    def __init__(
        self,
        functions: Mapping[str, ir.Operation],
        body: ir.Block,
        tuning: Tuning,
        padding: PaddingRows,
    ):
        self._functions = functions
        self._padding = padding
        self._dsp = tuning.machine.dsp
        self._vectors = tuning.machine.mve
        # Rests that fill no word have code of their own.
        self._words = self._dsp and not self._vectors and tuning.optimize != "size"
        self._inlined = NOINLINE if tuning.optimize == "size" else "inline"
        self._block = body
        self._names: dict[str, str] = {}
        self._scalar_names: dict[str, tuple[str, Range | None]] = {}

    def declare(self, calls: Sequence[KernelCall]) -> dict[ir.Operation, str]:
        """Write one function for every group of equal calls; gives the name each call uses."""
        groups: dict[str, list[KernelCall]] = {}
        for kernel_call in calls:
            groups.setdefault(self._key(kernel_call), []).append(kernel_call)
        names: dict[ir.Operation, str] = {}
        for group in groups.values():
            name = self._write(group)
            names.update({member.op: name for member in group})
        return names

    def _key(self, kernel_call: KernelCall) -> str:
        """Calls with equal keys compute the same function of their parameters."""
        kernel = kernel_call.kernel
        texts = [
            (
                self._text(stage.body),
                self._text(stage.init) if stage.init else "",
                *stage.args,
                *stage.init_args,
                stage.over,
                stage.reduces,
            )
            for stage in kernel.stages
        ]
        parameters = [(p.name, str(p.element_type)) for p in kernel_call.parameters]
        pads = [(pad.operand, str(pad.value), pad.neutral) for pad in kernel.pads]
        return repr(
            (
                kernel.kind,
                kernel.dims,
                kernel.result_dims,
                texts,
                pads,
                kernel.slices,
                kernel.reverse,
                kernel.windows,
                kernel.rings,
                kernel_call.accesses,
                kernel_call.blocking,
                kernel_call.table_strides,
                parameters,
                kernel_call.parameter_of,
            )
        )

    def _text(self, function: str) -> str:
        """The text of a scalar function without its name."""
        # In the scope of the module, printing would number all that the module has.
        text = self._functions[function].get_asm(use_local_scope=True)
        return re.sub(r"@[\w.$-]+", "@", text, count=1)

    def _write(self, group: Sequence[KernelCall]) -> str:
        first = group[0]
        parameters = [
            replace(parameter, elements=_union([c.parameters[n].elements for c in group]))
            for n, parameter in enumerate(first.parameters)
        ]
        name = unique_name(_function_name(first.kernel), self._names)
        self._names[name] = name
        layers = ", ".join(member.kernel.layer for member in group)
        with ir.InsertionPoint(self._block), ir.Location.unknown():
            pointer_types = [pointer_to(p.element_type, p.const) for p in parameters]
            scalar_names = _scalar_names(first)
            types = [*pointer_types, *[int_type(32)] * len(scalar_names)]
            function = create_function(
                name, types, [], ["static", NOINLINE], f"{first.kernel.kind}: {layers}"
            )
        names = [*(parameter.name for parameter in parameters), *scalar_names]
        block = function.regions[0].blocks.append(*types, arg_locs=[named(n) for n in names])
        pointers = [
            Pointer(block.arguments[n], p.element_type, p.elements, p.const)
            for n, p in enumerate(parameters)
        ]
        with ir.InsertionPoint(block), ir.Location.unknown():
            body = self._body(first, name, pointers, block, function)
            emit_loops(body)
            return_()
        return name

    def _body(
        self,
        kernel_call: KernelCall,
        name: str,
        pointers: Sequence[Pointer],
        block: ir.Block,
        function: ir.Operation,
    ) -> KernelBody:
        kernel = kernel_call.kernel
        scalars = list(block.arguments)[len(pointers) :]
        bounds = [
            computed(scalar, Range(0, kernel.dims[kernel.slices[n // 2]]))
            for n, scalar in enumerate(scalars[: 2 * len(kernel.slices)])
        ]
        origins = {
            operand: computed(scalar, Range(0, _full_elements(kernel_call.accesses[operand])))
            for operand, scalar in zip(
                kernel_call.windowed, scalars[2 * len(kernel.slices) :], strict=True
            )
        }

        def evaluate(stage: Stage, arguments: Sequence[Argument | Moved]) -> Value:
            return self._evaluate(f"{name}_finish", stage, arguments, function)

        return KernelBody(
            kernel=kernel,
            accesses=kernel_call.accesses,
            blocking=kernel_call.blocking,
            pointers=tuple(
                replace(pointers[parameter], strides=kernel_call.table_strides[operand])
                for operand, parameter in enumerate(kernel_call.parameter_of)
            ),
            bounds=tuple(bounds),
            origins=origins,
            functions=self._functions,
            names=loop_names(kernel),
            operand_names=tuple(kernel_call.parameters[n].name for n in kernel_call.parameter_of),
            evaluate=evaluate,
            padding=self._padding.point,
            vectors=self._vectors,
            words=self._words,
        )

    def _evaluate(
        self, stem: str, stage: Stage, arguments: Sequence[Argument | Moved], before: ir.Operation
    ) -> Value:
        """Compute a stage: short bodies in place, long ones as a call of a function of its own."""
        function = self._functions[stage.body]
        if operation_count(function) < _FUNCTION_THRESHOLD:
            return inline_function(function, arguments, self._dsp)
        ranges = [_range_of(a) for a in arguments]
        strides = [a.strides for a in arguments if isinstance(a, Pointer)]
        offsets = [a.offset if isinstance(a, Moved) else None for a in arguments]
        key = self._text(stage.body) + repr((ranges, strides, offsets))
        if key not in self._scalar_names:
            name = unique_name(stem, [name for name, _ in self._scalar_names.values()])
            self._scalar_names[key] = (name, self._write_scalar(name, function, arguments, before))
        name, limits = self._scalar_names[key]
        operands = [a.value if isinstance(a, Pointer | Moved) else a for a in arguments]
        result = call(name, operands, function_result_type(function), limits)
        assert result is not None
        return result

    def _write_scalar(
        self,
        name: str,
        function: ir.Operation,
        arguments: Sequence[Argument | Moved],
        before: ir.Operation,
    ) -> Range | None:
        types = [a.value.type if isinstance(a, Pointer | Moved) else a.type for a in arguments]
        with ir.InsertionPoint(before), ir.Location.unknown():
            written = create_function(
                name, types, [function_result_type(function)], ["static", self._inlined]
            )
        names = [
            f"{'table' if isinstance(a, Pointer) else 'x'}{n}" for n, a in enumerate(arguments)
        ]
        block = written.regions[0].blocks.append(*types, arg_locs=[named(n) for n in names])
        inner = [_replaced(a, block.arguments[n]) for n, a in enumerate(arguments)]
        with ir.InsertionPoint(block), ir.Location.unknown():
            result = inline_function(function, inner, self._dsp)
            return_(result)
        return result.range


def _range_of(argument: Argument | Moved) -> Range | None:
    if isinstance(argument, Pointer):
        return argument.elements
    return argument.value.range if isinstance(argument, Moved) else argument.range


def _replaced(argument: Argument | Moved, parameter: ir.Value) -> Argument | Moved:
    """The parameter of a function that stands for an argument."""
    if isinstance(argument, Pointer):
        return replace(argument, value=parameter)
    if isinstance(argument, Moved):
        return replace(argument, value=computed(parameter, argument.value.range))
    return computed(parameter, argument.range)


def _scalar_names(kernel_call: KernelCall) -> list[str]:
    """Names of the scalar parameters: begin and end of each slice, origin of each window."""
    kernel = kernel_call.kernel
    loops = loop_names(kernel)
    bounds = [f"{loops[dim]}_{end}" for dim in kernel.slices for end in ("begin", "end")]
    names = [kernel_call.parameters[kernel_call.parameter_of[n]].name for n in kernel_call.windowed]
    return [*bounds, *(f"{name}_origin" for name in names)]


def _full_elements(access: Access) -> int:
    """An upper bound of the element index at which a window may begin."""
    return sum(subscript.extent * subscript.stride for subscript in access.subscripts)


def create_function(
    name: str,
    arguments: Sequence[ir.Type],
    results: Sequence[ir.Type],
    specifiers: Sequence[str] = (),
    comment: str | None = None,
) -> ir.Operation:
    """Create an `emitc.func` without a body at the current insertion point."""
    function_type = ir.FunctionType.get(list(arguments), list(results))
    attributes: dict[str, ir.Attribute] = {
        "sym_name": ir.StringAttr.get(name),
        "function_type": ir.TypeAttr.get(function_type),
    }
    if specifiers:
        attributes["specifiers"] = ir.ArrayAttr.get([ir.StringAttr.get(s) for s in specifiers])
    if comment:
        attributes["fdt.comment"] = ir.StringAttr.get(comment)
    return create("func", attributes=attributes, regions=1)


def _union(ranges: Sequence[Range | None]) -> Range | None:
    total: Range | None = ranges[0]
    for limits in ranges[1:]:
        total = total.union(limits) if total is not None and limits is not None else None
    return total


def _function_name(kernel: Kernel) -> str:
    result = "x".join(str(extent) for extent in kernel.dims[: kernel.result_dims])
    reduced = "x".join(str(extent) for extent in kernel.dims[kernel.result_dims :])
    return "_".join(
        part for part in (kernel.kind, result, f"k{reduced}" if reduced else "") if part
    )


def loop_names(kernel: Kernel) -> tuple[str, ...]:
    """C names of the loops: the usual letters where the kernel is a usual one."""
    result = kernel.result_dims
    reduced = len(kernel.dims) - result
    usual = {1: ["c"], 2: ["y", "c"], 3: ["y", "x", "c"], 4: ["n", "y", "x", "c"]}
    kernels = {1: ["k"], 2: ["ky", "kx"], 3: ["ky", "kx", "kc"]}
    names = usual.get(result, [f"i{n}" for n in range(result)])
    return (*names, *kernels.get(reduced, [f"k{n}" for n in range(reduced)]))
