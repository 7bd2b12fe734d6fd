"""The order of a constant's elements in flash: the order in which its kernel reads them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.bindings import ir
from fdt_mlir.kernels.kernel import Kernel


def packed_order(kernel: Kernel, operand: int) -> tuple[int, ...] | None:
    """The dimensions of a constant operand from slowest to fastest, as the loops run.

    None where it stays as it is: a table, or an operand indexed by more than one loop per
    dimension.
    """
    results = list(kernel.maps[operand].results)
    if not results:
        return None
    position: list[int] = []
    for expr in results:
        if isinstance(expr, ir.AffineDimExpr):
            position.append(expr.position)
        elif isinstance(expr, ir.AffineConstantExpr) and expr.value == 0:
            position.append(-1)
        else:
            return None
    return tuple(sorted(range(len(position)), key=lambda dim: position[dim]))


def pack(data: NDArray[Any], order: Sequence[int] | None) -> NDArray[Any]:
    """The elements of a constant in their final order, one-dimensional."""
    packed = data if order is None else np.transpose(data, order)
    return np.ravel(packed)
