"""Turn the operations of a layer into the description of one kernel.

A layer is read backwards from its result: to know an element of the result, which elements of
which members are needed, and what is computed from them? Reading an elementwise member copies its
scalar body; reading a reduction starts a new stage; reading anything outside of the layer is an
operand with an indexing map.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fdt_mlir.attributes import integers, string
from fdt_mlir.bindings import downcast, ir
from fdt_mlir.kernels.kernel import Kernel, Pad, Stage
from fdt_mlir.kernels.neutral import is_neutral
from fdt_mlir.kernels.stage_function import StageFunction
from fdt_mlir.normalize.layer_kinds import layer_kind
from fdt_mlir.normalize.structured import (
    Structured,
    element_type,
    is_splat,
    is_unit_reshape,
    kept_dims,
    pad_amounts,
    producer,
    shape_of,
    structured,
)

Index = tuple[ir.AffineExpr, ...]


@dataclass(frozen=True)
class ComposedKernel:
    """A kernel, the tensors that its call reads, and the place in the model it stands for."""

    kernel: Kernel
    inputs: tuple[ir.Value, ...]
    location: ir.Location


def compose_kernel(
    module: ir.Module,
    members: Sequence[ir.Operation],
    root: ir.Operation,
    destination: ir.Value | None = None,
) -> ComposedKernel:
    """Describe the layer of `members` as one kernel that computes the result of `root`.

    `destination` is the tensor that the result is written to, where it is given: reading the same
    element of it is reading what the destination held before. Adds the scalar functions of the
    kernel's stages to `module`.
    """
    return _Composer(module, members, destination).compose(root)


@dataclass(frozen=True)
class _Operand:
    value: ir.Value
    index: Index | None  # None: the whole tensor, a table
    pad: ir.Attribute | None = None


class _Composer:
    def __init__(
        self, module: ir.Module, members: Sequence[ir.Operation], destination: ir.Value | None
    ):
        self.module = module
        self.destination = destination
        self.result_index: Index = ()
        self.members = list(members)
        self.layer: str = string(members[0], "fdt.layer")
        self.dims: list[int] = []
        self.operands: list[_Operand] = []
        self.stages: list[Stage] = []
        self.stage_types: list[ir.Type] = []
        self.stage_of: dict[tuple[ir.Value, Index], int] = {}
        self._reducing: dict[ir.Value, bool] = {}

    def compose(self, root: ir.Operation) -> ComposedKernel:
        result = root.results[0]
        result_index = tuple(self._new_dim(extent) for extent in shape_of(result))
        self.result_index = result_index
        result_dims = len(self.dims)
        self._stage_for(result, result_index, tuple(range(result_dims)))
        maps = [self._map(operand.index or ()) for operand in self.operands]
        kernel = Kernel(
            layer=self.layer,
            kind=layer_kind(self.members),
            dims=tuple(self.dims),
            result_dims=result_dims,
            maps=(*maps, self._map(result_index)),
            stages=tuple(self.stages),
            pads=self._pads(),
            macs=self._macs(),
        )
        return ComposedKernel(
            kernel, tuple(operand.value for operand in self.operands), self._location(root)
        )

    def _new_dim(self, extent: int) -> ir.AffineExpr:
        """A new loop, or the constant 0 where there is nothing to loop over."""
        if extent == 1:
            return ir.AffineExpr.get_constant(0)
        self.dims.append(extent)
        return ir.AffineExpr.get_dim(len(self.dims) - 1)

    def _map(self, index: Index) -> ir.AffineMap:
        return ir.AffineMap.get(len(self.dims), 0, list(index))

    def _location(self, root: ir.Operation) -> ir.Location:
        reductions = [op for op in self.members if (view := structured(op)) and view.is_reduction]
        return reductions[0].location if len(reductions) == 1 else root.location

    def _macs(self) -> int:
        if layer_kind(self.members) not in ("conv", "depthwise", "dense", "matmul"):
            return 0
        macs = 1
        for extent in self.dims:
            macs *= extent
        return macs

    # Stages

    def _stage_for(self, value: ir.Value, index: Index, over: tuple[int, ...]) -> int:
        """The stage that computes `value[index]` for each point of the dims `over`."""
        key = (value, index)
        if key not in self.stage_of:
            view = self._member_view(value)
            if view is not None and view.is_reduction:
                stage = self._reduction_stage(view, index, over)
            else:
                stage = self._map_stage(value, index, over)
            self.stages.append(stage)
            self.stage_types.append(element_type(value))
            self.stage_of[key] = len(self.stages) - 1
        return self.stage_of[key]

    def _map_stage(self, value: ir.Value, index: Index, over: tuple[int, ...]) -> Stage:
        function = StageFunction(self.module, self.layer)
        element = self._read(function, value, index, over)
        body = function.finish(element)
        return Stage(body, function.args, over)

    def _reduction_stage(self, view: Structured, index: Index, over: tuple[int, ...]) -> Stage:
        loops = self._loops(view, index)
        first = len(self.dims)
        for loop, kind in enumerate(view.iterators):
            if kind == "reduction":
                loops[loop] = self._new_dim(view.extents[loop])
        reduces = tuple(range(first, len(self.dims)))

        start = StageFunction(self.module, f"{self.layer}_init")
        init = start.finish(self._read(start, view.init, index, over))
        function = StageFunction(self.module, f"{self.layer}_accumulate")
        accumulator = function.argument("acc", element_type(view.result))
        scope = over + reduces
        elements = [
            self._read_input(function, view, k, loops, scope) for k in range(len(view.inputs))
        ]
        body = function.finish(self._copy_body(function, view, [*elements, accumulator], loops))
        # A reduction of unit extent still combines its start value and one element.
        if not reduces:
            return self._single_step(view, index, over, start.args, init, function.args, body)
        return Stage(body, function.args, over, reduces, init, start.args)

    def _single_step(
        self,
        view: Structured,
        index: Index,
        over: tuple[int, ...],
        init_args: tuple[str, ...],
        init: str,
        args: tuple[str, ...],
        body: str,
    ) -> Stage:
        """A reduction over nothing: the start value is a stage of its own, then one combination."""
        self.stages.append(Stage(init, init_args, over))
        self.stage_types.append(element_type(view.result))
        start = f"stage:{len(self.stages) - 1}"
        return Stage(body, tuple(start if arg == "acc" else arg for arg in args), over)

    # Elements

    def _read(
        self, function: StageFunction, value: ir.Value, index: Index, scope: tuple[int, ...]
    ) -> ir.Value:
        """The element `value[index]` inside `function`, whose loops are `scope`."""
        known = function.known(value, index)
        if known is None:
            known = self._compute(function, value, index, scope)
            function.remember(value, index, known)
        return known

    def _compute(
        self, function: StageFunction, value: ir.Value, index: Index, scope: tuple[int, ...]
    ) -> ir.Value:
        op = producer(value)
        if op is not None and op in self.members and is_unit_reshape(op):
            source = op.operands[0]
            return self._read(function, source, _reshape(index, value, source), scope)
        view = self._member_view(value)
        if view is not None and view.is_reduction:
            return self._read_stage(function, value, index)
        if view is not None:
            over = _dims_of(index)
            if len(over) < len(scope) and self._reduces(view):
                return self._read_stage(function, value, index)
            loops = self._loops(view, index)
            elements = [
                self._read_input(function, view, k, loops, scope) for k in range(len(view.inputs))
            ]
            start = self._read(function, view.init, index, scope) if view.reads_init else None
            return self._copy_body(function, view, [*elements, start], loops)
        if op is not None and op in self.members and op.name == "tensor.pad":
            return self._read_padded(function, op, index)
        behind = _through_view(op, value, index) if op is not None else None
        if behind is not None:
            return self._read(function, *behind, scope)
        return self._read_operand(function, _Operand(value, index))

    def _read_stage(self, function: StageFunction, value: ir.Value, index: Index) -> ir.Value:
        number = self._stage_for(value, index, _dims_of(index))
        return function.argument(f"stage:{number}", element_type(value))

    def _read_padded(self, function: StageFunction, pad: ir.Operation, index: Index) -> ir.Value:
        low, _ = pad_amounts(pad)
        shifted = tuple(
            downcast(expr - amount) if amount else expr
            for expr, amount in zip(index, low, strict=True)
        )
        (yielded,) = list(pad.regions[0].blocks[0].operations)[-1].operands
        constant = producer(yielded)
        assert constant is not None
        assert constant.name == "arith.constant"
        operand = _Operand(pad.operands[0], shifted, constant.attributes["value"])
        return self._read_operand(function, operand)

    def _read_operand(self, function: StageFunction, operand: _Operand) -> ir.Value:
        if not isinstance(operand.value.type, ir.RankedTensorType) or _is_same_everywhere(operand):
            return function.constant(operand.value)
        if self._is_destination(operand):
            return function.argument("out", element_type(operand.value))
        number = self._operand_number(operand)
        return function.argument(f"in:{number}", element_type(operand.value))

    def _is_destination(self, operand: _Operand) -> bool:
        # NOTE: Value.__eq__ rejects None, hence the order of the conditions.
        return (
            self.destination is not None
            and operand.value == self.destination
            and operand.index == self.result_index
        )

    def _read_input(
        self,
        function: StageFunction,
        view: Structured,
        number: int,
        loops: Sequence[ir.AffineExpr],
        scope: tuple[int, ...],
    ) -> ir.Value | None:
        """The element of input `number` of a member; None where its body does not use it."""
        argument = view.op.regions[0].blocks[0].arguments[number]
        if next(iter(argument.uses), None) is None:
            return None
        index = _index(view.maps[number], loops)
        return self._read(function, view.inputs[number], index, scope)

    def _copy_body(
        self,
        function: StageFunction,
        view: Structured,
        elements: Sequence[ir.Value | None],
        loops: Sequence[ir.AffineExpr],
    ) -> ir.Value:
        return function.copy_body(view.op, elements, loops, self._table)

    def _table(self, function: StageFunction, tensor: ir.Value) -> ir.Value:
        number = self._operand_number(_Operand(tensor, None))
        return function.argument(f"table:{number}", tensor.type)

    def _operand_number(self, operand: _Operand) -> int:
        if operand not in self.operands:
            self.operands.append(operand)
        return self.operands.index(operand)

    # Structure

    def _member_view(self, value: ir.Value) -> Structured | None:
        """The structured member that computes `value`, seen through unit reshapes."""
        op = producer(value)
        while op is not None and op in self.members and is_unit_reshape(op):
            op = producer(op.operands[0])
        return structured(op) if op is not None and op in self.members else None

    def _reduces(self, view: Structured) -> bool:
        """Whether a reduction of the layer feeds `view`, directly or through other members."""
        if view.is_reduction:
            return True
        # Remembered: members read each other more than once, and paths double with each.
        if view.result not in self._reducing:
            feeding = [self._member_view(value) for value in view.inputs]
            self._reducing[view.result] = any(
                member is not None and self._reduces(member) for member in feeding
            )
        return self._reducing[view.result]

    def _loops(self, view: Structured, index: Index) -> list[ir.AffineExpr]:
        """Solve the result's map for the loops: which iteration computes `result[index]`."""
        zero = ir.AffineExpr.get_constant(0)
        loops: list[ir.AffineExpr] = [zero] * len(view.iterators)
        for expr, position in zip(view.maps[-1].results, index, strict=True):
            if isinstance(expr, ir.AffineDimExpr):
                loops[expr.position] = position
        return loops

    def _pads(self) -> tuple[Pad, ...]:
        pads: list[Pad] = []
        for number, operand in enumerate(self.operands):
            if operand.pad is not None:
                neutral = all(
                    is_neutral(self.module, stage, number, operand.pad) for stage in self.stages
                )
                pads.append(Pad(number, operand.pad, neutral))
        return tuple(pads)


