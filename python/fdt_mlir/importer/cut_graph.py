"""End a graph at named tensors, and say at which tensors it could end."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError
from fdt_mlir.importer.prune_model import prune_model
from fdt_mlir.importer.tflite_model import ABSENT, Operator, TfliteModel

# Operators behind the heads of a network that only collect or squash what the heads computed.
_COLLECTING = frozenset(
    {"CONCATENATION", "DEQUANTIZE", "EXPAND_DIMS", "LOGISTIC", "PACK", "QUANTIZE", "RESHAPE"}
    | {"SOFTMAX", "SQUEEZE", "TRANSPOSE"}
)

_SHOWN_NAMES = 4


def cut_graph(model: TfliteModel, names: Sequence[str]) -> TfliteModel:
    """Make the named tensors the outputs, in this order, and drop what they do not need.

    Raises CompileError for every name that is no computed tensor, or is given twice.
    """
    index_of = {tensor.name: index for index, tensor in enumerate(model.tensors)}
    computed = {index for operator in model.operators for index in operator.outputs}
    candidates = [
        model.tensors[index].name
        for operator in model.operators
        for index in operator.outputs
        if index != ABSENT
    ]
    problems = [
        problem
        for place, name in enumerate(names)
        if (problem := _problem(name, names[:place], index_of, computed, candidates))
    ]
    if problems:
        where = SourceLocation(model.file)
        raise CompileError([Diagnostic(text, where, hint) for text, hint in problems])
    outputs = tuple(index_of[name] for name in names)
    return prune_model(replace(model, outputs=outputs), keep_inputs=False)


def _problem(
    name: str,
    earlier: Sequence[str],
    index_of: dict[str, int],
    computed: set[int],
    candidates: Sequence[str],
) -> tuple[str, str | None] | None:
    """Return message and hint for a name at which the graph cannot end."""
    if name in earlier:
        return f"output '{name}' is given twice", None
    if name not in index_of:
        close = difflib.get_close_matches(name, candidates, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, close))}?" if close else _names(candidates)
        return f"the model has no tensor '{name}' to end at", hint
    if index_of[name] not in computed:
        return f"'{name}' cannot be an output: no operator computes it", None
    return None


def _names(candidates: Sequence[str]) -> str:
    """A hint that shows what names there are: those nearest to the end of the graph."""
    last = ", ".join(map(repr, candidates[-_SHOWN_NAMES:]))
    return f"the last tensors that operators compute are {last}"


def frontier(model: TfliteModel, refused: Sequence[Operator]) -> tuple[str, ...]:
    """Return the tensors at which to end the graph so that `refused` operators are not needed.

    They hold all that the rest of the graph computes: what the refused part reads, and outputs
    that do not depend on it. Operators are in the file's order, which computes before it reads.
    """
    refused_indices = {operator.index for operator in refused}
    tainted: set[int] = set()
    read: list[int] = []
    before = -1
    # Again where a variable is tainted: operators before its assignment read it, one inference on.
    while before < len(tainted):
        before, read = len(tainted), []
        for operator in model.operators:
            if operator.index in refused_indices or tainted.intersection(operator.inputs):
                tainted.update(operator.outputs, _variables(model, operator))
                read.extend(operator.inputs)
    computed = {index for operator in model.operators for index in operator.outputs}
    ends = [index for index in (*read, *model.outputs) if index in computed - tainted - {ABSENT}]
    return tuple(model.tensors[index].name for index in dict.fromkeys(ends))


def _variables(model: TfliteModel, operator: Operator) -> Iterator[int]:
    return (i for i in operator.inputs if i != ABSENT and model.tensors[i].is_variable)


def heads(model: TfliteModel, ends: Sequence[str]) -> tuple[str, ...]:
    """Return the tensors that `ends` are collected from by concatenation, reshape and the like.

    Empty where no concatenation lies between, since the ends are then the heads.
    """
    producers = {index: op for op in model.operators for index in op.outputs}
    index_of = {tensor.name: index for index, tensor in enumerate(model.tensors)}
    pending = [index_of[end] for end in reversed(ends)]
    found: dict[int, None] = {}
    seen: set[int] = set()
    concatenates = False
    while pending:
        index = pending.pop()
        operator = producers.get(index)
        if operator is None or index in seen:
            continue
        seen.add(index)
        if operator.code not in _COLLECTING:
            found[index] = None
            continue
        concatenates |= operator.code == "CONCATENATION"
        pending.extend(reversed(model.operands(operator)))
    return tuple(model.tensors[index].name for index in found) if concatenates else ()
