"""What is known of a kernel call before any C is written: operands, their packing, their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.emitc.types import Range, has_c_name, int_type
from fdt_mlir.kernels.access import Access, access_of
from fdt_mlir.kernels.blocking import Blocking, choose_blocking
from fdt_mlir.kernels.kernel import Kernel, read_kernel
from fdt_mlir.kernels.machine import Tuning
from fdt_mlir.kernels.micro_kernel import Dot, Lanewise, innermost_reduction, repacked_access
from fdt_mlir.kernels.operands import View, constant_of, views_of
from fdt_mlir.kernels.pack import PackedConstant, interleave, pack_constant, pack_quads, pack_taps
from fdt_mlir.kernels.steps import Step, match_step
from fdt_mlir.normalize.names import unique_name
from fdt_mlir.passes import op_error

_GREATEST_PLACE = (1 << 31) - 1
_ADDITIONS = ("arith.addi", "arith.addf")


@dataclass(frozen=True)
class Parameter:
    """A pointer parameter: element type, whether it is read only, the range of its elements."""

    name: str
    element_type: ir.Type
    const: bool
    elements: Range | None = None


@dataclass(frozen=True)
class KernelCall:
    """A call after bufferization. `constants` holds those operands that are constants."""

    op: ir.Operation
    kernel: Kernel
    views: tuple[View, ...]
    constants: tuple[PackedConstant | None, ...]
    accesses: tuple[Access, ...]
    blocking: Blocking
    parameters: tuple[Parameter, ...]
    parameter_of: tuple[int, ...]

    @property
    def windowed(self) -> tuple[int, ...]:
        """The operands that hold a window of a larger tensor, in the order of the parameters."""
        return tuple(dict.fromkeys(operand for operand, _, _ in self.kernel.windows))

    @property
    def table_strides(self) -> tuple[tuple[int, ...], ...]:
        """For each operand that is a table its strides in elements, () for the others."""
        return tuple(
            (view.strides if constant is None else constant.strides)
            if _is_table(self.kernel, number, view)
            else ()
            for number, (view, constant) in enumerate(zip(self.views, self.constants, strict=True))
        )


def read_call(module: ir.Module, op: ir.Operation, tuning: Tuning) -> KernelCall:
    """Collect what is known of a kernel call: accesses after packing, parameters.

    Raises CompileError where its elements have no C type, its functions are not there, or places
    are counted in more than 32 bits.
    """
    kernel = read_kernel(op)
    views = views_of(op)
    _check(module, op, kernel, views)
    constants = [_packed(module, kernel, number, view) for number, view in enumerate(views)]
    accesses = [_access(kernel, n, view, constants[n]) for n, view in enumerate(views)]
    _check_reach(op, kernel, accesses)
    step = _step(module, kernel)
    blocking = choose_blocking(kernel, accesses, [c is not None for c in constants], tuning, step)
    for number in blocking.interleaved:
        accesses[number], constants[number] = _packed_in_blocks(
            kernel, blocking, accesses[number], constants[number]
        )
    known = [number for number, constant in enumerate(constants) if constant is not None]
    added = frozenset(number for number in known if _is_added(module, kernel, number))
    parameters, parameter_of = _parameters(kernel, views, constants, added)
    return KernelCall(
        op,
        kernel,
        tuple(views),
        tuple(constants),
        tuple(accesses),
        blocking,
        tuple(parameters),
        tuple(parameter_of),
    )


def _check(module: ir.Module, op: ir.Operation, kernel: Kernel, views: Sequence[View]) -> None:
    for view in views:
        if not has_c_name(view.element_type):
            raise op_error(op, f"C has no type for elements of {view.element_type}")
    functions = ir.SymbolTable(module.operation)
    for stage in kernel.stages:
        for name in (stage.body, stage.init):
            if name is not None and name not in functions:
                raise op_error(op, f"the kernel calls @{name}, which is not defined")


def _check_reach(op: ir.Operation, kernel: Kernel, accesses: Sequence[Access]) -> None:
    """Raise CompileError for loops and borders so long that no int32 counts them."""
    longest = max(kernel.dims, default=0)
    reach = [access.linear(len(kernel.dims)).bounds(kernel.dims) for access in accesses]
    farthest = max((max(-low, high) for low, high in reach), default=0)
    if max(longest, farthest) > _GREATEST_PLACE:
        raise op_error(
            op,
            f"layer '{kernel.layer}' has a loop of {longest} steps and reaches {farthest} elements"
            f" far, but C counts to {_GREATEST_PLACE}",
            "look at the windows, strides and padding of the layer, or export the model again",
        )


def _packed(module: ir.Module, kernel: Kernel, number: int, view: View) -> PackedConstant | None:
    data = constant_of(module, view)
    return None if data is None else pack_constant(kernel, number, view, data)


def _step(module: ir.Module, kernel: Kernel) -> Step | None:
    """What the innermost reduction of a kernel does to bytes."""
    stage = innermost_reduction(kernel)
    functions = ir.SymbolTable(module.operation)
    return None if stage is None else match_step(stage, lambda name: functions[name].operation)


def _packed_in_blocks(
    kernel: Kernel, blocking: Blocking, access: Access, constant: PackedConstant | None
) -> tuple[Access, PackedConstant]:
    """The order of a constant that a register block reads, and how it is addressed then."""
    assert constant is not None, "only constants have an order of their own"
    row = access.linear(len(kernel.dims)).coefficients[blocking.dim]
    parts = blocking.splits(kernel.dims[blocking.dim])
    if blocking.micro is None:
        return access, interleave(constant, row, parts)
    assert not isinstance(blocking.micro, Lanewise), "channels side by side have no weights"
    repacked = repacked_access(blocking.micro, access)
    if isinstance(blocking.micro, Dot):
        return repacked, pack_quads(constant, row, parts, blocking.micro)
    return repacked, pack_taps(constant, parts, blocking.micro)


def _access(kernel: Kernel, number: int, view: View, constant: PackedConstant | None) -> Access:
    if _is_table(kernel, number, view):
        return Access(())  # the scalar function indexes it
    strides = view.strides if constant is None else constant.strides
    windows = [(dim, extent) for operand, dim, extent in kernel.windows if operand == number]
    rings = [(dim, extent) for operand, dim, extent in kernel.rings if operand == number]
    return access_of(kernel.maps[number], view.shape, strides, windows, rings)


def _is_table(kernel: Kernel, number: int, view: View) -> bool:
    return not kernel.maps[number].results and len(view.shape) > 0


def _parameters(
    kernel: Kernel,
    views: Sequence[View],
    constants: Sequence[PackedConstant | None],
    added: frozenset[int],
) -> tuple[list[Parameter], list[int]]:
    parameters: list[Parameter] = []
    parameter_of: list[int] = []
    known: dict[tuple[ir.Value, int, tuple[ir.Value, ...]], int] = {}
    last = len(views) - 1
    for number, view in enumerate(views):
        key = (view.base, view.offset, tuple(value for value, _ in view.dynamic))
        if constants[number] is None and number != last and key in known:
            parameter_of.append(known[key])
            continue
        known[key] = len(parameters)
        parameter_of.append(len(parameters))
        role = "bias" if number in added else _role(kernel, number, constants)
        name = unique_name(role, [p.name for p in parameters])
        elements = _data_range(constants[number])
        element_type = _stored_type(view, constants[number])
        parameters.append(Parameter(name, element_type, number != last, elements))
    return parameters, parameter_of


def _stored_type(view: View, constant: PackedConstant | None) -> ir.Type:
    """The type of an operand's elements in memory: packing may have widened them."""
    if constant is None or constant.data.dtype.kind != "i" or view.element_type == int_type(1):
        return view.element_type
    return int_type(8 * constant.data.dtype.itemsize)


