"""What the integers of a quantised tensor stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Quantisation:
    """real = scale * (stored - zero_point).

    Both arrays broadcast to the tensor's shape, in the model's order of dimensions: no dimension
    for a tensor quantised as a whole, (channels, 1, 1) for one of channels. Scales are float64
    products of the model's float32 scales, zero points int64.
    """

    scale: Array
    zero_point: Array

    @staticmethod
    def of(scale: Array | float, zero_point: Array | int = 0) -> Quantisation:
        """Take numbers of any type."""
        return Quantisation(np.asarray(scale, np.float64), np.asarray(zero_point, np.int64))

    @property
    def is_per_tensor(self) -> bool:
        return self.scale.size == 1 and self.zero_point.size == 1

    @property
    def zero(self) -> int:
        """The zero point of a tensor quantised as a whole."""
        assert self.zero_point.size == 1, "a zero point for each channel"
        return int(self.zero_point.item())

    def equals(self, other: Quantisation) -> bool:
        """Whether the same integers mean the same numbers."""
        return np.array_equal(self.scale, other.scale) and np.array_equal(
            self.zero_point, other.zero_point
        )

    def real(self, stored: Array) -> Array:
        """The float32 numbers that integers stand for, as DequantizeLinear computes them."""
        scale = self.scale.astype(np.float32)
        return (stored.astype(np.int64) - self.zero_point).astype(np.float32) * scale

    def stored(self, real: Array, dtype: np.dtype[Any]) -> Array:
        """The integers nearest to numbers, as QuantizeLinear computes them."""
        limits = np.iinfo(dtype)
        scaled = np.rint(real.astype(np.float32) / self.scale.astype(np.float32))
        return np.clip(scaled + self.zero_point, limits.min, limits.max).astype(dtype)
