"""Name everything in a model that cannot be compiled, before any of it is converted."""

from collections.abc import Collection, Iterator

from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError
from fdt_mlir.importer.cut_graph import frontier, heads
from fdt_mlir.importer.operators import (
    INT16_OPERATORS,
    SUPPORTED_OPERATORS,
    UINT8_OPERATORS,
    hint_without,
)
from fdt_mlir.importer.tflite.call import Weights
from fdt_mlir.importer.tflite.registry import elements_of, own_translations
from fdt_mlir.importer.tflite_model import Operator, Tensor, TfliteModel

_COMPUTED_ELEMENTS = ("FLOAT32", "INT8", "INT16", "UINT8", "INT32", "BOOL")
_CONSTANT_ELEMENTS = (*_COMPUTED_ELEMENTS, "FLOAT16", "INT64")

_NARROWER = "quantise its operands and results to int8, or end the model before it with --outputs"


def check_model(model: TfliteModel, data: bytes) -> None:
    """Raise CompileError with every obstacle: operators, element types, shapes, missing data.

    `data` is the file.
    """
    own = own_translations(model, Weights(data))
    unsupported = [
        operator
        for place, operator in enumerate(model.operators)
        if place not in own and operator.code not in _convertible(model, operator)
    ]
    problems = [_operator_problem(model, operator) for operator in unsupported]
    if unsupported:
        problems += _ways_around(model, unsupported)
    # Tensors around a refused operator would only repeat what is wrong with it.
    refused = {index for operator in unsupported for index in operator.outputs}
    known = _inputs_of(model, own) - _inputs_of(model, {*range(len(model.operators))} - {*own})
    for index, tensor in enumerate(model.tensors):
        if tensor.is_variable and index not in known:
            problems.append(_variable_problem(model, tensor))
        elif index not in refused:
            problems += _tensor_problems(model, index, tensor)
    if not model.outputs:
        problems.append(Diagnostic("the model has no output", SourceLocation(model.file)))
    if problems:
        raise CompileError(problems)


def _inputs_of(model: TfliteModel, places: Collection[int]) -> set[int]:
    return {index for place in places for index in model.operators[place].inputs}


def _convertible(model: TfliteModel, operator: Operator) -> frozenset[str]:
    """The operators that the converter translates for such elements."""
    elements = elements_of(model, operator)
    if "INT16" in elements:
        return INT16_OPERATORS
    return UINT8_OPERATORS if "UINT8" in elements else SUPPORTED_OPERATORS


def _variable_problem(model: TfliteModel, tensor: Tensor) -> Diagnostic:
    return Diagnostic(
        f"tensor '{tensor.name}' is a variable that outlives an inference",
        SourceLocation(model.file, name=tensor.name),
        "export the model with its state as an input and an output",
    )


def _operator_problem(model: TfliteModel, operator: Operator) -> Diagnostic:
    if operator.code in SUPPORTED_OPERATORS:
        element = "INT16" if "INT16" in elements_of(model, operator) else "UINT8"
        message = f"operator {operator.title} is not supported for {element}"
        return Diagnostic(message, model.location(operator), _NARROWER)
    return Diagnostic(
        f"operator {operator.title} is not supported",
        model.location(operator),
        hint_without(operator.code),
    )


def _ways_around(model: TfliteModel, unsupported: list[Operator]) -> list[Diagnostic]:
    """Say at which tensors the graph can end so that nothing unsupported is needed."""
    ends = frontier(model, unsupported)
    if not ends:
        return []
    where = SourceLocation(model.file)
    notes = [_note(where, "to leave out what is not supported, compile with", ends)]
    collected = heads(model, ends)
    if collected:
        notes.append(_note(where, "or, ending at what is concatenated before, with", collected))
    return notes


def _note(where: SourceLocation, text: str, names: tuple[str, ...]) -> Diagnostic:
    return Diagnostic(f"{text} --outputs {','.join(names)}", where, severity="note")


def _tensor_problems(model: TfliteModel, index: int, tensor: Tensor) -> Iterator[Diagnostic]:
    where = SourceLocation(model.file, name=tensor.name)
    for obstacle in tensor.obstacles:
        yield Diagnostic(f"tensor '{tensor.name}' {obstacle.message}", where, obstacle.hint)
    allowed = _CONSTANT_ELEMENTS if tensor.is_constant else _COMPUTED_ELEMENTS
    if tensor.element not in allowed:
        kind = "a constant" if tensor.is_constant else "an activation"
        yield Diagnostic(
            f"tensor '{tensor.name}' is {tensor.element}, but {kind} can be {', '.join(allowed)}",
            where,
            _element_hint(tensor.element),
        )
    if index in model.inputs:
        yield from _shape_problems(tensor, where)
    is_computed = index in model.inputs or any(index in op.outputs for op in model.operators)
    is_given = is_computed or tensor.is_constant or tensor.is_variable
    if not is_given and 0 not in tensor.shape:
        yield Diagnostic(
            f"tensor '{tensor.name}' has no data, and nothing computes it",
            where,
            "download or export the model again, with its weights in the file",
        )
    if is_computed and 0 in tensor.shape:
        yield Diagnostic(
            f"tensor '{tensor.name}' of shape {list(tensor.shape)} has no elements",
            where,
            "export the model with a fixed input shape",
        )


def _shape_problems(tensor: Tensor, where: SourceLocation) -> Iterator[Diagnostic]:
    dynamic = [axis for axis, size in enumerate(tensor.signature) if size < 0 and axis > 0]
    if dynamic:
        dims = "dimension" if len(dynamic) == 1 else "dimensions"
        yield Diagnostic(
            f"input '{tensor.name}' of shape {list(tensor.signature)}:"
            f" {dims} {', '.join(map(str, dynamic))} not fixed",
            where,
            "export the model with a fixed input shape; only the batch, dimension 0, is set",
        )


def _element_hint(element: str) -> str:
    if element == "INT4":
        return "quantise activations to int8"
    if element in ("FLOAT16", "BFLOAT16", "FLOAT64"):
        return "export the model in float32 or quantise it to int8"
    if element in ("INT64", "UINT64", "UINT32", "UINT16"):
        return "use int32 for indices and counts"
    return "leave this part of the model to the program that calls it"
