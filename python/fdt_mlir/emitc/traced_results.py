"""Which elements of its layer's result each step of a traced model leaves where: as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fdt_mlir.allocate.lifetimes import lifetimes_of, loop_bounds
from fdt_mlir.bindings import ir
from fdt_mlir.emitc.traced_result import TracedResult
from fdt_mlir.kernels.access import Linear, access_of
from fdt_mlir.kernels.kernel import destination_of, loops_around, read_kernel
from fdt_mlir.kernels.operands import view_of
from fdt_mlir.paths.build_graph import entry_of
from fdt_mlir.report.facts import type_name


def traced_results(
    module: ir.Module, layer_shapes: Mapping[str, Sequence[int]]
) -> list[Mapping[str, Any]]:
    """Describe the steps of a planned module; `layer_shapes`: of whole layers, by their names."""
    steps = lifetimes_of(entry_of(module)).steps
    return [asdict(_result(step.name, step.op, layer_shapes)) for step in steps]


def _result(
    layer: str, call: ir.Operation, layer_shapes: Mapping[str, Sequence[int]]
) -> TracedResult:
    kernel = read_kernel(call)
    view = view_of(destination_of(call))
    number = len(kernel.maps) - 1
    windows = [(dim, extent) for operand, dim, extent in kernel.windows if operand == number]
    rings = [(dim, extent) for operand, dim, extent in kernel.rings if operand == number]
    access = access_of(kernel.maps[number], view.shape, view.strides, windows, rings)
    dim_of = {_loop_of(s.position): dim for dim, s in enumerate(access.subscripts)}
    shape = tuple(subscript.extent for subscript in access.subscripts)
    whole = tuple(layer_shapes.get(layer, shape))
    return TracedResult(
        layer,
        type_name(view.element_type),
        shape,
        whole if len(whole) == len(shape) else shape,
        tuple(subscript.stride for subscript in access.subscripts),
        tuple(_turns(loop) for loop in loops_around(call)),
        tuple(dim_of.get(loop) for loop in kernel.slices),
        tuple(dim if operand == number else None for operand, dim, _ in kernel.windows),
        tuple(subscript.ring or 0 for subscript in access.subscripts),
    )


def _loop_of(position: Linear) -> int | None:
    """The loop whose index a position is."""
    plain = len(position.dims) == 1 and position.coefficients[position.dims[0]] == 1
    return position.dims[0] if plain and position.constant == 0 else None


def _turns(loop: ir.Operation) -> tuple[int, int, int]:
    low, high, step = loop_bounds(loop)
    return low, step, -((low - high) // step)
