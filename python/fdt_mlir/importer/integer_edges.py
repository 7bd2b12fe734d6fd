"""Drop the conversions between a model's edges and its integer core."""

from dataclasses import replace

from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError
from fdt_mlir.importer.prune_model import prune_model
from fdt_mlir.importer.tflite_model import Tensor, TfliteModel

_INTEGERS = frozenset({"BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8"})
_HINT = "leave --io away, or export the model with full integer quantisation"


def make_edges_integer(model: TfliteModel) -> TfliteModel:
    """Make inputs the tensors behind their QUANTIZE, and outputs those before their DEQUANTIZE.

    An edge of another integer type whose conversion leads to int8 becomes int8; other integer edges
    stay. Raises CompileError for every float edge without such a conversion, or with several that
    differ.
    """
    inner_inputs = {index: _behind(model, index) for index in model.inputs}
    inner_outputs = [_before(model, index) for index in model.outputs]
    edges = [
        *zip(model.inputs, inner_inputs.values(), strict=True),
        *zip(model.outputs, inner_outputs, strict=True),
    ]
    problems = [_problem(model, model.tensors[edge]) for edge, inner in edges if inner is None]
    if problems:
        raise CompileError(problems)
    # Equal conversions of one input become one: their readers share the new input.
    merged = {
        operator.outputs[0]: inner
        for operator in model.operators
        for inner in [inner_inputs.get(operator.inputs[0] if operator.inputs else -1)]
        if inner is not None and inner != operator.inputs[0]
    }
    operators = tuple(
        replace(operator, inputs=tuple(merged.get(index, index) for index in operator.inputs))
        for operator in model.operators
        if merged.keys().isdisjoint(operator.outputs)
    )
    outputs = tuple(merged.get(index, index) for index in inner_outputs if index is not None)
    inputs = tuple(index for index in inner_inputs.values() if index is not None)
    rewritten = replace(model, inputs=inputs, outputs=outputs, operators=operators)
    return prune_model(rewritten, keep_inputs=True)


def _behind(model: TfliteModel, edge: int) -> int | None:
    """Return the integer tensor that an input becomes; None where there is none."""
    readers = [operator for operator in model.operators if edge in operator.inputs]
    results = [model.tensors[operator.outputs[0]] for operator in readers if operator.outputs]
    kinds = {(result.element, result.quantization) for result in results}
    converts = all(operator.code == "QUANTIZE" for operator in readers) and len(kinds) == 1
    if model.tensors[edge].element != "INT8" and converts and edge not in model.outputs:
        return readers[0].outputs[0]
    return edge if model.tensors[edge].element in _INTEGERS else None


def _before(model: TfliteModel, edge: int) -> int | None:
    """Return the integer tensor that an output becomes; None where there is none."""
    conversions = ("QUANTIZE", "DEQUANTIZE")
    for operator in model.operators:
        if edge not in operator.outputs or operator.code not in conversions:
            continue
        source = operator.inputs[0]
        is_core = model.tensors[source].element in _INTEGERS and source not in model.inputs
        if is_core and model.tensors[edge].element != "INT8":
            return source
    return edge if model.tensors[edge].element in _INTEGERS else None


def _problem(model: TfliteModel, tensor: Tensor) -> Diagnostic:
    return Diagnostic(
        f"the edge '{tensor.name}' is {tensor.element} and no conversion leads to an integer",
        SourceLocation(model.file, name=tensor.name),
        _HINT,
    )
