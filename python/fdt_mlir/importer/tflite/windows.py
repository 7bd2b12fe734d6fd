"""Where the windows of convolutions and pools lie."""

from __future__ import annotations

from dataclasses import dataclass

from fdt_mlir.bindings import ir
from fdt_mlir.importer.onnx.emit import pad
from fdt_mlir.importer.onnx.tensor import Tensor

_SAME = 0  # of tflite.Padding


@dataclass(frozen=True)
class Window:
    """A window over rows and columns; every field has a number for each.

    before: padding above and to the left; TFLite puts the odd element behind.
    """

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    before: tuple[int, int]
    source: tuple[int, int]
    result: tuple[int, int]

    @staticmethod
    def of(
        source: tuple[int, int],
        result: tuple[int, int],
        kernel: tuple[int, int],
        strides: tuple[int, int],
        dilations: tuple[int, int],
        padding: int,
    ) -> Window:
        """The window of an operator whose option `padding` is SAME or VALID.

        Raises ValueError where a size, stride or dilation is not positive.
        """
        if min(*kernel, *strides, *dilations) < 1:
            raise ValueError(f"window {kernel}, strides {strides}, dilations {dilations}")
        sizes = zip(source, result, kernel, strides, dilations, strict=True)
        before = [
            max((count - 1) * stride + (size - 1) * dilation + 1 - extent, 0) // 2
            for extent, count, size, stride, dilation in sizes
        ]
        first = (before[0], before[1]) if padding == _SAME else (0, 0)
        return Window(kernel, strides, dilations, first, source, result)

    def padded(self, image: Tensor, value: int) -> Tensor:
        """An image (batch, rows, columns, channels) with all that the windows read."""
        axes = range(2)
        reach = [
            (self.result[n] - 1) * self.strides[n] + (self.kernel[n] - 1) * self.dilations[n] + 1
            for n in axes
        ]
        after = [max(reach[n] - self.before[n] - self.source[n], 0) for n in axes]
        return pad(image, [0, *self.before, 0], [0, *after, 0], value)

    def index(
        self, position: tuple[ir.AffineExpr, ...], offset: tuple[ir.AffineExpr, ...]
    ) -> tuple[ir.AffineExpr, ...]:
        """Where element `offset` of the window at `position` lies in the padded image."""
        return tuple(
            position[n] * self.strides[n] + offset[n] * self.dilations[n] for n in range(2)
        )

    def inside(self, axis: int) -> list[int]:
        """How many elements of each window along an axis lie in the image."""
        counts: list[int] = []
        for position in range(self.result[axis]):
            first = position * self.strides[axis] - self.before[axis]
            places = range(
                first, first + self.kernel[axis] * self.dilations[axis], self.dilations[axis]
            )
            counts.append(sum(0 <= place < self.source[axis] for place in places))
        return counts
