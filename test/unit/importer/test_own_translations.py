"""What translations of the importer's own refuse: one test per message."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flatbuffers import flexbuffers

from fdt_mlir import api
from fdt_mlir.errors import CompileError
from models.graph import ABSENT, Graph, Op, Quantization, Tensor
from models.operators import CASES
from models.operators.case import Element, build
from models.operators.detection import detection_options
from models.tflite_writer import write_file

Change = Callable[[Op], Op]


def refusal(name: str, element: Element, change: Change, folder: Path) -> str:
    """What is said of a case whose operator was changed."""
    graph = build(CASES[name], element)
    (operator,) = graph.ops
    graph.ops[0] = change(operator)
    _declare_edges(graph)
    write_file(graph, folder / "model.tflite")
    with pytest.raises(CompileError) as caught:
        api.compile(folder / "model.tflite", strategy="none")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.hint
    assert diagnostic.location is not None
    return diagnostic.message


def _declare_edges(graph: Graph) -> None:
    (operator,) = graph.ops
    computed = [t for t in operator.inputs if t is not ABSENT and t.data is None]
    graph.inputs = [tensor for tensor in computed if not tensor.is_variable]
    graph.outputs = list(operator.outputs)


def options(**changed: object) -> Change:
    return lambda operator: replace(operator, options={**operator.options, **changed})


def operand(number: int, change: Callable[[Tensor], Tensor]) -> Change:
    def with_operand(operator: Op) -> Op:
        inputs = list(operator.inputs)
        inputs[number] = change(inputs[number])
        return replace(operator, inputs=tuple(inputs))

    return with_operand


def custom(data: bytes) -> Change:
    return lambda operator: replace(operator, custom_options=data)


def computed(tensor: Tensor) -> Tensor:
    return replace(tensor, data=None)


def of_shape(*shape: int) -> Change:
    return lambda operator: replace(operator, output=replace(operator.output, shape=shape))


@pytest.mark.parametrize(
    ("name", "element", "change", "message"),
    [
        ("conv", "int16", options(FusedActivationFunction=5), "fused activation 5 is not"),
        ("conv", "int16", operand(1, computed), "its weights is computed at run time"),
        ("conv", "int16", options(StrideH=0), "do not fit each other"),
        ("conv", "int16", of_shape(1, 7, 5, 6), "are not the declared ones"),
        ("strided_slice_backwards", "int8", options(EllipsisMask=1), "ellipsis or a new axis"),
        (
            "strided_slice_backwards",
            "int8",
            operand(2, lambda t: replace(t, data=t.data + 9)),
            "its result is empty",
        ),
        (
            "svdf_bytes",
            "int8",
            operand(4, lambda t: replace(t, dtype="int32")),
            "with a state of INT32",
        ),
        ("softmax_beta", "int8", options(Beta=1e-12), "the scale of the input are too small"),
        ("lstm", "float32", options(CellClip=1.0), "clipping the cell is not supported"),
        (
            "lstm_bytes",
            "int8",
            operand(19, lambda t: replace(t, dtype="int8")),
            "a result of INT8 with states of INT8 and INT8 is not supported",
        ),
        (
            "lstm_bytes",
            "int8",
            lambda operator: replace(operator, intermediates=()),
            "a quantised layer without the scales of its intermediate results is not supported",
        ),
        (
            "lstm_bytes",
            "int8",
            operand(19, lambda t: replace(t, quantization=Quantization((0.003,), (0,)))),
            "a cell of scale 0.003, no power of two near 2**-12, is not supported",
        ),
        ("detection", "float32", custom(b"\x01"), "its options cannot be read"),
        ("detection", "float32", custom(bytes(flexbuffers.Dumps(7))), "its options are no map"),
        (
            "detection",
            "float32",
            custom(detection_options(max_detections=0)),
            "max_detections is 0, but can be 1 to 100",
        ),
        (
            "detection",
            "float32",
            custom(detection_options(use_regular_nms=True, detections_per_class=0)),
            "detections_per_class is 0, but has to be 1 or more",
        ),
        (
            "detection",
            "float32",
            custom(detection_options(y_scale="wide")),
            "its options lack something or hold something else",
        ),
    ],
)
def test_refusals(
    name: str, element: Element, change: Change, message: str, tmp_path: Path
) -> None:
    assert message in refusal(name, element, change, tmp_path)
