"""Samples to run a model on: a test pattern, random ones, or those of a file or folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.errors import CompileError, compile_error
from fdt_mlir.targets.archive import read_archive
from fdt_mlir.targets.model import Array, CompiledModel, TensorSpec
from fdt_mlir.targets.raw_files import READERS, read_raw

LABELS = "labels"
"""The name of an array in an .npz that says which class each sample belongs to."""


@dataclass(frozen=True)
class Sample:
    """One array for each input of a model. `name` says where it comes from, `label` its class."""

    name: str
    inputs: tuple[Array, ...]
    label: int | None = None


def pattern_input(tensor: TensorSpec) -> Array:
    """Return the documented pattern: x[i] = ((7*i + 3) mod 256) - 128, shifted or scaled by type.

    uint8 elements are x[i] + 128, float32 elements x[i] / 128, all others x[i].
    """
    index = np.arange(int(np.prod(tensor.shape)), dtype=np.int64)
    values = (7 * index + 3) % 256 - 128
    if tensor.dtype == np.uint8:
        values = values + 128
    pattern = values / 128.0 if tensor.dtype.kind == "f" else values
    return np.reshape(pattern.astype(tensor.dtype), tensor.shape)


def pattern_sample(model: CompiledModel) -> Sample:
    """Return the documented pattern for every input."""
    return Sample("test pattern", tuple(pattern_input(tensor) for tensor in model.inputs))


def random_samples(model: CompiledModel, count: int) -> list[Sample]:
    """Return samples that are the same each time: integers of the whole type, floats in [-1, 1)."""
    generator = np.random.default_rng(0)

    def draw(tensor: TensorSpec) -> Array:
        if tensor.dtype.kind == "f":
            return generator.uniform(-1, 1, tensor.shape).astype(tensor.dtype)
        if tensor.dtype.kind == "b":
            return generator.integers(0, 2, tensor.shape).astype(tensor.dtype)
        limits = np.iinfo(tensor.dtype)
        return generator.integers(limits.min, limits.max, tensor.shape, tensor.dtype, endpoint=True)

    return [
        Sample(f"random {number}", tuple(draw(tensor) for tensor in model.inputs))
        for number in range(count)
    ]


def read_samples(model: CompiledModel, path: Path) -> list[Sample]:
    """Read the samples of a file, or of all files of a folder in the order of their names.

    An .npz has an array for each input, by name or `input_0` and so on; arrays with one more
    dimension in front, or with more than the model's one there, hold a sample each. Other files
    (.npy, images, .wav) are for models of one input.

    Raises CompileError where a file cannot be read or does not fit the model.
    """
    if not path.is_dir():
        return _read_file(model, path)
    known = (".npz", *READERS)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in known)
    if not files:
        message = f"the folder has no samples: no file ends in {', '.join(known)}"
        raise compile_error(message, SourceLocation(str(path)))
    return [sample for file in files for sample in _read_file(model, file)]


def _read_file(model: CompiledModel, path: Path) -> list[Sample]:
    if path.suffix.lower() not in READERS:
        return stacked_samples(model, path, read_archive(path))
    if len(model.inputs) != 1:
        raise compile_error(
            f"'{model.name}' has {len(model.inputs)} inputs, but the file holds one array",
            SourceLocation(str(path)),
            f"put all in one .npz, by these names: {_inputs_of(model)}",
        )
    name = model.inputs[0].name
    return stacked_samples(model, path, {name: read_raw(path, model.inputs[0])})


def stacked_samples(model: CompiledModel, path: Path, arrays: Mapping[str, Array]) -> list[Sample]:
    """Take arrays apart, by name or `input_0` and so on, that hold one sample or several.

    Raises CompileError where they do not fit the model; `path` is where they come from.
    """
    left = dict(arrays)
    is_input = any(tensor.name == LABELS for tensor in model.inputs)
    labels = None if is_input else left.pop(LABELS, None)
    inputs = [_take(model, path, left, number) for number in range(len(model.inputs))]
    if left:
        raise compile_error(
            f"no input of '{model.name}' is called {', '.join(sorted(left))}",
            SourceLocation(str(path)),
            f"inputs are: {_inputs_of(model)}",
        )
    stacks = [_as_stack(tensor, array) for tensor, array in zip(model.inputs, inputs, strict=True)]
    counts = {len(stack) for stack in stacks if stack is not None}
    if None in stacks or len(counts) != 1:
        # Not stacks of one size: one sample, whose arrays the runner will check.
        counts, stacks = {1}, [[array] for array in inputs]
    (count,) = counts
    if labels is not None and labels.shape != (count,):
        message = f"there are {count} samples, but the labels have shape {labels.shape}"
        raise compile_error(message, SourceLocation(str(path)), "give one number for each sample")
    rows = zip(*(stack for stack in stacks if stack is not None), strict=True)
    return [
        Sample(
            path.name if count == 1 else f"{path.name}[{number}]",
            tuple(row),
            None if labels is None else int(labels[number]),
        )
        for number, row in enumerate(rows)
    ]


def _take(model: CompiledModel, path: Path, arrays: dict[str, Array], number: int) -> Array:
    tensor = model.inputs[number]
    for name in (tensor.name, f"input_{number}"):
        if name in arrays:
            return arrays.pop(name)
    present = ", ".join(sorted(arrays)) or "nothing"
    raise compile_error(
        f"no array for input {tensor}; the file has {present}",
        SourceLocation(str(path)),
        f"name the array '{tensor.name}' or 'input_{number}'",
    )


def _as_stack(tensor: TensorSpec, array: Array) -> list[Array] | None:
    """The samples of an array; None where its shape has nothing to do with the tensor's."""
    if array.shape == tensor.shape:
        return [array]
    if array.shape[1:] == tensor.shape:
        return list(array)
    if tensor.shape[:1] == (1,) and array.ndim and array.shape[1:] == tensor.shape[1:]:
        return [array[number : number + 1] for number in range(len(array))]
    return None


