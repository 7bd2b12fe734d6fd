"""A node of the model on its way to linalg: its inputs are known, its outputs are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.importer.onnx.quantisation import Array, Quantisation
from fdt_mlir.importer.onnx.tensor import Dtype, Tensor


@dataclass(frozen=True)
class Call:
    """A node with its inputs; an optional input that the model leaves out is None.

    opset: version of the operator set that defines the node.
    target: where the only reader of the result is a QuantizeLinear, what it makes of it. Functions
        that compute with integers give that result directly.
    """

    op: str
    name: str
    file: str
    opset: int
    inputs: tuple[Tensor | None, ...]
    attributes: Mapping[str, Any]
    output_names: tuple[str, ...]
    target: tuple[Quantisation, Dtype] | None = None

    def has(self, index: int) -> bool:
        """Whether an optional input is there."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def tensor(self, index: int = 0) -> Tensor:
        """An input that must be there. Raises CompileError where it is not."""
        tensor = self.inputs[index] if index < len(self.inputs) else None
        if tensor is None:
            raise self.error(f"input {index} is missing", "export the model again")
        return tensor

    def constant(self, index: int, what: str) -> Array:
        """The content of an input that must be known. Raises CompileError where it is computed."""
        tensor = self.tensor(index)
        if tensor.data is None:
            raise self.error(
                f"{what} (input {index}) is computed at run time, a constant is needed",
                "export the model with constant folding and static shapes",
            )
        return tensor.data

    def optional(self, index: int, what: str) -> Array | None:
        """The content of an optional input. Raises CompileError where it is computed."""
        return self.constant(index, what) if self.has(index) else None

    def ints(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """An attribute of integers."""
        return tuple(self.attributes.get(name, default))

    def integer(self, name: str, default: int = 0) -> int:
        """An attribute of one integer."""
        return int(self.attributes.get(name, default))

    def number(self, name: str, default: float) -> float:
        """An attribute of one float."""
        return float(self.attributes.get(name, default))

    def text(self, name: str, default: str) -> str:
        """An attribute of one string."""
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else str(value)

    def axis(self, rank: int, default: int = 0) -> int:
        """The attribute `axis`, counted from the front. Raises CompileError out of range."""
        return self.counted(self.integer("axis", default), rank)

    def counted(self, axis: int, rank: int) -> int:
        """An axis counted from the front. Raises CompileError out of range."""
        if not -rank <= axis < rank:
            raise self.error(f"axis {axis} of a tensor of {rank} dimensions", "correct the model")
        return axis % rank

    def axes(self, index: int, rank: int) -> tuple[int, ...] | None:
        """Axes that an attribute names in old operator sets and an input in new ones."""
        given = self.attributes.get("axes")
        if given is None:
            given = self.optional(index, "axes")
        if given is None:
            return None
        return tuple(self.counted(int(axis), rank) for axis in given)

    def named_axes(self, index: int, rank: int, count: int) -> tuple[int, ...]:
        """Axes that an input names; the first `count` where it names none."""
        given = self.optional(index, "axes")
        if given is None:
            return tuple(range(count))
        return tuple(self.counted(int(axis), rank) for axis in given)

    def error(self, message: str, hint: str) -> CompileError:
        """A diagnostic that names the node."""
        place = SourceLocation(self.file, name=self.name)
        return compile_error(f"{self.op}: {message}", place, hint)


Result = Tensor | tuple[Tensor, ...]
Translation = Callable[[Call], Result]
"""Computes a node's outputs. Raises CompileError for what it cannot do."""
