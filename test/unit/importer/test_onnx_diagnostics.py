"""What cannot be compiled of an ONNX model is named: file, node, operator; one test per message."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fdt_mlir.bindings import mlir_context
from fdt_mlir.errors import CompileError, UsageError
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.importer.importer import import_model

Edit = Callable[[onnx.ModelProto], None]


def _model(
    *nodes: onnx.NodeProto,
    shape: Sequence[Any] = (1, 4),
    weights: Sequence[onnx.TensorProto] = (),
    opset: int = 17,
    element: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    source = helper.make_tensor_value_info("x", element, shape)
    result = helper.make_tensor_value_info("y", element, None)
    graph = helper.make_graph(list(nodes), "test", [source], [result], list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def _node(op: str, *inputs: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, inputs or ("x",), ["y"], name="the_node", **attributes)


def _message(model: onnx.ModelProto | bytes, folder: Path, **options: Any) -> str:
    path = folder / "model.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    with mlir_context(), pytest.raises(CompileError) as caught:
        import_model(path, ImportOptions(**options))
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "hint: " in text
    return text.replace(str(path), "model.onnx")


def test_no_protobuf(tmp_path: Path) -> None:
    assert "model.onnx: error: the file is no ONNX model" in _message(b"\xff\xfe{]", tmp_path)


def test_no_graph(tmp_path: Path) -> None:
    assert "the file holds no ONNX graph" in _message(onnx.ModelProto(), tmp_path)


def test_broken_rules(tmp_path: Path) -> None:
    text = _message(_model(_node("Relu", "nothing")), tmp_path)
    assert "the model breaks ONNX's rules: Nodes in a graph must be topologically sorted" in text


def test_missing_external_data(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.ones(4, np.float32), "w")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="weights.bin")
    text = _message(_model(_node("Add", "x", "w"), weights=[weights]), tmp_path)
    assert "model.onnx (w): error: the weights in the file 'weights.bin' cannot be read" in text


def test_open_dimension(tmp_path: Path) -> None:
    text = _message(_model(_node("Relu"), shape=["batch", "time", 4]), tmp_path)
    assert "model.onnx (x): error: the shape 1xtimex4 of an input is not static" in text
    assert "--shape 'x=1x1x4'" in text


def test_given_shape_closes_an_open_dimension(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(_model(_node("Relu"), shape=["batch", "time", 4]), path)
    with mlir_context():
        module = import_model(path, ImportOptions(shapes={"x": (1, 7, 4)}))
        assert "%arg0: tensor<1x7x4xf32>" in str(module)


def test_shape_of_an_unknown_input(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(_model(_node("Relu")), path)
    with mlir_context(), pytest.raises(UsageError, match="--shape names 'z', but the model's"):
        import_model(path, ImportOptions(shapes={"z": (1, 4)}))


def test_unsupported_operators_are_all_named_with_their_nodes(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Det", ["x"], ["a"], name="first"),
        helper.make_node("Hardmax", ["a"], ["y"], name="second"),
    ]
    text = _message(_model(*nodes, shape=(1, 4, 4)), tmp_path)
    assert "model.onnx (first): error: operator Det is not supported (1 node)" in text
    assert "model.onnx (second): error: operator Hardmax is not supported (1 node)" in text


def test_unsupported_attribute(tmp_path: Path) -> None:
    node = helper.make_node("Pow", ["x", "e"], ["y"], name="the_node")
    exponent = numpy_helper.from_array(np.float32(2.5), "e")
    text = _message(_model(node, weights=[exponent]), tmp_path)
    assert "model.onnx (the_node): error: Pow: the exponent 2.5 is not supported" in text


def test_old_operator_set(tmp_path: Path) -> None:
    text = _message(_model(_node("Relu"), opset=11), tmp_path)
    assert "the model uses operator set 11, 13 is the oldest that is supported" in text


def test_unsupported_type(tmp_path: Path) -> None:
    text = _message(_model(_node("Relu"), element=TensorProto.FLOAT16), tmp_path)
    assert "model.onnx (x): error: an input of this type is not supported" in text


def test_parameter_computed_at_run_time(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["shape"], to=TensorProto.INT64),
        _node("Reshape", "x", "shape"),
    ]
    text = _message(_model(*nodes, shape=(2,)), tmp_path)
    assert "Reshape: the shape (input 1) is computed at run time, a constant is needed" in text


def test_shapes_that_do_not_fit(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.ones((3, 2), np.float32), "w")
    text = _message(_model(_node("MatMul", "x", "w"), weights=[weights]), tmp_path)
    assert "model.onnx (the_node): error: MatMul: shapes do not fit: Incompatible dim" in text


def test_reshape_to_another_number_of_elements(tmp_path: Path) -> None:
    shape = numpy_helper.from_array(np.array([5], np.int64), "s")
    text = _message(_model(_node("Reshape", "x", "s"), weights=[shape]), tmp_path)
    assert "Reshape: 4 elements cannot take the shape (5,)" in text


def test_tensor_without_elements(tmp_path: Path) -> None:
    text = _message(_model(_node("Relu"), shape=(1, 0)), tmp_path)
    assert "Relu: a tensor of shape 1x0 has no elements" in text


def test_unknown_output(tmp_path: Path) -> None:
    text = _message(_model(_node("Relu")), tmp_path, outputs=("z",))
    assert "model.onnx (z): error: no node computes this output" in text
