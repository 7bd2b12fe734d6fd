"""Short C-like names for layers, from the long tensor names of exported models."""

import re
from collections.abc import Container

# Path components that name an operation inside a Keras or TensorFlow layer, not the layer.
_OPERATION_NAMES = frozenset(
    [
        "Add",
        "AddV2",
        "AvgPool",
        "BiasAdd",
        "Conv2D",
        "Conv2D1",
        "FusedBatchNormV3",
        "Identity",
        "MatMul",
        "MaxPool",
        "Mean",
        "Mul",
        "Pad",
        "ReadVariableOp",
        "Relu",
        "Relu6",
        "Reshape",
        "Sigmoid",
        "Softmax",
        "Squeeze",
        "Tanh",
        "Transpose",
        "StatefulPartitionedCall",
        "depthwise",
        "resource",
    ]
)
_UNTELLING_LAYERS = ("activation", "batch_normalization", "re_lu", "bn", "relu")


def layer_name(tensor_name: str, kind: str, taken: Container[str]) -> str:
    """Give a unique identifier for a layer.

    `tensor_name` is the model's name of its result: paths joined by `;` where the exporter fused
    operations. `kind` (such as `conv`) is used where the name tells nothing.
    """
    return unique_name(_telling_scope(tensor_name) or kind, taken)


def _telling_scope(tensor_name: str) -> str:
    scopes = [scope for path in tensor_name.split(";") if (scope := _scope(path))]
    telling = [scope for scope in scopes if not scope.startswith(_UNTELLING_LAYERS)]
    return (telling or scopes or [""])[0]


def _scope(path: str) -> str:
    parts = [identifier(part) for part in path.split("/") if part]
    while parts and parts[-1] in _OPERATION_NAMES:
        parts.pop()
    return parts[-1] if parts else ""


def identifier(text: str) -> str:
    """Make a C identifier of any text: other characters become `_`, a leading digit is prefixed."""
    name = re.sub(r"[^0-9a-zA-Z]+", "_", text).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


def unique_name(stem: str, taken: Container[str]) -> str:
    """Append the first free number where `stem` is taken: conv, conv_1, conv_2."""
    if stem not in taken:
        return stem
    number = 1
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"
