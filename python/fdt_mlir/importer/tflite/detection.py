"""TFLite_Detection_PostProcess: boxes from their encodings, and which of them are kept.

After LiteRT's detection_postprocess.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from flatbuffers import flexbuffers

from fdt_mlir.importer.onnx.elements import elementwise
from fdt_mlir.importer.onnx.emit import constant_value
from fdt_mlir.importer.onnx.quantisation import Array
from fdt_mlir.importer.onnx.rearrange import concatenated, gathered, narrowed, transposed
from fdt_mlir.importer.onnx.reductions import greatest, total
from fdt_mlir.importer.onnx.scalars import (
    FLOAT,
    INT32,
    Scalar,
    convert,
    function,
    look_up,
    select,
)
from fdt_mlir.importer.onnx.tensor import Tensor, constant
from fdt_mlir.importer.onnx.views import in_order, reshape
from fdt_mlir.importer.tflite.call import Call
from fdt_mlir.importer.tflite.reductions import place_of_greatest
from fdt_mlir.importer.tflite.suppression import (
    STRUCK_OUT,
    Corners,
    best_boxes,
    best_of_classes,
    taken,
)

_MOST_DETECTIONS = 100  # each is a few calls in the program
_DETECTIONS_PER_CLASS = 100  # where the options do not say


@dataclass(frozen=True)
class _Options:
    """What the custom options say; in the fast way nothing bounds detections per class."""

    per_class: int | None
    detections: int
    classes: int
    iou_threshold: float
    score_threshold: float
    scales: tuple[float, float, float, float]

    @staticmethod
    def of(call: Call) -> _Options:
        """Raises CompileError where they are damaged, or ask for several classes per detection."""
        given = _custom_options(call)
        try:
            is_regular = bool(given.get("use_regular_nms", False))
            per_box = int(given.get("max_classes_per_detection", 1))
            if per_box != 1 and not is_regular:
                raise call.error(
                    f"only one class per detection is supported, not {per_box}",
                    "export the model with max_classes_per_detection=1",
                )
            per_class = int(given.get("detections_per_class", _DETECTIONS_PER_CLASS))
            if is_regular and per_class < 1:
                raise call.error(
                    f"detections_per_class is {per_class}, but has to be 1 or more",
                    "export the model with detections of each class",
                )
            detections = int(given["max_detections"])
            if not 0 < detections <= _MOST_DETECTIONS:
                raise call.error(
                    f"max_detections is {detections}, but can be 1 to {_MOST_DETECTIONS}",
                    "export the model with fewer detections",
                )
            y, x, h, w = (float(given[f"{axis}_scale"]) for axis in "yxhw")
            return _Options(
                per_class if is_regular else None,
                detections,
                int(given["num_classes"]),
                float(given["nms_iou_threshold"]),
                float(given["nms_score_threshold"]),
                (y, x, h, w),
            )
        except (KeyError, TypeError, ValueError) as error:
            message = f"its options lack something or hold something else: {error!r}"
            raise call.error(message, "export the model again") from error


def _custom_options(call: Call) -> Mapping[str, Any]:
    # NOTE: flexbuffers checks nothing; what it raises on damaged bytes depends on the bytes.
    try:
        given = flexbuffers.Loads(call.operator.custom_options)
    except Exception as error:
        raise call.error("its options cannot be read", "export the model again") from error
    if isinstance(given, dict):
        return cast("dict[str, Any]", given)
    raise call.error("its options are no map", "export the model again")


def detection(call: Call) -> Sequence[Tensor]:
    """Boxes (1, detections, 4), their classes and scores (1, detections), and how many there are.

    Operands: encodings (1, boxes, 4) of centre and size, scores (1, boxes, classes), and the
    anchors. What there is no detection for is 0.
    """
    options = _Options.of(call)
    anchors = call.real_constant(2, "its anchors")
    count = len(anchors)
    corners = _corners(call, reshape(call.tensor(0), (count, 4)), anchors, options)
    scores = call.tensor(1)
    scores = reshape(scores, (count, scores.shape[-1]))
    foreground = narrowed(scores, 1, scores.shape[1] - options.classes, options.classes)
    wanted, threshold, per_class = options.detections, options.iou_threshold, options.per_class
    if per_class is None:
        best = reshape(greatest(foreground, (1,)), (count,))
        found, kept = best_boxes(_candidates(call, best, options), corners, wanted, threshold)
        classes = place_of_greatest(gathered(foreground, found, 0), 1)
    else:
        rows = _candidates(call, in_order(transposed(foreground, (1, 0))), options)
        found, classes, kept = best_of_classes(rows, corners, wanted, threshold, per_class)
    columns = [reshape(side, (options.detections, 1)) for side in taken(corners, found)]
    shape = (1, options.detections)
    boxes = _where_found(reshape(kept, (options.detections, 1)), concatenated(columns, 1))
    return [
        reshape(boxes, (*shape, 4)),
        reshape(_where_found(kept, classes), shape),
        reshape(_where_found(kept, kept), shape),
        total(elementwise((kept,), FLOAT, lambda value: convert(_is_found(value), FLOAT)), (0,)),
    ]


def _corners(call: Call, encodings: Tensor, anchors: Array, options: _Options) -> Corners:
    """Decode boxes: centres in units of the anchors, sizes as logarithms of theirs."""
    columns = [reshape(narrowed(encodings, 1, n, 1), (len(anchors),)) for n in range(4)]
    anchor = [constant(np.ascontiguousarray(anchors[:, n], np.float32)) for n in range(4)]
    centre = [_reader(call, options.scales[n], lambda x: x) for n in range(2)]
    half = [_reader(call, options.scales[n], lambda x: math.exp(x) / 2) for n in (2, 3)]
    sides: list[Tensor] = []
    for sign in (-1.0, 1.0):
        for axis in range(2):
            of_centre, of_half = centre[axis], half[axis]

            def side(
                place: Scalar,
                size: Scalar,
                middle: Scalar,
                extent: Scalar,
                of_centre: _Reader = of_centre,
                of_half: _Reader = of_half,
                sign: float = sign,
            ) -> Scalar:
                return of_centre(place) * extent + middle + of_half(size) * extent * sign

            operands = [columns[axis], columns[2 + axis], anchor[axis], anchor[2 + axis]]
            sides.append(elementwise(operands, FLOAT, side))
    top, left, bottom, right = sides
    return top, left, bottom, right


_Reader = Callable[[Scalar], Scalar]


def _reader(call: Call, scale: float, meaning: Callable[[float], float]) -> _Reader:
    """How an encoding is read: `meaning` of its real value over `scale`, from a table for bytes."""
    if call.declared(0).element == "FLOAT32":
        if meaning(0.0) == 0:
            return lambda element: element * (1 / scale)
        return lambda element: function("exp", element * (1 / scale)) * 0.5
    reals = call.scale(0) * (np.arange(-128, 128) - call.zero_point(0)) / scale
    entries = np.array([meaning(float(real)) for real in reals], np.float32)

    def read(element: Scalar) -> Scalar:
        return look_up(constant_value(entries), FLOAT, convert(element, INT32) + 128)

    return read


def _candidates(call: Call, stored: Tensor, options: _Options) -> Tensor:
    """Scores as floats; those below the threshold are struck out from the start."""
    is_float = call.declared(1).element == "FLOAT32"
    scale, zero_point = (1.0, 0) if is_float else (call.scale(1), call.zero_point(1))

    def candidate(element: Scalar) -> Scalar:
        score = element
        if not is_float:
            score = convert(convert(element, INT32) - zero_point, FLOAT) * scale
        is_kept = score.compare(">=", options.score_threshold)
        return select(is_kept, score, STRUCK_OUT)

    return elementwise((stored,), FLOAT, candidate)


def _is_found(score: Scalar) -> Scalar:
    return score.compare(">", STRUCK_OUT)


def _where_found(scores: Tensor, values: Tensor) -> Tensor:
    """Values as floats, 0 where the list of detections has ended."""

    def value(score: Scalar, element: Scalar) -> Scalar:
        return select(_is_found(score), convert(element, FLOAT), 0.0)

    return elementwise((scores, values), FLOAT, value)
