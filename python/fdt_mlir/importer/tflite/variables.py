"""READ_VARIABLE and ASSIGN_VARIABLE: what a variable holds is the value that was assigned last."""

from __future__ import annotations

from collections.abc import Sequence

from fdt_mlir.importer.onnx.tensor import Tensor
from fdt_mlir.importer.tflite.call import Call


def read_variable(call: Call) -> Sequence[Tensor]:
    """Gives what the variable holds, and hands it on; a variable that never changes is constant."""
    contents = call.tensor()
    return [contents, contents] if call.declared(0).is_variable else [contents]


def assign_variable(call: Call) -> Sequence[Tensor]:
    """Gives what the variable holds from now on."""
    return [call.tensor(1)]
