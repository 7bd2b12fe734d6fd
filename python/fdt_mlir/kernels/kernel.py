"""What a kernel call computes, as data: read from and written to the call's `fdt.*` attributes.

The attributes are documented in docs/architecture.md, "Kernel form".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.attributes import (
    i64,
    integer,
    integer_of,
    integers,
    integers_of,
    items,
    number_of,
    string,
    string_of,
    strings_of,
)
from fdt_mlir.bindings import ir, walk
from fdt_mlir.passes import op_error

KERNEL_OP = "iree_codegen.ukernel.generic"
_REQUIRED = (
    "fdt.layer",
    "fdt.kind",
    "fdt.dims",
    "fdt.result_dims",
    "fdt.maps",
    "fdt.stages",
    "fdt.macs",
)


@dataclass(frozen=True)
class Stage:
    """One computation of a kernel, a scalar function.

    It is evaluated once for each point of the dimensions `over`; a reducing stage runs over
    `reduces` within each point. `args` names what the function is called with: `in:k` the element
    of operand k, `table:k` the whole operand k, `stage:k` the value of an earlier stage, `dim:d`
    a loop index, `acc` the running value of the reduction, `out` what the destination held before.
    """

    body: str
    args: tuple[str, ...]
    over: tuple[int, ...]
    reduces: tuple[int, ...] = ()
    init: str | None = None
    init_args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pad:
    """What operand number `operand` reads as where its map points beyond it."""

    operand: int
    value: ir.Attribute
    neutral: bool


@dataclass(frozen=True)
class Kernel:
    """The computation of one kernel call.

    `dims` are extents of the iteration space, first the `result_dims` loops of the result, then
    the reduction loops. `maps` gives the index of each operand, the result's last. `slices` lists
    loops that scalar operands of the call restrict to `[begin, end)`. `windows` lists (operand,
    dimension, full extent) where the operand holds a part only, whose first position is a scalar
    operand of the call; `rings` those where element i lives at `i mod extent of the operand`. The
    result is operand number `len(maps) - 1`. A `reverse` kernel visits its result backwards.

    `block` is the extent of the register block along each loop of the result, () for single
    elements: the generated code computes block by block, and reads all that a block needs before
    it writes any of it.
    """

    layer: str
    kind: str
    dims: tuple[int, ...]
    result_dims: int
    maps: tuple[ir.AffineMap, ...]
    stages: tuple[Stage, ...]
    pads: tuple[Pad, ...] = ()
    slices: tuple[int, ...] = ()
    windows: tuple[tuple[int, int, int], ...] = ()
    rings: tuple[tuple[int, int, int], ...] = ()
    macs: int = 0
    reverse: bool = False
    block: tuple[int, ...] = ()


def kernel_calls(function: ir.Operation) -> list[ir.Operation]:
    """All kernel calls of a function, in program order."""
    return [op for op in walk(function) if op.name == KERNEL_OP]


def loops_around(call: ir.Operation) -> list[ir.Operation]:
    """The tile loops that a kernel call is in, outer ones first."""
    loops: list[ir.Operation] = []
    parent = call.parent
    while parent is not None:
        op = parent.operation
        if op.name == "scf.for":
            loops.insert(0, op)
        parent = op.parent
    return loops


def create_call(
    kernel: Kernel,
    inputs: Sequence[ir.Value],
    destination: ir.Value,
    bounds: Sequence[ir.Value] = (),
) -> ir.Operation:
    """Create the call at the current insertion point.

    `bounds` holds `begin, end` for each of `kernel.slices`, then the first position for each of
    `kernel.windows`.
    """
    tensors = isinstance(destination.type, ir.RankedTensorType)
    return ir.Operation.create(
        KERNEL_OP,
        results=[destination.type] if tensors else [],
        operands=[*inputs, destination, *bounds],
        attributes={
            "u_kernel_fn_name": ir.StringAttr.get(kernel.kind),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(inputs), 1, len(bounds)]),
            **_attributes(kernel),
        },
    )


def _attributes(kernel: Kernel) -> dict[str, ir.Attribute]:
    attributes: dict[str, ir.Attribute] = {
        "fdt.layer": ir.StringAttr.get(kernel.layer),
        "fdt.kind": ir.StringAttr.get(kernel.kind),
        "fdt.dims": ir.DenseI64ArrayAttr.get(kernel.dims),
        "fdt.result_dims": i64(kernel.result_dims),
        "fdt.maps": ir.ArrayAttr.get([ir.AffineMapAttr.get(m) for m in kernel.maps]),
        "fdt.stages": ir.ArrayAttr.get([_stage_attribute(stage) for stage in kernel.stages]),
        "fdt.macs": i64(kernel.macs),
    }
    if kernel.pads:
        attributes["fdt.pads"] = ir.ArrayAttr.get([_pad_attribute(pad) for pad in kernel.pads])
    if kernel.slices:
        attributes["fdt.slices"] = ir.DenseI64ArrayAttr.get(kernel.slices)
    if kernel.block:
        attributes["fdt.block"] = ir.DenseI64ArrayAttr.get(kernel.block)
    if kernel.reverse:
        attributes["fdt.reverse"] = ir.UnitAttr.get()
    for name, triples in (("fdt.windows", kernel.windows), ("fdt.rings", kernel.rings)):
        if triples:
            flat = [number for triple in triples for number in triple]
            attributes[name] = ir.DenseI64ArrayAttr.get(flat)
    return attributes


def _stage_attribute(stage: Stage) -> ir.DictAttr:
    entries: dict[str, ir.Attribute] = {
        "body": ir.FlatSymbolRefAttr.get(stage.body),
        "args": _strings(stage.args),
        "over": ir.DenseI64ArrayAttr.get(stage.over),
    }
    if stage.reduces:
        assert stage.init is not None
        entries["reduces"] = ir.DenseI64ArrayAttr.get(stage.reduces)
        entries["init"] = ir.FlatSymbolRefAttr.get(stage.init)
        entries["init_args"] = _strings(stage.init_args)
    return ir.DictAttr.get(entries)


def _pad_attribute(pad: Pad) -> ir.DictAttr:
    return ir.DictAttr.get(
        {
            "operand": i64(pad.operand),
            "value": pad.value,
            "neutral": ir.BoolAttr.get(pad.neutral),
        }
    )


def require(call: ir.Operation, *names: str) -> None:
    """Raise CompileError where a kernel call lacks one of these attributes."""
    missing = [name for name in names if name not in call.attributes]
    if missing:
        message = f"the kernel call lacks {', '.join(missing)}"
        raise op_error(call, message, "let fdt-form-kernels write the calls")


def read_kernel(call: ir.Operation) -> Kernel:
    """Read the attributes of a kernel call. Raises CompileError where one is missing."""
    require(call, *_REQUIRED)
    return Kernel(
        layer=string(call, "fdt.layer"),
        kind=string(call, "fdt.kind"),
        dims=integers(call, "fdt.dims"),
        result_dims=integer(call, "fdt.result_dims"),
        maps=tuple(ir.AffineMapAttr(attr).value for attr in items(call, "fdt.maps")),
        stages=tuple(_read_stage(ir.DictAttr(attr)) for attr in items(call, "fdt.stages")),
        pads=tuple(_read_pad(ir.DictAttr(attr)) for attr in items(call, "fdt.pads")),
        slices=integers(call, "fdt.slices"),
        windows=_triples(integers(call, "fdt.windows")),
        rings=_triples(integers(call, "fdt.rings")),
        macs=integer(call, "fdt.macs"),
        reverse="fdt.reverse" in call.attributes,
        block=integers(call, "fdt.block"),
    )


def _read_stage(entries: ir.DictAttr) -> Stage:
    reducing = "reduces" in entries
    return Stage(
        body=string_of(entries["body"]),
        args=strings_of(entries["args"]),
        over=integers_of(entries["over"]),
        reduces=integers_of(entries["reduces"]) if reducing else (),
        init=string_of(entries["init"]) if reducing else None,
        init_args=strings_of(entries["init_args"]) if reducing else (),
    )


def _read_pad(entries: ir.DictAttr) -> Pad:
    neutral = bool(number_of(entries["neutral"]))
    return Pad(integer_of(entries["operand"]), entries["value"], neutral)


def _triples(flat: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    return tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True))


def inputs_of(call: ir.Operation) -> tuple[ir.Value, ...]:
    """The operands that a kernel call reads."""
    return tuple(call.operands)[: _segments(call)[0]]


def destination_of(call: ir.Operation) -> ir.Value:
    """The operand that a kernel call writes."""
    return call.operands[_segments(call)[0]]


def bounds_of(call: ir.Operation) -> tuple[ir.Value, ...]:
    """The scalar operands of a kernel call: begin and end of each slice, start of each window."""
    inputs, outputs, _ = _segments(call)
    return tuple(call.operands)[inputs + outputs :]


def _segments(call: ir.Operation) -> tuple[int, ...]:
    return integers(call, "operandSegmentSizes")


def _strings(values: Sequence[str]) -> ir.ArrayAttr:
    return ir.ArrayAttr.get([ir.StringAttr.get(value) for value in values])
