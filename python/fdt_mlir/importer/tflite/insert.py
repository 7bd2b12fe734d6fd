"""Translations of our own between what the converter translates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from fdt_mlir.bindings import ir
from fdt_mlir.importer.annotate import location_of_tensor
from fdt_mlir.importer.onnx.emit import stored_value
from fdt_mlir.importer.onnx.tensor import Tensor, tensor_type
from fdt_mlir.importer.onnx.views import in_order
from fdt_mlir.importer.prune_model import prune_model
from fdt_mlir.importer.tflite.call import (
    DTYPES,
    Call,
    Translation,
    Weights,
    guarded,
)
from fdt_mlir.importer.tflite_model import ABSENT, Operator, TfliteModel
from fdt_mlir.normalize.structured import producer


def remainder(model: TfliteModel, own: Collection[Operator]) -> TfliteModel:
    """The model without the operators `own`: their results are inputs, their operands outputs."""
    own_indices = {id(operator) for operator in own}
    rest = tuple(operator for operator in model.operators if id(operator) not in own_indices)
    computed = {index for operator in rest for index in operator.outputs}
    read = {index for operator in rest for index in operator.inputs}
    made = {index for operator in own for index in operator.outputs}
    needed = {index for operator in own for index in operator.inputs}
    inputs = (*model.inputs, *sorted((made & read) - set(model.inputs)))
    outputs = [index for index in model.outputs if index in computed]
    outputs += sorted((needed & computed) - set(outputs) - {ABSENT})
    # Our own translations know static shapes only.
    tensors = tuple(replace(tensor, signature=()) for tensor in model.tensors)
    cut = replace(
        model, tensors=tensors, inputs=inputs, outputs=tuple(dict.fromkeys(outputs)), operators=rest
    )
    return prune_model(cut, keep_inputs=False)


def variables_of(model: TfliteModel) -> tuple[int, ...]:
    """The tensors that outlive an inference."""
    return tuple(index for index, tensor in enumerate(model.tensors) if tensor.is_variable)


class Inserter:
    """Builds the function of a whole model from that of its remainder and translations."""

    def __init__(
        self,
        model: TfliteModel,
        weights: Weights,
        rest: TfliteModel,
        converted: ir.Operation | None,
    ):
        self._model, self._weights = model, weights
        self._values: dict[int, ir.Value] = {}
        self._placeholders: dict[int, ir.Value] = {}
        index_of = {tensor.name: index for index, tensor in enumerate(model.tensors)}
        if converted is not None:
            block = converted.regions[0].blocks[0]
            *_, terminator = block.operations
            for index, argument in zip(rest.inputs, block.arguments, strict=True):
                self._placeholders[index_of[rest.tensors[index].name]] = argument
            results = list(terminator.operation.operands)
            for index, value in zip(rest.outputs, results, strict=True):
                self._values[index_of[rest.tensors[index].name]] = value
        self._converted = converted

    def build(self, module: ir.Module, translations: Mapping[int, Translation]) -> ir.Operation:
        """Insert the function; `translations` by the place of an operator in the model.

        Variables are its last inputs and outputs.
        """
        model = self._model
        edges = (*model.inputs, *variables_of(model))
        inputs = [self._type(index) for index in edges]
        with ir.InsertionPoint(module.body):
            function = self._declare(inputs)
        block = ir.Block.create_at_start(
            function.regions[0], inputs, [self._location(index) for index in edges]
        )
        for index, argument in zip(edges, block.arguments, strict=True):
            self._define(index, argument)
        for place, operator in enumerate(model.operators):
            if place in translations:
                self._translate(block, operator, translations[place])
        outputs = (*model.outputs, *variables_of(model))
        results = [self._available(block, index) for index in outputs]
        with ir.InsertionPoint(block):
            ir.Operation.create("func.return", operands=results)
        types = ir.FunctionType.get(inputs, [result.type for result in results])
        function.attributes["function_type"] = ir.TypeAttr.get(types)
        if self._converted is not None:
            self._converted.erase()
        function.attributes["sym_name"] = ir.StringAttr.get("main")
        return function

    def _declare(self, inputs: list[ir.Type]) -> ir.Operation:
        return ir.Operation.create(
            "func.func",
            attributes={
                "sym_name": ir.StringAttr.get("model"),
                "function_type": ir.TypeAttr.get(ir.FunctionType.get(inputs, [])),
            },
            regions=1,
        )

    def _translate(self, block: ir.Block, operator: Operator, translation: Translation) -> None:
        operands = [index for index in operator.inputs if index != ABSENT]
        for index in operands:
            if not self._model.tensors[index].is_constant:
                self._available(block, index)
        call = Call(self._model, operator, self._weights, self._values)
        targets = [*operator.outputs]
        targets += [index for index in operands if self._model.tensors[index].is_variable]
        with ir.InsertionPoint(block), self._location(targets[0]):
            results = [in_order(result) for result in guarded(call, translation)]
            self._check(call, targets, results)
            values = [stored_value(result) for result in results]
        for index, value in zip(targets, values, strict=True):
            self._define(index, value)

    def _check(self, call: Call, targets: Sequence[int], results: Sequence[Tensor]) -> None:
        """Raise CompileError where the model declares other results; some leave shapes open."""
        declared = [self._model.tensors[index] for index in targets]
        shapes = [
            tensor.shape or result.shape for tensor, result in zip(declared, results, strict=False)
        ]
        if len(targets) != len(results) or shapes != [result.shape for result in results]:
            computed = ", ".join(str(list(result.shape)) for result in results)
            message = f"its results have the shapes {computed}, which are not the declared ones"
            raise call.error(message, "download or export the model again")

    def _define(self, index: int, value: ir.Value) -> None:
        """Give a tensor its value, also where the converted function takes it as an argument."""
        self._values[index] = value
        if index not in self._placeholders:
            return
        placeholder = self._placeholders[index]
        placeholder.replace_all_uses_with(value)
        # What the conversion hands on as it is, such as reshapes to the same shape.
        for other, held in self._values.items():
            if held == placeholder:
                self._values[other] = value

    def _available(self, block: ir.Block, index: int) -> ir.Value:
        """The value of a tensor, computed in `block`: what it needs is moved there."""
        value = self._values[index]
        pending = [op for op in [producer(value)] if op is not None]
        while pending:
            op = pending[-1]
            if op.operation.block == block:
                pending.pop()
                continue
            needed = [producer(operand) for operand in op.operands]
            missing = [
                other for other in needed if other is not None and other.operation.block != block
            ]
            if missing:
                pending += missing
                continue
            pending.pop()
            op.detach_from_parent()
            ir.InsertionPoint(block).insert(op)
        return value

    def _type(self, index: int) -> ir.Type:
        if index in self._placeholders:
            return self._placeholders[index].type
        tensor = self._model.tensors[index]
        return tensor_type(tensor.shape, DTYPES[tensor.element])

    def _location(self, index: int) -> ir.Location:
        return location_of_tensor(self._model.tensors[index].name, self._model.file)
