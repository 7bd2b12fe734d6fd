"""Read a .onnx file: ONNX's own library parses and checks it, we translate its nodes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import checker, external_data_helper, helper, numpy_helper, shape_inference

from fdt_mlir.bindings import ir
from fdt_mlir.diagnostics import Diagnostic, SourceLocation
from fdt_mlir.errors import CompileError, UsageError, compile_error
from fdt_mlir.importer.import_options import ImportOptions
from fdt_mlir.importer.onnx.graph import Graph, Node, Port, node_of
from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.registry import TRANSLATIONS
from fdt_mlir.importer.onnx.translate import Translator

_LEAST_OPSET = 13
# Known at compile time whatever their operands are.
_ALWAYS_KNOWN = ("Shape", "Size")
_KINDS = "fiub"
_INFERENCE_ERROR = re.compile(
    r"\(op_type:(?P<op>[^,)]*)(, node name: (?P<name>[^)]*))?\): (\[\w+\] )?(?P<reason>[^\n]*)"
)


def read_onnx(path: Path, data: bytes, options: ImportOptions) -> ir.Module:
    """Translate an ONNX model to linalg on tensors.

    Raises CompileError for files that are no ONNX model, and for everything in them without a
    translation: all of it, not the first.
    """
    model = _parse(path, data)
    graph = read_graph(path, model, options)
    _check_operators(graph)
    _check_shapes(model, graph)
    return Translator(
        graph,
        channels_last=options.io_layout == "nhwc",
        integer_edges=options.io == "int8",
    ).module()


def _parse(path: Path, data: bytes) -> onnx.ModelProto:
    place = SourceLocation(str(path))
    try:
        model = onnx.load_from_string(data)
    except DecodeError as error:
        raise compile_error(
            f"the file is no ONNX model: {error}", place, "export the model again"
        ) from error
    if not model.HasField("graph") or not model.graph.output:
        raise compile_error("the file holds no ONNX graph", place, "export the model again")
    _load_external_data(path, model)
    for result in model.graph.output:
        # The checker asks for a shape, which some exporters leave out and nobody here reads.
        result.type.tensor_type.shape.SetInParent()
    try:
        # NOTE: onnx leaves a parameter of this function without a type.
        checker.check_model(model)  # pyright: ignore[reportUnknownMemberType]
    # The checker quotes names in its messages, also those that are no text.
    except (UnicodeDecodeError, checker.ValidationError) as error:
        reason = str(error).strip().splitlines()[0]
        raise compile_error(
            f"the model breaks ONNX's rules: {reason}", place, "export the model again"
        ) from error
    return model


def _load_external_data(path: Path, model: onnx.ModelProto) -> None:
    for tensor in model.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        try:
            external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
        except (OSError, ValueError, checker.ValidationError) as error:
            location = next((e.value for e in tensor.external_data if e.key == "location"), "?")
            raise compile_error(
                f"the weights in the file '{location}' cannot be read: {error}",
                SourceLocation(str(path), name=tensor.name),
                "put the file beside the model, or save the model with its weights inside",
            ) from error
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def read_graph(path: Path, model: onnx.ModelProto, options: ImportOptions) -> Graph:
    """Read what is known of a model. Raises CompileError for open shapes and unknown types."""
    place = SourceLocation(str(path))
    opsets = {entry.domain.replace("ai.onnx", ""): entry.version for entry in model.opset_import}
    opset = opsets.get("", 1)
    if opset < _LEAST_OPSET:
        raise compile_error(
            f"the model uses operator set {opset}, {_LEAST_OPSET} is the oldest that is supported",
            place,
            "export with a newer one, or convert with onnx.version_converter",
        )
    constants = {t.name: _constant(path, t) for t in model.graph.initializer}
    fed = [info for info in model.graph.input if info.name not in constants]
    inputs = _ports(path, fed, options.shapes)
    outputs = options.outputs or tuple(info.name for info in model.graph.output)
    nodes = tuple(node_of(proto) for proto in model.graph.node)
    return Graph(
        str(path),
        inputs,
        outputs,
        _needed(nodes, outputs),
        MappingProxyType(constants),
        MappingProxyType(opsets),
    )


def _needed(nodes: Sequence[Node], outputs: Sequence[str]) -> tuple[Node, ...]:
    """The nodes from which the outputs are computed."""
    wanted = set(outputs)
    kept: list[Node] = []
    for node in reversed(nodes):
        if wanted.intersection(node.outputs):
            wanted.update(node.inputs)
            kept.append(node)
    return tuple(reversed(kept))


def _constant(path: Path, tensor: onnx.TensorProto) -> Array:
    try:
        return numpy_helper.to_array(tensor)
    except (KeyError, TypeError, ValueError) as error:
        place = SourceLocation(str(path), name=tensor.name)
        raise compile_error(
            f"the data of a constant cannot be read: {error}", place, "export the model again"
        ) from error


def _ports(
    path: Path, infos: Sequence[onnx.ValueInfoProto], shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Port, ...]:
    names = [info.name for info in infos]
    for name in shapes:
        if name not in names:
            known = ", ".join(f"'{known}'" for known in names)
            raise UsageError(f"--shape names '{name}', but the model's inputs are {known}")
    found: list[Port] = []
    faults: list[Diagnostic] = []
    for info in infos:
        place = SourceLocation(str(path), name=info.name)
        given = _shape(info, shapes.get(info.name))
        dtype = _dtype(info)
        if dtype is None:
            faults.append(
                Diagnostic(
                    "an input of this type is not supported",
                    place,
                    "use float32, integers or bool",
                )
            )
        elif not _is_sensible(given):
            text = "x".join(map(str, given))
            faults.append(
                Diagnostic(
                    f"the shape {text} of an input is no shape of a tensor in memory",
                    place,
                    "export the model again",
                )
            )
        elif any(isinstance(extent, str) for extent in given):
            text = "x".join(map(str, given))
            faults.append(
                Diagnostic(
                    f"the shape {text} of an input is not static",
                    place,
                    f"say what it is: --shape '{info.name}={_example(given)}'",
                )
            )
        else:
            shape = tuple(extent for extent in given if isinstance(extent, int))
            found.append(Port(info.name, shape, dtype))
    if faults:
        raise CompileError(faults)
    return tuple(found)


def _is_sensible(shape: Sequence[int | str]) -> bool:
    """Whether no extent is negative, and elements few enough to be counted in 32 bits."""
    extents = [extent for extent in shape if isinstance(extent, int)]
    return all(extent >= 0 for extent in extents) and math.prod(extents) < 2**31


def _example(shape: Sequence[int | str]) -> str:
    return "x".join(str(extent) if isinstance(extent, int) else "1" for extent in shape)


def _shape(info: onnx.ValueInfoProto, given: tuple[int, ...] | None) -> tuple[int | str, ...]:
    """Extents; the name of one that is open. An open first one is the batch, and becomes 1."""
    tensor = info.type.tensor_type
    if given is not None:
        return given
    if not tensor.HasField("shape"):
        return ("?",)
    extents = [
        dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?"
        for dim in tensor.shape.dim
    ]
    if len(extents) > 1 and isinstance(extents[0], str):
        extents[0] = 1
    return tuple(extents)


def _dtype(info: onnx.ValueInfoProto) -> np.dtype[Any] | None:
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type))
    except (KeyError, ValueError, TypeError):
        return None
    is_known = dtype.kind in _KINDS and dtype.name not in ("float16", "bfloat16")
    return dtype if is_known else None


def _check_operators(graph: Graph) -> None:
    """Raise CompileError for all operators without a translation, save what is constant."""
    computed = {port.name for port in graph.inputs}
    missing: dict[str, list[Node]] = {}
    for node in graph.nodes:
        if node.op in _ALWAYS_KNOWN or not computed.intersection(node.inputs):
            continue
        computed.update(node.outputs)
        if node.op not in TRANSLATIONS:
            missing.setdefault(node.op, []).append(node)
    if missing:
        raise CompileError(
            [
                Diagnostic(
                    f"operator {op} is not supported ({_count(nodes)})",
                    SourceLocation(graph.file, name=nodes[0].name),
                    "docs/onnx.md lists the operators that are",
                )
                for op, nodes in missing.items()
            ]
        )


def _check_shapes(model: onnx.ModelProto, graph: Graph) -> None:
    """Let ONNX infer all shapes. Raises CompileError for a node whose inputs do not fit."""
    checked = onnx.ModelProto()
    checked.CopyFrom(model)
    # What the file says of shapes may be open, or of another input size.
    del checked.graph.value_info[:]
    for result in checked.graph.output:
        result.type.tensor_type.ClearField("shape")
    shapes = {port.name: port.shape for port in graph.inputs}
    for info in checked.graph.input:
        if info.name in shapes:
            info.type.tensor_type.ClearField("shape")
            for extent in shapes[info.name]:
                info.type.tensor_type.shape.dim.add(dim_value=extent)
    try:
        shape_inference.infer_shapes(checked, strict_mode=True, data_prop=True)
    except shape_inference.InferenceError as error:
        found = _INFERENCE_ERROR.search(str(error))
        reason = found["reason"] if found else str(error).strip().splitlines()[0]
        name = found["name"] if found else None
        prefix = f"{found['op']}: " if found else ""
        raise compile_error(
            f"{prefix}shapes do not fit: {reason.strip()}",
            SourceLocation(graph.file, name=name or None),
            "correct the model, or the shapes given with --shape",
        ) from error


def _count(nodes: Sequence[Node]) -> str:
    return "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes, this is the first"