def _is_same_everywhere(operand: _Operand) -> bool:
    """Whether an operand is known to have the same element at every index, also in its border."""
    if not is_splat(operand.value):
        return False
    constant = producer(operand.value)
    assert constant is not None
    elements = ir.DenseElementsAttr(constant.attributes["value"])
    return operand.pad is None or operand.pad == elements.get_splat_value()


def _index(affine_map: ir.AffineMap, loops: Sequence[ir.AffineExpr]) -> Index:
    substitution = ir.AffineMap.get(64, 0, list(loops))
    return tuple(downcast(expr.compose(substitution)) for expr in affine_map.results)


def _dims_of(index: Index) -> tuple[int, ...]:
    dims: set[int] = set()
    pending = list(index)
    while pending:
        expr = pending.pop()
        if isinstance(expr, ir.AffineDimExpr):
            dims.add(expr.position)
        elif isinstance(expr, ir.AffineBinaryExpr):
            pending += [downcast(expr.lhs), downcast(expr.rhs)]
    return tuple(sorted(dims))


def _reshape(index: Index, after: ir.Value, before: ir.Value) -> Index:
    """The index into `before` of the element `index` of `after`; only unit dimensions differ."""
    kept = iter(expr for expr, extent in zip(index, shape_of(after), strict=True) if extent != 1)
    zero = ir.AffineExpr.get_constant(0)
    return tuple(zero if extent == 1 else next(kept) for extent in shape_of(before))


def _through_view(op: ir.Operation, value: ir.Value, index: Index) -> tuple[ir.Value, Index] | None:
    """The tensor behind a static view and the index into it; None for anything else.

    The view becomes part of the indexing map, so that tiling sees through it.
    """
    source = op.operands[0] if op.operands else value
    if is_unit_reshape(op):
        return source, _reshape(index, value, source)
    if op.name != "tensor.extract_slice" or len(op.operands) != 1:
        return None
    sizes = integers(op, "static_sizes")
    # The position in a dimension that the slice drops is the offset.
    within: list[ir.AffineExpr] = [ir.AffineExpr.get_constant(0)] * len(sizes)
    for dim, expr in zip(kept_dims(sizes, shape_of(value)), index, strict=True):
        within[dim] = expr
    steps, offsets = integers(op, "static_strides"), integers(op, "static_offsets")
    return source, tuple(
        downcast(expr * step + offset)
        for expr, step, offset in zip(within, steps, offsets, strict=True)
    )
