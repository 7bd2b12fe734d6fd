"""A graph becomes a function of linalg on tensors, node by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fdt_mlir.attributes import i64
from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import compile_error
from fdt_mlir.importer.onnx.call import Call
from fdt_mlir.importer.onnx.emit import stored_value
from fdt_mlir.importer.onnx.encoded import real
from fdt_mlir.importer.onnx.evaluate import evaluate
from fdt_mlir.importer.onnx.graph import Graph, Node, Port
from fdt_mlir.importer.onnx.quantisation import Quantisation
from fdt_mlir.importer.onnx.quantise_ops import quantisation_asked
from fdt_mlir.importer.onnx.registry import TRANSLATIONS
from fdt_mlir.importer.onnx.tables import tabulated
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor, constant, tensor_type
from fdt_mlir.importer.onnx.views import in_order

_CHANNELS_LAST = (0, 2, 3, 1)
# What goes wrong where a node is not as its operator wants it.
_MISFITS = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError, ir.MLIRError)
# Of these only the shape of the operand counts.
_SHAPES = ("Shape", "Size")


class Translator:
    """Translates a graph; `known` grows as nodes are computed."""

    def __init__(self, graph: Graph, channels_last: bool, integer_edges: bool):
        self._graph = graph
        self._channels_last = channels_last
        self._integer_edges = integer_edges
        self._readers: dict[str, list[Node]] = {}
        for node in graph.nodes:
            for name in node.inputs:
                self._readers.setdefault(name, []).append(node)
        self.known: dict[str, Tensor] = {
            name: constant(data) for name, data in graph.constants.items()
        }

    def module(self) -> ir.Module:
        """The translated model. Raises CompileError for what cannot be translated."""
        module = ir.Module.create(self._location(None))
        edges = [self._edge(port) for port in self._graph.inputs]
        types = [tensor_type([e.shape[dim] for dim in e.order], e.dtype) for e in edges]
        with ir.InsertionPoint(module.body), self._location(None):
            function = ir.Operation.create(
                "func.func",
                attributes={
                    "sym_name": ir.StringAttr.get("main"),
                    "function_type": ir.TypeAttr.get(ir.FunctionType.get(types, [])),
                },
                regions=1,
            )
        places = [self._location(port.name) for port in self._graph.inputs]
        block = ir.Block.create_at_start(function.regions[0], types, places)
        for port, edge, argument in zip(self._graph.inputs, edges, block.arguments, strict=True):
            self.known[port.name] = replace(edge, value=argument)
        with ir.InsertionPoint(block):
            for node in self._graph.nodes:
                with self._location(next(iter(node.outputs), node.name)):
                    self._translate_or_explain(node)
            results = [self._result(name) for name in self._graph.outputs]
            with self._location(None):
                ir.Operation.create(
                    "func.return", operands=[stored_value(result) for result in results]
                )
        result_types = [stored_value_type(result) for result in results]
        function.attributes["function_type"] = ir.TypeAttr.get(
            ir.FunctionType.get(types, result_types)
        )
        names = [port.name for port in self._graph.inputs]
        function.attributes["fdt.inputs"] = _interface(names, edges)
        function.attributes["fdt.outputs"] = _interface(self._graph.outputs, results)
        return module

    def _location(self, name: str | None) -> ir.Location:
        place = ir.Location.file(self._graph.file, 0, 0)
        return place if name is None else ir.Location.name(name, place)

    def _edge(self, port: Port) -> Tensor:
        """An input as the caller gives it."""
        order = tuple(range(len(port.shape)))
        if self._channels_last and len(port.shape) == 4:
            order = _CHANNELS_LAST
        edge = Tensor(port.shape, port.dtype, order=order)
        if self._integer_edges and port.dtype.kind == "f":
            asked = self._quantised_input(port.name)
            if asked is not None:
                return replace(edge, quantisation=asked[0], dtype=asked[1])
        return edge

    def _quantised_input(self, name: str) -> tuple[Quantisation, Dtype] | None:
        """What all readers of an input make of it, if they all quantise it alike."""
        readers = self._readers.get(name, [])
        while len(readers) == 1 and readers[0].op in ("Reshape", "Transpose", "Identity"):
            readers = self._readers.get(readers[0].outputs[0], [])
        return self._asked_by(readers[0]) if len(readers) == 1 else None

    def _asked_by(self, node: Node) -> tuple[Quantisation, Dtype] | None:
        if node.op != "QuantizeLinear" or not all(name in self.known for name in node.inputs[1:]):
            return None
        # Scale and zero point count only: any tensor can be quantised as a whole.
        stand_in = constant(np.zeros((1, 1), np.float32))
        call = self._call(node, (stand_in, *(self.known[name] for name in node.inputs[1:])))
        if call.tensor(1).data is None or call.constant(1, "the scale").size != 1:
            return None
        return quantisation_asked(call)

    def _translate_or_explain(self, node: Node) -> None:
        """Translate a node. Raises CompileError also where its parts do not fit each other.

        The checker and shape inference let much pass: operands and attributes of other types,
        ranks and sizes than the operator takes.
        """
        try:
            self._translate(node)
        except _MISFITS as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            name = next(iter(node.outputs), node.name)
            raise compile_error(
                f"the operands or attributes of {node.op} do not fit it: {reason}",
                SourceLocation(self._graph.file, name=name),
                "export the model again",
            ) from error

    def _translate(self, node: Node) -> None:
        inputs = tuple(self.known[name] if name else None for name in node.inputs)
        call = replace(self._call(node, inputs), target=self._target(node))
        _check_elements(call, [tensor for tensor in inputs if tensor and not tensor.is_constant])
        results = self._compute(node, call)
        _check_elements(call, results)
        for name, tensor in zip(node.outputs, results, strict=False):
            self.known[name] = tensor

    def _compute(self, node: Node, call: Call) -> Sequence[Tensor]:
        first = call.inputs[0] if call.inputs else None
        if node.op in _SHAPES and first is not None:
            return [_shape_of(call, first)]
        if node.op == "DequantizeLinear":
            return _tuple(TRANSLATIONS[node.op](call))
        if all(tensor is None or tensor.is_constant for tensor in call.inputs):
            return self._folded(node, call)
        table = tabulated(call) if not _is_plain_relu(call) else None
        if table is not None:
            return [table]
        translation = TRANSLATIONS.get(node.op)
        if translation is None:
            raise call.error("the operator is not supported", "docs/onnx.md lists those that are")
        return _tuple(translation(call))

    def _folded(self, node: Node, call: Call) -> Sequence[Tensor]:
        """Compute at compile time; integers that stand for floats stay integers if only moved."""
        if node.op == "Constant" and "value" in node.attributes:
            return [constant(_array(node.attributes["value"]))]
        encoded = [t for t in call.inputs if t is not None and t.is_encoded]
        if encoded and (node.op in _MOVERS or node.op in _QUANTISED):
            return _tuple(TRANSLATIONS[node.op](call))
        values = [None if tensor is None else real(tensor).data for tensor in call.inputs]
        try:
            return [
                constant(value) for value in evaluate(node.proto, values, dict(self._graph.opsets))
            ]
        except Exception as error:
            raise call.error(
                f"the constant cannot be computed: {error}", "correct the model"
            ) from error

    def _target(self, node: Node) -> tuple[Quantisation, Dtype] | None:
        """What the only reader quantises the node's result to."""
        readers = self._readers.get(node.outputs[0], []) if node.outputs else []
        if len(readers) != 1 or node.outputs[0] in self._graph.outputs:
            return None
        return self._asked_by(readers[0])

    def _call(self, node: Node, inputs: Sequence[Tensor | None]) -> Call:
        return Call(
            op=node.op,
            name=node.name,
            file=self._graph.file,
            opset=self._graph.opset,
            inputs=tuple(inputs),
            attributes=node.attributes,
            output_names=node.outputs,
        )

    def _result(self, name: str) -> Tensor:
        """An output as the caller takes it."""
        if name not in self.known:
            place = SourceLocation(self._graph.file, name=name)
            raise compile_error("no node computes this output", place, "correct the model")
        result = self.known[name]
        quantisation = result.quantisation
        with self._location(name):
            keeps = self._integer_edges and quantisation is not None and result.table is None
            if not (keeps and result.dtype.itemsize == 1):
                result = real(result)
            wanted = tuple(range(result.rank))
            if self._channels_last and result.rank == 4:
                wanted = _CHANNELS_LAST
            moved = in_order(result, wanted)
        return moved


