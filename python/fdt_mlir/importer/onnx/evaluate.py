"""Values of nodes at compile time, by ONNX's own reference implementation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from fdt_mlir.importer.onnx.quantisation import Array


def evaluate(
    node: onnx.NodeProto, inputs: Sequence[Array | None], opsets: dict[str, int]
) -> tuple[Array, ...]:
    """Compute a node's outputs from the values of its inputs; None for those left out.

    Raises whatever the reference raises for inputs that make no sense.
    """
    # Takes a third of a second to load, which most models need not spend.
    from onnx.reference import ReferenceEvaluator

    names = [f"x{number}" if value is not None else "" for number, value in enumerate(inputs)]
    alone = onnx.NodeProto()
    alone.CopyFrom(node)
    del alone.input[:]
    alone.input.extend(names)
    given: dict[str, Any] = {
        name: value for name, value in zip(names, inputs, strict=True) if value is not None
    }
    operands = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
        )
        for name, value in given.items()
    ]
    results = [onnx.ValueInfoProto(name=name) for name in alone.output if name]
    graph = helper.make_graph([alone], "node", operands, results)
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=imports)
    # NOTE: onnx types neither `run` nor what it returns.
    outputs: Any = ReferenceEvaluator(model).run(None, given)  # pyright: ignore[reportUnknownMemberType]
    return tuple(np.asarray(output) for output in outputs)
