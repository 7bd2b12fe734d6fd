"""The results of all layers, put together from what each step left, though buffers are reused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from fdt_mlir.diagnostics import SourceLocation
from fdt_mlir.emitc.traced_result import TracedResult
from fdt_mlir.errors import compile_error
from fdt_mlir.targets.model import Array, CompiledModel, dtype_of
from fdt_mlir.targets.records import StepRecord


def layer_arrays(model: CompiledModel, records: Sequence[StepRecord]) -> dict[str, Array]:
    """Return the result of each layer by its name, in the layer's shape without extents of 1.

    A layer in several steps (start value, partial sums, end) has the name of each. Where tiles
    recompute rows, both computed the same. Raises CompileError for a model of another version.
    """
    results = _read_results(model)
    arrays: dict[str, Array] = {}
    for record in records:
        result = results[record.step]
        if result.layer not in arrays:
            arrays[result.layer] = np.zeros(result.layer_shape, dtype_of(result.type))
        _put(arrays[result.layer], result, record)
    return arrays


def _put(whole: Array, result: TracedResult, record: StepRecord) -> None:
    """Put what one call of a kernel computed into its layer's result."""
    indices = record.values[: len(result.loops)]
    bounds = record.values[len(result.loops) :]
    ranges = [np.arange(extent) for extent in result.shape]
    for number, dim in enumerate(result.slices):
        if dim is not None:
            ranges[dim] = np.arange(*bounds[2 * number : 2 * number + 2])
    firsts = [0] * len(ranges)
    for dim, first in zip(result.windows, bounds[2 * len(result.slices) :], strict=True):
        if dim is not None:
            firsts[dim] = first
    start = _tile_start(result, indices)
    targets = [positions + first for positions, first in zip(ranges, start, strict=True)]
    data = np.frombuffer(record.data, dtype_of(result.type))
    whole[np.ix_(*targets)] = data[_places(result, np.ix_(*ranges), firsts)]


def _places(result: TracedResult, positions: Sequence[Array], firsts: Sequence[int]) -> Array:
    """Where in memory the elements at some positions along each dimension are."""
    total = np.zeros([1] * len(positions), dtype=np.int64)
    in_ring, ring_size = np.zeros_like(total), 1
    for dim, (position, ring) in enumerate(zip(positions, result.rings, strict=True)):
        if not ring:
            total = total + (position - firsts[dim]) * result.strides[dim]
            continue
        in_ring, ring_size = in_ring * result.shape[dim] + position, ring_size * ring
        if not any(result.rings[dim + 1 : dim + 2]):
            total = total + in_ring % ring_size * result.strides[dim]
            in_ring, ring_size = np.zeros_like(total), 1
    return total


def _tile_start(result: TracedResult, indices: Sequence[int]) -> list[int]:
    """Where in the layer the tile of a loop over channels begins, along each dimension."""
    start = [0] * len(result.shape)
    for dim, (extent, whole) in enumerate(zip(result.shape, result.layer_shape, strict=True)):
        tiles = -(-whole // extent) if extent else 0
        for (low, step, turns), index in zip(result.loops, indices, strict=True):
            if extent != whole and turns == tiles:
                start[dim] = (index - low) // step * extent
    return start


def _read_results(model: CompiledModel) -> list[TracedResult]:
    path = model.traced_source.with_suffix(".json")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [TracedResult(**entry) for entry in cast("list[Mapping[str, Any]]", content)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise compile_error(
            f"cannot read {path.name}, which says what each layer leaves where",
            SourceLocation(str(path)),
            "compile the model again with fdt-compile of this version",
        ) from error