_MOVERS = frozenset(["Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"])
_QUANTISED = frozenset(["QuantizeLinear"])


def _check_elements(call: Call, tensors: Sequence[Tensor]) -> None:
    """Raise CompileError for a tensor of no elements, which no memory can hold."""
    for tensor in tensors:
        if 0 in tensor.shape and not tensor.is_constant:
            shape = "x".join(map(str, tensor.shape))
            raise call.error(f"a tensor of shape {shape} has no elements", "correct the model")


def _is_plain_relu(call: Call) -> bool:
    """Whether a Relu reads integers of a scale: their maximum with zero needs no table."""
    first = call.inputs[0]
    return call.op == "Relu" and first is not None and first.quantisation is not None


def _shape_of(call: Call, tensor: Tensor) -> Tensor:
    if call.op == "Size":
        return constant(np.array(int(np.prod(tensor.shape)), np.int64))
    start, end = call.integer("start"), call.attributes.get("end")
    return constant(np.array(tensor.shape[start:end], np.int64))


def _array(value: Any) -> np.ndarray[Any, Any]:
    from onnx import numpy_helper

    return numpy_helper.to_array(value)


def _tuple(result: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (result,) if isinstance(result, Tensor) else result


def stored_value_type(tensor: Tensor) -> ir.Type:
    """The MLIR type of a tensor as it is stored."""
    return tensor_type([tensor.shape[dim] for dim in tensor.order], tensor.dtype)


def _interface(names: Sequence[str], tensors: Sequence[Tensor]) -> ir.ArrayAttr:
    return ir.ArrayAttr.get(
        [_describe(name, tensor) for name, tensor in zip(names, tensors, strict=True)]
    )


def _describe(name: str, tensor: Tensor) -> ir.DictAttr:
    entries: dict[str, ir.Attribute] = {
        "name": ir.StringAttr.get(name),
        "type": ir.StringAttr.get(tensor.dtype.name),
    }
    quantisation = tensor.quantisation
    if quantisation is not None and quantisation.is_per_tensor:
        scale = float(quantisation.scale.item())
        entries["scale"] = ir.FloatAttr.get(ir.F64Type.get(), scale)
        entries["zero_point"] = i64(quantisation.zero)
    return ir.DictAttr.get(entries)
