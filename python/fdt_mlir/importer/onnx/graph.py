"""An ONNX model as values: what is known of it before anything is translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import onnx
from onnx import helper

from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.tensor import Dtype


@dataclass(frozen=True)
class Port:
    """An input or output of the model, of static shape."""

    name: str
    shape: tuple[int, ...]
    dtype: Dtype


@dataclass(frozen=True)
class Node:
    """A node; `op` has the domain as a prefix where it is not ONNX's own."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    proto: onnx.NodeProto = field(repr=False)


@dataclass(frozen=True)
class Graph:
    """A model: nodes in an order in which they can be computed."""

    file: str
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    constants: Mapping[str, Array]
    opsets: Mapping[str, int]

    @property
    def opset(self) -> int:
        return self.opsets.get("", 1)


def node_of(proto: onnx.NodeProto) -> Node:
    """Read a node; without a name of its own it is called by its first output."""
    domain = "" if proto.domain in ("", "ai.onnx") else f"{proto.domain}."
    attributes = {a.name: helper.get_attribute_value(a) for a in proto.attribute}
    return Node(
        domain + proto.op_type,
        proto.name or next(iter(proto.output), ""),
        tuple(proto.input),
        tuple(proto.output),
        MappingProxyType(attributes),
        proto,
    )
