"""The same models in uint8: what int8 holds, and its zero points, plus 128."""

from dataclasses import replace

import numpy as np

from models.graph import Graph, Quantization, Tensor
from models.operators.case import Sample

MOVED = 128


def unsigned(graph: Graph) -> Graph:
    """A graph of int8 in uint8; scales are those of whole tensors."""
    bytes_of_it = [t for t in graph.tensors() if t.dtype == "int8" and t.quantization is not None]
    return graph.replaced({tensor: _moved(tensor) for tensor in bytes_of_it})


def unsigned_sample(sample: Sample) -> Sample:
    """The inputs of such a graph."""
    return [_plus(array) if array.dtype == np.int8 else array for array in sample]


def _moved(tensor: Tensor) -> Tensor:
    known = tensor.quantization
    assert known is not None
    zeros = tuple(zero + MOVED for zero in known.zero_point)
    data = None if tensor.data is None else _plus(tensor.data)
    return replace(
        tensor, dtype="uint8", data=data, quantization=Quantization(known.scale, zeros, known.axis)
    )


def _plus(array: np.ndarray) -> np.ndarray:
    return (array.astype(np.int16) + MOVED).astype(np.uint8)