def _inputs_of(model: CompiledModel) -> str:
    return ", ".join(map(str, model.inputs)) or "none"


def read_labels(path: Path, samples: list[Sample]) -> list[int]:
    """Read the class of each sample: an .npy, or text with a line `CLASS` or `NAME,CLASS` for each.

    Raises CompileError where a label is missing or no number.
    """
    location = SourceLocation(str(path))
    try:
        if path.suffix.lower() == ".npy":
            labels = [int(label) for label in np.ravel(np.load(path, allow_pickle=False))]
        else:
            labels = _labels_of_text(path.read_text(encoding="utf-8"), samples, location)
    except OSError as error:
        raise compile_error(f"cannot read the labels: {error.strerror}", location) from error
    except (ValueError, TypeError) as error:
        hint = "write the number of the class, or file name and number, on each line"
        raise compile_error(f"these are no labels: {error}", location, hint) from error
    if len(labels) != len(samples):
        message = f"there are {len(samples)} samples, but {len(labels)} labels"
        raise compile_error(message, location, "give one for each sample")
    return labels


def _labels_of_text(text: str, samples: list[Sample], location: SourceLocation) -> list[int]:
    rows = [line.rpartition(",") for line in text.split("\n") if line.strip()]
    if not any(name for name, _, _ in rows):
        return [int(label) for _, _, label in rows]
    by_name = {name.strip(): int(label) for name, _, label in rows}
    missing = [sample.name for sample in samples if sample.name not in by_name]
    if missing:
        raise _without_label(missing, location)
    return [by_name[sample.name] for sample in samples]


def _without_label(missing: list[str], location: SourceLocation) -> CompileError:
    message = f"{len(missing)} samples have no label, such as {missing[0]}"
    return compile_error(message, location, "add a line NAME,CLASS for each")
