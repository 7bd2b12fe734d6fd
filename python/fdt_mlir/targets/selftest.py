"""Self-tests: which samples a model carries with it, and what they have to give."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.targets.archive import read_archive
from fdt_mlir.targets.model import Array, CompiledModel, load_model
from fdt_mlir.targets.runner import run_many
from fdt_mlir.targets.samples import pattern_sample, random_samples, stacked_samples
from fdt_mlir.targets.selftest_source import Vector, selftest_source

_RANDOM_SAMPLES = 2


def selftest_files(
    name: str, files: Mapping[str, str], vectors_path: Path | None
) -> dict[str, str]:
    """Return the C file of a self-test for the compiled model in `files`.

    The samples are those of an .npz, which may hold outputs too (by name or `output_0`, ...), or
    the test pattern and two random ones. Outputs that are not given are what the C gives here.

    Raises CompileError where the file does not fit the model, or there is no compiler to run it.
    """
    with tempfile.TemporaryDirectory(prefix="fdt-selftest-") as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        for file_name, text in files.items():
            (folder / file_name).write_text(text, encoding="utf-8")
        model = load_model(folder)
        vectors = _vectors(model, vectors_path)
        return {f"{name}_selftest.c": selftest_source(model, vectors)}


def _vectors(model: CompiledModel, path: Path | None) -> list[Vector]:
    if path is None:
        samples = [pattern_sample(model), *random_samples(model, _RANDOM_SAMPLES)]
        return _with_outputs_of_c(model, [sample.inputs for sample in samples])
    arrays = read_archive(path)
    outputs = [_take_output(model, arrays, number) for number in range(len(model.outputs))]
    inputs = [sample.inputs for sample in stacked_samples(model, path, arrays)]
    given = [array for array in outputs if array is not None]
    if not given:
        return _with_outputs_of_c(model, inputs)
    if len(given) != len(outputs):
        raise _misfit(path, f"the file has {len(given)} of {len(outputs)} outputs")
    stacks: list[Array] = []
    for tensor, array in zip(model.outputs, given, strict=True):
        if array.dtype != tensor.dtype or array.size * array.itemsize != (
            tensor.size_bytes * len(inputs)
        ):
            shape = "x".join(map(str, array.shape))
            raise _misfit(
                path, f"output {tensor} is given as {array.dtype} {shape} for {len(inputs)} samples"
            )
        stacks.append(array.reshape(len(inputs), *tensor.shape))
    return [
        Vector(sample, tuple(stack[number] for stack in stacks))
        for number, sample in enumerate(inputs)
    ]


def _take_output(model: CompiledModel, arrays: dict[str, Array], number: int) -> Array | None:
    taken = arrays.pop(f"output_{number}", None)
    if model.outputs[number].name in {tensor.name for tensor in model.inputs}:
        return taken
    return arrays.pop(model.outputs[number].name, taken)


def _with_outputs_of_c(model: CompiledModel, inputs: list[tuple[Array, ...]]) -> list[Vector]:
    try:
        results = run_many(model.folder, "host", inputs)
    except CompileError as error:
        if "is not installed" not in str(error):
            raise
        hint = "install gcc, or give the outputs too: --selftest-vectors VECTORS.npz"
        raise compile_error("the outputs of a self-test need a compiler here", hint=hint) from error
    pairs = zip(inputs, results, strict=True)
    return [Vector(sample, result.outputs) for sample, result in pairs]


def _misfit(path: Path, message: str) -> CompileError:
    hint = "give all of them, one for each sample, as the model computes them; or none"
    return compile_error(message, SourceLocation(str(path)), hint)
