"""The C of a self-test: stored samples, what they have to give, and a function that compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fdt_mlir.emitc.c_literals import array_initialiser
from fdt_mlir.targets.model import Array, CompiledModel, TensorSpec
from fdt_mlir.targets.reference import FLOAT_TOLERANCE

_C_TYPES = {"float32": "float", "bool": "bool"}


@dataclass(frozen=True)
class Vector:
    """A sample and the outputs that it has to give."""

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]


def selftest_source(model: CompiledModel, vectors: Sequence[Vector]) -> str:
    """Return a C99 file that defines `<name>_selftest`, declared in the model's header."""
    inputs = list(enumerate(model.inputs))
    outputs = list(enumerate(model.outputs))
    parameters = ", ".join(f"void *{arena}" for arena in model.arenas)
    lines = [
        f"/* {model.name}: stored samples and what they have to give. Leave it out of the firmware",
        " * once it has passed there: nothing else needs it. */",
        f'#include "{model.name}.h"',
        "",
        f"enum {{ VECTORS = {len(vectors)} }};",
        "",
    ]
    for number, tensor in inputs:
        lines += _stored("input", number, tensor, [vector.inputs[number] for vector in vectors])
    for number, tensor in outputs:
        lines += _stored("output", number, tensor, [vector.outputs[number] for vector in vectors])
        if tensor.dtype.kind == "f":
            lines += _tolerances(number, [vector.outputs[number] for vector in vectors])
    lines += [
        f"int {model.name}_selftest({parameters}) {{",
        "  for (int n = 0; n < VECTORS; ++n) {",
        *([f"    {model.name}_reset({', '.join(model.arenas)});"] if model.has_reset else ()),
        # Rows may let the model run: what lies in an arena has to be there before.
        *(line for number, tensor in inputs for line in _fill(model, number, tensor)),
        *(line for number, tensor in inputs for line in _push(model, number, tensor)),
        f"    if ({model.name}_invoke({', '.join(model.arenas)}) != 0) return n + 1;",
        *(line for number, tensor in outputs for line in _compare(model, number, tensor)),
        "  }",
        "  return 0;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _c_type(tensor: TensorSpec) -> str:
    return _C_TYPES.get(tensor.type, f"{tensor.type}_t")


def _stored(side: str, number: int, tensor: TensorSpec, arrays: Sequence[Array]) -> list[str]:
    values = np.stack([array.ravel() for array in arrays])
    count = max(values.shape[1], 1)
    head = f"static const {_c_type(tensor)} {side}_{number}[VECTORS][{count}] = "
    return [*f"{head}{array_initialiser(values, len(head))};".split("\n"), ""]


def _tolerances(number: int, arrays: Sequence[Array]) -> list[str]:
    """Sums of floats differ between compilers that contract multiplication and addition."""
    largest = [float(np.abs(array).max(initial=0.0)) for array in arrays]
    values = np.array([FLOAT_TOLERANCE * value for value in largest], np.float32)
    head = f"static const float tolerance_{number}[VECTORS] = "
    return [*f"{head}{array_initialiser(values, len(head))};".split("\n"), ""]


def _place(model: CompiledModel, side: str, number: int, tensor: TensorSpec) -> str:
    offset = f"{model.macro_prefix}_{side}_{number}_OFFSET"
    return f"(void *)((char *){model.arenas[tensor.arena]} + {offset})"


def _fill(model: CompiledModel, number: int, tensor: TensorSpec) -> list[str]:
    """Put an input where the model reads it; a streamed one has no place."""
    if tensor.offset is None:
        return []
    c_type, count = _c_type(tensor), tensor.size_bytes // tensor.dtype.itemsize
    return [
        f"    {c_type} *in_{number} = {_place(model, 'INPUT', number, tensor)};",
        f"    for (int32_t i = 0; i < {count}; ++i) in_{number}[i] = input_{number}[n][i];",
    ]


def _push(model: CompiledModel, number: int, tensor: TensorSpec) -> list[str]:
    """Hand over the rows of a streamed input."""
    if tensor.offset is not None:
        return []
    rows = f"{model.macro_prefix}_INPUT_{number}_ROWS"
    arguments = ", ".join([*model.arenas, f"input_{number}[n]", rows])
    return [f"    if ({model.name}_push_rows({arguments}) != 0) return n + 1;"]


def _compare(model: CompiledModel, number: int, tensor: TensorSpec) -> list[str]:
    c_type, count = _c_type(tensor), tensor.size_bytes // tensor.dtype.itemsize
    declared = f"    const {c_type} *out_{number} = {_place(model, 'OUTPUT', number, tensor)};"
    if tensor.dtype.kind != "f":
        return [
            declared,
            f"    for (int32_t i = 0; i < {count}; ++i) {{",
            f"      if (out_{number}[i] != output_{number}[n][i]) return n + 1;",
            "    }",
        ]
    return [
        declared,
        f"    for (int32_t i = 0; i < {count}; ++i) {{",
        f"      float distance = out_{number}[i] - output_{number}[n][i];",
        "      if (distance < 0.0f) distance = -distance;",
        f"      if (!(distance <= tolerance_{number}[n])) return n + 1; /* a NaN, too */",
        "    }",
    ]
