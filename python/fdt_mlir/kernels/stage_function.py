"""Build the scalar function of a stage."""

from collections.abc import Callable, Sequence

from fdt_mlir.attributes import integer, string
from fdt_mlir.bindings import downcast, ir
from fdt_mlir.normalize.names import unique_name
from fdt_mlir.normalize.structured import producer


class StageFunction:
    """A private function under construction; arguments appear as they are asked for."""

    def __init__(self, module: ir.Module, stem: str):
        self.module = module
        self._names: list[str] = []
        self._known: dict[tuple[ir.Value, tuple[ir.AffineExpr, ...]], ir.Value] = {}
        symbols = ir.SymbolTable(module.operation)
        with ir.InsertionPoint(module.body), ir.Location.unknown():
            self._function = ir.Operation.create(
                "func.func",
                regions=1,
                attributes={
                    "sym_name": ir.StringAttr.get(unique_name(stem, symbols)),
                    "function_type": ir.TypeAttr.get(ir.FunctionType.get([], [])),
                    "sym_visibility": ir.StringAttr.get("private"),
                },
            )
        self._block = self._function.regions[0].blocks.append()

    @property
    def args(self) -> tuple[str, ...]:
        return tuple(self._names)

    def argument(self, name: str, value_type: ir.Type) -> ir.Value:
        """The argument called `name`, added on first use."""
        if name not in self._names:
            self._names.append(name)
            self._block.add_argument(value_type, ir.Location.unknown())
        return self._block.arguments[self._names.index(name)]

    def known(self, value: ir.Value, index: tuple[ir.AffineExpr, ...]) -> ir.Value | None:
        """An element that was computed before."""
        return self._known.get((value, index))

    def remember(
        self, value: ir.Value, index: tuple[ir.AffineExpr, ...], element: ir.Value
    ) -> None:
        self._known[value, index] = element

    def constant(self, value: ir.Value) -> ir.Value:
        """Copy a scalar constant of the model, or the element of a splat, into the function."""
        op = producer(value)
        assert op is not None, "a scalar that the model computes"
        assert op.name == "arith.constant", f"a scalar that {op.name} computes"
        attribute = op.attributes["value"]
        if isinstance(attribute, ir.DenseElementsAttr):
            attribute = attribute.get_splat_value()
        with ir.InsertionPoint.at_block_begin(self._block), ir.Location.unknown():
            return ir.Operation.create(
                "arith.constant", [attribute.type], attributes={"value": attribute}
            ).results[0]

    def copy_body(
        self,
        op: ir.Operation,
        elements: Sequence[ir.Value | None],
        loops: Sequence[ir.AffineExpr],
        table: Callable[["StageFunction", ir.Value], ir.Value],
    ) -> ir.Value:
        """Copy the body of a structured op.

        `elements` replace its block arguments, `loops` say what `linalg.index` is, and `table`
        gives the argument for a tensor that the body indexes itself.
        """
        body = op.regions[0].blocks[0]
        mapped: dict[ir.Value, ir.Value] = {
            argument: element
            for argument, element in zip(body.arguments, elements, strict=True)
            if element is not None
        }
        *computations, terminator = (nested.operation for nested in body.operations)
        for computation in computations:
            if computation.name == "linalg.index":
                dim = integer(computation, "dim")
                mapped[computation.results[0]] = self._affine(loops[dim])
                continue
            copy = computation.clone(ip=ir.InsertionPoint(self._block)).operation
            for number, operand in enumerate(computation.operands):
                copy.operands[number] = self._outside(operand, mapped, table)
            for result, copied in zip(computation.results, copy.results, strict=True):
                mapped[result] = copied
        return self._outside(terminator.operands[0], mapped, table)

    def _outside(
        self,
        value: ir.Value,
        mapped: dict[ir.Value, ir.Value],
        table: Callable[["StageFunction", ir.Value], ir.Value],
    ) -> ir.Value:
        if value not in mapped:
            tensor = isinstance(value.type, ir.RankedTensorType)
            mapped[value] = table(self, value) if tensor else self.constant(value)
        return mapped[value]

    def _affine(self, expr: ir.AffineExpr) -> ir.Value:
        """Compute an affine expression of the loop indices."""
        index = ir.IndexType.get()
        if isinstance(expr, ir.AffineDimExpr):
            return self.argument(f"dim:{expr.position}", index)
        with ir.InsertionPoint(self._block), ir.Location.unknown():
            if isinstance(expr, ir.AffineConstantExpr):
                attribute = ir.IntegerAttr.get(index, expr.value)
                attributes = {"value": attribute}
                return ir.Operation.create(
                    "arith.constant", [index], attributes=attributes
                ).results[0]
            name = "arith.addi" if isinstance(expr, ir.AffineAddExpr) else "arith.muli"
            assert isinstance(expr, (ir.AffineAddExpr, ir.AffineMulExpr)), f"no code for {expr}"
            operands = [self._affine(downcast(expr.lhs)), self._affine(downcast(expr.rhs))]
            return ir.Operation.create(name, [index], operands).results[0]

    def finish(self, result: ir.Value) -> str:
        """Return `result`; gives the function's name. An equal function may take its place."""
        with ir.InsertionPoint(self._block), ir.Location.unknown():
            ir.Operation.create("func.return", operands=[result])
        arguments = [argument.type for argument in self._block.arguments]
        self._function.attributes["function_type"] = ir.TypeAttr.get(
            ir.FunctionType.get(arguments, [result.type])
        )
        return string(self._function, "sym_name")
