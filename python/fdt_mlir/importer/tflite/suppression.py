"""Which of many overlapping boxes are kept: non-maximum suppression as LiteRT does it.

In its "fast" way each box counts with its best class alone; in the "regular" one it is a candidate
of every class, and suppresses others of the same class only. The reference sorts the candidates, of
each class by itself, and walks down the lists; here the best candidate that is left is sought as
often as there are detections, and what overlaps it too much is struck out, which selects the same
ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.gather import loop_index
from fdt_mlir.importer.onnx.rearrange import concatenated, gathered
from fdt_mlir.importer.onnx.reductions import total
from fdt_mlir.importer.onnx.scalars import (
    FLOAT,
    INT32,
    Scalar,
    convert,
    literal,
    maximum,
    minimum,
    select,
)
from fdt_mlir.importer.onnx.tensor import Tensor
from fdt_mlir.importer.onnx.views import reshape
from fdt_mlir.importer.tflite.reductions import place_of_greatest

STRUCK_OUT = -math.inf
"""Score of what is no candidate."""

Corners = tuple[Tensor, Tensor, Tensor, Tensor]
"""Top, left, bottom and right of boxes: a tensor of one number per box for each."""

Strike = Callable[[Tensor, Sequence[Tensor]], Tensor]
"""Scores without those that the candidates at some places suppress, the last of which is new."""


def best_boxes(
    scores: Tensor, corners: Corners, count: int, threshold: float
) -> tuple[Tensor, Tensor]:
    """Places and scores of `count` boxes, of which no two overlap by more than the threshold.

    scores: one per box.
    """

    def strike(left: Tensor, places: Sequence[Tensor]) -> Tensor:
        return _struck_out(left, corners, places[-1], threshold)

    return _selected(scores, count, strike)


def best_of_classes(
    scores: Tensor, corners: Corners, count: int, threshold: float, per_class: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes, classes and scores of `count` candidates, at most `per_class` of each class.

    scores: (classes, boxes). Of equal ones the first class counts, then the first box.
    """
    classes, boxes = scores.shape

    def strike(left: Tensor, places: Sequence[Tensor]) -> Tensor:
        box, own = _each(places[-1], lambda n: n % boxes), _each(places[-1], lambda n: n / boxes)
        rows = _struck_out(reshape(left, (classes, boxes)), corners, box, threshold, own)
        if len(places) >= per_class:
            taken = _each(concatenated(places, 0), lambda n: n / boxes)
            rows = _without_full(rows, own, taken, per_class)
        return reshape(rows, (classes * boxes,))

    places, kept = _selected(reshape(scores, (classes * boxes,)), count, strike)
    return _each(places, lambda n: n % boxes), _each(places, lambda n: n / boxes), kept


def taken(corners: Corners, places: Tensor) -> Corners:
    """The corners of some boxes."""
    top, left, bottom, right = (gathered(side, places, 0) for side in corners)
    return top, left, bottom, right


def _selected(scores: Tensor, count: int, strike: Strike) -> tuple[Tensor, Tensor]:
    """Places and scores of the best candidates, one after the other."""
    places: list[Tensor] = []
    values: list[Tensor] = []
    for number in range(count):
        places.append(reshape(place_of_greatest(scores, 0), (1,)))
        values.append(gathered(scores, places[-1], 0))
        if number + 1 < count:
            scores = strike(scores, places)
    return concatenated(places, 0), concatenated(values, 0)


def _each(numbers: Tensor, function: Callable[[Scalar], Scalar]) -> Tensor:
    return elementwise((numbers,), INT32, function)


def _struck_out(
    scores: Tensor, corners: Corners, box: Tensor, threshold: float, own: Tensor | None = None
) -> Tensor:
    """Scores without the chosen box and what overlaps it by more than the threshold.

    own: the class of the box, where scores (classes, boxes) have a row for each class.
    """

    def strike(score: Scalar, chosen: Scalar, *rest: Scalar) -> Scalar:
        overlap = _overlap(rest[:4], rest[4:8])
        is_out = overlap.compare(">", threshold)
        is_out = is_out | loop_index(scores.rank - 1).compare("==", chosen)
        for chosen_class in rest[8:]:
            is_out = is_out & loop_index(0).compare("==", chosen_class)
        return select(is_out, literal(STRUCK_OUT, FLOAT), score)

    classes = () if own is None else (own,)
    operands = (scores, box, *corners, *taken(corners, box), *classes)
    return elementwise(operands, FLOAT, strike)


def _without_full(scores: Tensor, own: Tensor, classes: Tensor, per_class: int) -> Tensor:
    """Scores without a class, if it is that of `per_class` detections: `classes` are of all."""
    same = elementwise((classes, own), INT32, lambda a, b: convert(a.compare("==", b), INT32))

    def close(score: Scalar, chosen: Scalar, number: Scalar) -> Scalar:
        is_out = number.compare(">=", per_class) & loop_index(0).compare("==", chosen)
        return select(is_out, literal(STRUCK_OUT, FLOAT), score)

    return elementwise((scores, own, total(same, (0,))), FLOAT, close)


def _overlap(one: Sequence[Scalar], other: Sequence[Scalar]) -> Scalar:
    """Intersection over union; 0 where a box has no area."""
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    extents = [
        maximum(minimum(one[2 + n], other[2 + n]) - maximum(one[n], other[n]), 0.0)
        for n in range(2)
    ]
    common = extents[0] * extents[1]
    share = common / (areas[0] + areas[1] - common)
    has_area = areas[0].compare(">", 0.0) & areas[1].compare(">", 0.0)
    return select(has_area, share, 0.0)
