"""Make resource variables tensors that outlive an inference, as those of SVDF and LSTM do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fdt_mlir.diagnostics import Diagnostic
from fdt_mlir.errors import CompileError
from fdt_mlir.importer.flatbuffer import Bytes, Table
from fdt_mlir.importer.tflite.call import Weights
from fdt_mlir.importer.tflite_model import ABSENT, Operator, Tensor, TfliteModel

Key = tuple[str, str]
"""Which variable it is: its container and its shared name."""

_CONTAINER, _SHARED_NAME = 0, 1
_HANDLE, _CALL, _READ, _ASSIGN = "VAR_HANDLE", "CALL_ONCE", "READ_VARIABLE", "ASSIGN_VARIABLE"
_EDGES = {_HANDLE: (0, 1), _CALL: (0, 0), _READ: (1, 1), _ASSIGN: (2, 0)}
"""How many operands and results each has."""
_DAMAGED = "download or export the model again"


def resolve_variables(model: TfliteModel, data: bytes) -> TfliteModel:
    """Let READ_VARIABLE and ASSIGN_VARIABLE name variables; VAR_HANDLE and CALL_ONCE disappear.

    What an initialisation assigns to a variable is its `data`; where nothing else assigns it, it is
    a constant. Without an initialisation it has no data. `data` is the file.

    Raises CompileError for initialisations that do more, for accesses that do not fit a variable,
    and where handles are used in another way; CorruptFlatbufferError for damaged options.
    """
    if not any(operator.code in _EDGES for operator in model.operators):
        return model
    weights = Weights(data)
    main, *bodies = (_read_graph(each, weights) for each in (model, *model.initialisations))
    _raise_all(problem for graph in (main, *bodies) for problem in graph.misfits())
    _raise_all(problem for body in bodies for problem in body.more_than_constants())
    first = {access.key: access.tensor for body in bodies for access in body.accesses()}
    _raise_all([*main.mismatches(first), *main.misuses()])
    return _resolved(main, first, weights)


def _raise_all(problems: Iterable[Diagnostic]) -> None:
    found = list(problems)
    if found:
        raise CompileError(found)


@dataclass(frozen=True)
class _Access:
    """READ_VARIABLE or ASSIGN_VARIABLE, its variable, and what it reads or assigns."""

    operator: Operator
    key: Key
    tensor: Tensor


@dataclass(frozen=True)
class _Graph:
    """A subgraph, and the variable that each tensor with a handle stands for."""

    model: TfliteModel
    handles: Mapping[int, Key]

    def misfits(self) -> Iterator[Diagnostic]:
        """Operators without the operands and results that all that follows relies on."""
        for operator in self.model.operators:
            edges = (*operator.inputs, *operator.outputs)
            counts = len(operator.inputs), len(operator.outputs)
            needed = _EDGES.get(operator.code, counts)
            if counts != needed or (operator.code in _EDGES and ABSENT in edges):
                message = f"it needs {needed[0]} operands and {needed[1]} results"
                yield self._problem(operator, message, _DAMAGED)
            elif operator.code in (_READ, _ASSIGN) and operator.inputs[0] not in self.handles:
                yield self._problem(operator, "no VAR_HANDLE gives its variable", _DAMAGED)

    def accesses(self) -> Iterator[_Access]:
        """All accesses in the order of execution."""
        for operator in self.model.operators:
            if operator.code in (_READ, _ASSIGN):
                value = operator.outputs[0] if operator.code == _READ else operator.inputs[1]
                key = self.handles[operator.inputs[0]]
                yield _Access(operator, key, self.model.tensors[value])

    def more_than_constants(self) -> Iterator[Diagnostic]:
        """What an initialisation does but assign constants."""
        constants = {id(a.operator) for a in self.accesses() if a.tensor.is_constant}
        for operator in self.model.operators:
            if operator.code != _HANDLE and not (
                operator.code == _ASSIGN and id(operator) in constants
            ):
                message = "an initialisation can only assign constants to variables"
                hint = "initialise variables with constants, or pass state in and out"
                yield self._problem(operator, message, hint)

    def mismatches(self, first: Mapping[Key, Tensor]) -> Iterator[Diagnostic]:
        """Accesses to a variable that holds something else."""
        held = dict(first)
        for access in self.accesses():
            here, there = access.tensor, held.setdefault(access.key, access.tensor)
            if (here.element, here.shape) != (there.element, there.shape):
                _, name = access.key
                message = f"{_kind(here)} does not fit variable '{name}', which is {_kind(there)}"
                hint = "export the model with variables of one type and a fixed shape"
                yield self._problem(access.operator, message, hint)

    def misuses(self) -> Iterator[Diagnostic]:
        """Handles that are no operands of accesses, and initialisations that come late."""
        accessed = False
        for operator in self.model.operators:
            if operator.code == _CALL and accessed:
                hint = "export the model with its variables initialised before everything else"
                yield self._problem(operator, "variables are accessed before it", hint)
            is_access = operator.code in (_READ, _ASSIGN)
            accessed |= is_access
            used = {*operator.inputs[is_access:]} & self.handles.keys()
            handed_out = {*operator.outputs} & self.handles.keys() & {*self.model.outputs}
            if used or handed_out:
                message = "a variable itself, not what it holds, is an operand or an output"
                yield self._problem(operator, message, "read the variable and use what is read")

    def _problem(self, operator: Operator, message: str, hint: str) -> Diagnostic:
        return Diagnostic(f"{operator.code}: {message}", self.model.location(operator), hint)


def _read_graph(model: TfliteModel, weights: Weights) -> _Graph:
    handles: dict[int, Key] = {}
    for operator in model.operators:
        if operator.code == _HANDLE:
            position = operator.options.position
            options = None if position is None else Table(Bytes(weights.data), position)
            key = ("", "")
            if options is not None:
                key = options.text(_CONTAINER), options.text(_SHARED_NAME)
            handles |= dict.fromkeys(operator.outputs, key)
    return _Graph(model, handles)


def _resolved(graph: _Graph, first: Mapping[Key, Tensor], weights: Weights) -> TfliteModel:
    """The model with a variable or a constant in the place of the first handle of each."""
    accesses = list(graph.accesses())
    assigned = {access.key for access in accesses if access.operator.code == _ASSIGN}
    held = {access.key: access.tensor for access in reversed(accesses)} | dict(first)
    tensors = list(graph.model.tensors)
    place_of: dict[Key, int] = {}
    for index, key in graph.handles.items():
        if key in held and key not in place_of:
            place_of[key] = index
            tensors[index] = replace(held[key], name=tensors[index].name, signature=())
            if key in assigned or key not in first:
                tensors[index] = _variable(tensors[index], weights)
    moved = {index: place_of[key] for index, key in graph.handles.items() if key in place_of}
    # Who reads a constant may know it: the conversion wants weights that are constant.
    for access in accesses:
        known = tensors[place_of[access.key]]
        if known.is_constant and known.quantization == access.tensor.quantization:
            moved[access.operator.outputs[0]] = place_of[access.key]
    operators = tuple(
        replace(operator, inputs=tuple(moved.get(index, index) for index in operator.inputs))
        for operator in graph.model.operators
        if operator.code not in (_HANDLE, _CALL)
    )
    return replace(graph.model, tensors=tuple(tensors), operators=operators, initialisations=())


def _variable(like: Tensor, weights: Weights) -> Tensor:
    """A variable that holds at first what `like` does, if that is a constant."""
    data = weights.stored(like) if like.is_constant else b""
    return replace(like, buffer=0, data=data, is_constant=False, is_variable=True)


def _kind(tensor: Tensor) -> str:
    return f"{tensor.element} of shape {list(tensor.shape)}"
