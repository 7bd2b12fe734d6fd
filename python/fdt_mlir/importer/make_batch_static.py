"""Give the leading dimension of every tensor a size: `tensor<?x4>` becomes `tensor<1x4>`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.bindings import ir, walk
from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError, UsageError
from fdt_mlir.passes import Pass, location_of, mlir_diagnostics

_HINT = "export the model with a fixed input shape; only the batch, the leading dimension, is set"


@dataclass(frozen=True)
class MakeBatchStaticPass(Pass):
    """Replace the dynamic leading dimension of every tensor by the batch size.

    Requires: a verified module. Ensures: every tensor type of arguments, results and function
    signatures is static, and the module verifies. Fails when a dimension other than the leading
    one is dynamic, a tensor has no rank, or the fixed sizes contradict an operation.

    Options: `batch`, the size of the leading dimension, at least 1.
    """

    name: ClassVar[str] = "fdt-make-batch-static"

    # NOTE: IREE's wheel lacks tosa-infer-shapes, which would do the same from the input shape.
    batch: int = 1

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise UsageError(f"{self.name}: batch is {self.batch}, but must be at least 1")

    def run(self, module: ir.Module) -> None:
        """Rewrite all types in place. Raises CompileError, then the module is unchanged or dead."""
        problems = [problem for op in walk(module.operation) for problem in _problems(op)]
        if problems:
            raise CompileError(problems)
        for op in walk(module.operation):
            _set_types(op, self.batch)
        _verify(module, self.batch)


def _problems(op: ir.Operation) -> Iterator[Diagnostic]:
    for what, value in _values(op):
        problem = _problem(what, value.type, location_of(op))
        if problem:
            yield problem
    # A declaration has no block arguments: its signature is all there is.
    signature = _signature(op)
    if signature is None or any(region.blocks for region in op.regions):
        return
    for kind, types in (("argument", signature.inputs), ("result", signature.results)):
        for index, declared in enumerate(types):
            problem = _problem(f"{kind} {index} of {_title(op)}", declared, location_of(op))
            if problem:
                yield problem


def _values(op: ir.Operation) -> Iterator[tuple[str, ir.Value]]:
    """Yield the values that `op` defines, each with what a user calls it."""
    for index, result in enumerate(op.results):
        yield f"result {index} of {_title(op)}", result
    for region in op.regions:
        for block in region.blocks:
            for index, argument in enumerate(block.arguments):
                yield f"argument {index} of {_title(op)}", argument


def _problem(what: str, given: ir.Type, location: SourceLocation) -> Diagnostic | None:
    if isinstance(given, ir.UnrankedTensorType):
        return Diagnostic(f"{what} is {given}, a tensor of unknown rank", location, _HINT)
    if not isinstance(given, ir.RankedTensorType):
        return None
    dynamic = [index for index in range(1, given.rank) if given.is_dynamic_dim(index)]
    if not dynamic:
        return None
    dims = "dimension" if len(dynamic) == 1 else "dimensions"
    listed = ", ".join(map(str, dynamic))
    return Diagnostic(f"{what} is {given}: {dims} {listed} not fixed", location, _HINT)


def _title(op: ir.Operation) -> str:
    name = op.attributes.get("sym_name")
    return f"@{ir.StringAttr(name).value}" if name else op.name


def _signature(op: ir.Operation) -> ir.FunctionType | None:
    if "function_type" not in op.attributes:
        return None
    signature = ir.TypeAttr(op.attributes["function_type"]).value
    return signature if isinstance(signature, ir.FunctionType) else None


def _set_types(op: ir.Operation, batch: int) -> None:
    for _, value in _values(op):
        value.set_type(_with_batch(value.type, batch))
    signature = _signature(op)
    if signature:
        inputs = [_with_batch(given, batch) for given in signature.inputs]
        results = [_with_batch(given, batch) for given in signature.results]
        op.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(inputs, results))


def _with_batch(given: ir.Type, batch: int) -> ir.Type:
    if not isinstance(given, ir.RankedTensorType) or given.has_static_shape:
        return given
    return ir.RankedTensorType.get([batch, *given.shape[1:]], given.element_type, given.encoding)


def _verify(module: ir.Module, batch: int) -> None:
    try:
        module.operation.verify()
    except ir.MLIRError as error:
        hint = f"not every leading dimension can be {batch}: {_HINT}"
        raise CompileError(
            [
                Diagnostic(found.message, found.location, hint, found.severity, found.notes)
                for found in mlir_diagnostics(error)
            ]
        ) from error
