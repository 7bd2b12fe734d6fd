"""Drop what the outputs of a graph do not need."""

from dataclasses import replace

from fdt_mlir.importer.tflite_model import ABSENT, Operator, TfliteModel


def live_operators(model: TfliteModel) -> tuple[Operator, ...]:
    """Return the operators that compute something the outputs need, in the file's order."""
    producers = {index: operator for operator in model.operators for index in operator.outputs}
    needed = list(model.outputs)
    live: set[int] = set()
    while needed:
        operator = producers.get(needed.pop())
        if operator is not None and id(operator) not in live:
            live.add(id(operator))
            needed.extend(index for index in operator.inputs if index != ABSENT)
    return tuple(operator for operator in model.operators if id(operator) in live)


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