def _data_range(constant: PackedConstant | None) -> Range | None:
    if constant is None or constant.data.dtype.kind == "f":
        return None
    data = constant.data
    return Range(int(data.min()), int(data.max()))


def _is_added(module: ir.Module, kernel: Kernel, number: int) -> bool:
    """Whether an operand is a constant that a stage after the reduction only adds: a bias."""
    name = f"in:{number}"
    reading = [stage for stage in kernel.stages if name in stage.args]
    if len(reading) != 1 or reading[0].reduces or kernel.kind == "elementwise":
        return False
    function = ir.SymbolTable(module.operation)[reading[0].body].operation
    argument = function.regions[0].blocks[0].arguments[reading[0].args.index(name)]
    return all(use.owner.operation.name in _ADDITIONS for use in argument.uses)


def _role(kernel: Kernel, number: int, constants: Sequence[PackedConstant | None]) -> str:
    """What people call an operand."""
    constant = constants[number]
    if number == len(constants) - 1:
        return "output"
    if constant is None:
        return "input"
    data = constant.data
    reducing = [stage for stage in kernel.stages if stage.reduces]
    name = f"in:{number}"
    if any(name in stage.args for stage in reducing):
        return "weights"
    if any(name in stage.init_args for stage in reducing):
        return "bias"
    if any(f"table:{number}" in stage.args for stage in kernel.stages):
        return "table"
    if reducing and data.dtype.kind == "i":
        return "shift" if data.dtype.itemsize == 1 else "multiplier"
    return "constant"
