"""Windows that slide over the spatial dimensions: padding, strides, extents of the result."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.call import Call
from fdt_mlir.importer.onnx.emit import pad
from fdt_mlir.importer.onnx.tensor import Tensor


@dataclass(frozen=True)
class Windows:
    """One number for each spatial dimension.

    before, after: padding that the model asks for. result: extents of the result.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    source: tuple[int, ...]
    result: tuple[int, ...]

    @property
    def rank(self) -> int:
        return len(self.kernel)

    def padded(self, tensor: Tensor, value: float) -> Tensor:
        """The tensor with its padding, and what the last windows need beyond that."""
        last = (
            (n - 1) * stride + (k - 1) * dilation + 1
            for n, stride, k, dilation in zip(
                self.result, self.strides, self.kernel, self.dilations, strict=True
            )
        )
        after = [
            max(end - before - extent, 0)
            for end, before, extent in zip(last, self.before, self.source, strict=True)
        ]
        outer = [0] * (tensor.rank - self.rank)
        return pad(tensor, [*outer, *self.before], [*outer, *after], value)

    def index(
        self, position: tuple[ir.AffineExpr, ...], offset: tuple[ir.AffineExpr, ...]
    ) -> tuple[ir.AffineExpr, ...]:
        """Where element `offset` of the window at `position` lies in the padded tensor."""
        return tuple(
            at * stride + within * dilation
            for at, stride, within, dilation in zip(
                position, self.strides, offset, self.dilations, strict=True
            )
        )

    def counts(self, include_pad: bool) -> list[list[int]]:
        """How many elements of each window along each dimension count in an average."""
        return [self._counts(dim, include_pad) for dim in range(self.rank)]

    def _counts(self, dim: int, include_pad: bool) -> list[int]:
        first = -self.before[dim] if include_pad else 0
        end = self.source[dim] + (self.after[dim] if include_pad else 0)
        counts: list[int] = []
        for position in range(self.result[dim]):
            start = position * self.strides[dim] - self.before[dim]
            places = (start + n * self.dilations[dim] for n in range(self.kernel[dim]))
            counts.append(sum(first <= place < end for place in places))
        return counts


def windows_of(call: Call, source: tuple[int, ...], kernel: tuple[int, ...]) -> Windows:
    """Read the attributes of a convolution or pooling over spatial extents `source`.

    Raises CompileError where the attributes do not fit.
    """
    rank = len(source)
    strides = call.ints("strides", (1,) * rank)
    dilations = call.ints("dilations", (1,) * rank)
    if not len(kernel) == len(strides) == len(dilations) == rank:
        raise call.error(
            f"kernel {kernel}, strides {strides} and dilations {dilations} for {rank} dimensions",
            "give each of them one number per spatial dimension",
        )
    extents = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
    before, after = _padding(call, source, extents, strides)
    ceil = bool(call.integer("ceil_mode"))
    result = tuple(
        _positions(n, extent, stride, low, high, ceil)
        for n, extent, stride, low, high in zip(
            source, extents, strides, before, after, strict=True
        )
    )
    if min(result, default=1) < 1:
        raise call.error(
            f"a window of {extents} does not fit an input of {source}, padded by {before}"
            f" before and {after} behind",
            "correct the shapes of the model",
        )
    return Windows(kernel, strides, dilations, before, after, source, result)


def _padding(
    call: Call, source: tuple[int, ...], extents: tuple[int, ...], strides: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    rank = len(source)
    auto = call.text("auto_pad", "NOTSET")
    if auto == "VALID":
        return (0,) * rank, (0,) * rank
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        totals = [
            max((math.ceil(n / stride) - 1) * stride + extent - n, 0)
            for n, extent, stride in zip(source, extents, strides, strict=True)
        ]
        less, more = tuple(t // 2 for t in totals), tuple(t - t // 2 for t in totals)
        return (less, more) if auto == "SAME_UPPER" else (more, less)
    pads = call.ints("pads", (0,) * (2 * rank))
    if len(pads) != 2 * rank or min(pads, default=0) < 0:
        raise call.error(
            f"pads {pads} for {rank} spatial dimensions",
            "give two numbers per dimension that are not negative",
        )
    return pads[:rank], pads[rank:]


def _positions(extent: int, window: int, stride: int, before: int, after: int, ceil: bool) -> int:
    room = extent + before + after - window
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1
    # A window that would begin in the padding behind the input is none.
    return count - 1 if (count - 1) * stride >= extent + before else count
