"""Take a reducing kernel apart, so that its reduction can run tile by tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import Kernel, Stage


@dataclass(frozen=True)
class Part:
    """A kernel and which operands of the whole kernel it reads; -1 is the accumulator."""

    kernel: Kernel
    reads: tuple[int, ...]


@dataclass(frozen=True)
class SplitReduction:
    """The three parts of a Fan-In.

    `start` writes the start value (bias) into the accumulator, `accumulate` adds the terms of a
    slice of the reduction to it, `finish` computes the result from it. `finish` is None where the
    accumulator is the result.
    """

    start: Part
    accumulate: Part
    finish: Part | None
    accumulator_type: ir.Type


def can_split(kernel: Kernel) -> bool:
    """Whether the kernel is a single reduction, evaluated for every point of the result."""
    reducing = [stage for stage in kernel.stages if stage.reduces]
    first = kernel.stages[0]
    every = tuple(range(kernel.result_dims))
    return len(reducing) == 1 and bool(first.reduces) and first.over == every


def split_reduction(module: ir.Module, kernel: Kernel) -> SplitReduction:
    """Split a kernel for which `can_split` holds; all parts use the whole kernel's dimensions."""
    assert can_split(kernel), f"{kernel.layer} is no single reduction"
    reducing = kernel.stages[0]
    assert reducing.init is not None
    identity, accumulator_type = _identity(module, reducing.init, kernel.layer)
    accumulate = replace(reducing, init=identity, init_args=("out",))
    start = Stage(reducing.init, reducing.init_args, reducing.over)
    return SplitReduction(
        start=_part(kernel, [start], f"{kernel.layer}_init", "elementwise", macs=0),
        accumulate=_part(kernel, [accumulate], kernel.layer, kernel.kind, kernel.macs),
        finish=finish_part(kernel),
        accumulator_type=accumulator_type,
    )


def finish_part(kernel: Kernel) -> Part | None:
    """The stages after the reduction; they read the accumulator where they read its stage.

    None where the accumulator is the result.
    """
    rest = kernel.stages[1:]
    if not rest:
        return None
    moved = [replace(stage, args=tuple(_after_split(arg) for arg in stage.args)) for stage in rest]
    return _part(kernel, moved, f"{kernel.layer}_finish", "elementwise", macs=0)


def _after_split(arg: str) -> str:
    kind, _, number = arg.partition(":")
    if kind != "stage":
        return arg
    return "in:-1" if number == "0" else f"stage:{int(number) - 1}"


def _part(kernel: Kernel, stages: Sequence[Stage], layer: str, kind: str, macs: int) -> Part:
    """A kernel of some stages, with only the operands that they read."""
    used = sorted({number for stage in stages for number in _operands(stage)})
    position = {number: new for new, number in enumerate(used)}
    result_map = kernel.maps[-1]
    reducing = any(stage.reduces for stage in stages)
    dims = kernel.dims if reducing else kernel.dims[: kernel.result_dims]
    # Without the reduction the maps have fewer inputs, but the same results.
    maps = [result_map if number == -1 else kernel.maps[number] for number in used]
    part = Kernel(
        layer=layer,
        kind=kind,
        dims=dims,
        result_dims=kernel.result_dims,
        maps=tuple(_narrow(affine_map, len(dims)) for affine_map in (*maps, result_map)),
        stages=tuple(_renumber(stage, position) for stage in stages),
        pads=tuple(
            replace(pad, operand=position[pad.operand])
            for pad in kernel.pads
            if pad.operand in position
        ),
        macs=macs,
    )
    return Part(part, tuple(used))


def _narrow(affine_map: ir.AffineMap, dims: int) -> ir.AffineMap:
    return ir.AffineMap.get(dims, 0, list(affine_map.results))


def _operands(stage: Stage) -> list[int]:
    """Numbers of the operands that a stage reads, as elements or as tables."""
    split = [arg.partition(":") for arg in (*stage.args, *stage.init_args)]
    return [int(number) for kind, _, number in split if kind in ("in", "table")]


def _renumber(stage: Stage, position: dict[int, int]) -> Stage:
    def renumbered(arg: str) -> str:
        kind, _, number = arg.partition(":")
        return f"{kind}:{position[int(number)]}" if kind in ("in", "table") else arg

    return replace(
        stage,
        args=tuple(renumbered(arg) for arg in stage.args),
        init_args=tuple(renumbered(arg) for arg in stage.init_args),
    )


def _identity(module: ir.Module, init: str, layer: str) -> tuple[str, ir.Type]:
    """A scalar function that returns its argument, of the type that `init` returns."""
    function = ir.SymbolTable(module.operation)[init].operation
    function_type = ir.TypeAttr(function.attributes["function_type"]).value
    assert isinstance(function_type, ir.FunctionType)
    (given,) = function_type.results
    name = f"{layer}_resume"
    text = f"func.func private @{name}(%value: {given}) -> {given} {{ return %value : {given} }}"
    parsed = ir.Module.parse(text)
    (operation,) = parsed.body.operations
    operation.operation.detach_from_parent()
    module.body.append(operation)
    return name, given
