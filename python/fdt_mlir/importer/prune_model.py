"""Drop what the outputs of a graph do not need."""

from collections import defaultdict
from dataclasses import replace

from fdt_mlir.importer.tflite_model import ABSENT, Operator, TfliteModel


def live_operators(model: TfliteModel) -> tuple[Operator, ...]:
    """Return the operators that compute something the outputs need, in the file's order.

    Who needs a variable needs what the last inference assigned to it.
    """
    makers: dict[int, list[Operator]] = defaultdict(list)
    for operator in model.operators:
        for index in operator.outputs or _assigned(model, operator):
            makers[index].append(operator)
    needed = list(model.outputs)
    live: set[int] = set()
    while needed:
        for operator in makers[needed.pop()]:
            if id(operator) not in live:
                live.add(id(operator))
                needed.extend(index for index in operator.inputs if index != ABSENT)
    return tuple(operator for operator in model.operators if id(operator) in live)


def _assigned(model: TfliteModel, operator: Operator) -> tuple[int, ...]:
    """The variable that an operator without results assigns."""
    first = operator.inputs[:1]
    return tuple(i for i in first if i != ABSENT and model.tensors[i].is_variable)


def prune_model(model: TfliteModel, keep_inputs: bool) -> TfliteModel:
    """Drop dead operators, and tensors that nothing refers to; indices of tensors change.

    keep_inputs: whether inputs that nothing reads stay inputs.
    """
    operators = live_operators(model)
    read = {index for operator in operators for index in operator.inputs} | set(model.outputs)
    inputs = tuple(index for index in model.inputs if keep_inputs or index in read)
    used = {*inputs, *read, *(index for operator in operators for index in operator.outputs)}
    kept = [index for index in range(len(model.tensors)) if index in used]
    moved = {old: new for new, old in enumerate(kept)} | {ABSENT: ABSENT}
    return replace(
        model,
        inputs=tuple(moved[index] for index in inputs),
        outputs=tuple(moved[index] for index in model.outputs),
        tensors=tuple(model.tensors[index] for index in kept),
        operators=tuple(
            replace(
                operator,
                inputs=tuple(moved[index] for index in operator.inputs),
                outputs=tuple(moved[index] for index in operator.outputs),
            )
            for operator in operators
        ),
    )
