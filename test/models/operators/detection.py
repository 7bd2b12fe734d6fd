"""Post-processing of detections: a custom operator of TFLite's own."""

import numpy as np
from flatbuffers import flexbuffers

from models.operators.case import Case, Operand, act

_CODE = "TFLite_Detection_PostProcess"
_BOXES, _CLASSES, _DETECTIONS = 24, 5, 6


def detection_options(**changed: object) -> bytes:
    """The custom options, some of them changed."""
    given = {
        "max_detections": _DETECTIONS,
        "max_classes_per_detection": 1,
        "num_classes": _CLASSES,
        "nms_score_threshold": 0.1,
        "nms_iou_threshold": 0.4,
        "y_scale": 10.0,
        "x_scale": 10.0,
        "h_scale": 5.0,
        "w_scale": 5.0,
    }
    return bytes(flexbuffers.Dumps({**given, **changed}))


def _anchors() -> Operand:
    """Centres on a grid, and sizes that overlap the neighbours' boxes."""
    rows, columns = np.divmod(np.arange(_BOXES), 6)
    sizes = 0.15 + 0.1 * (np.arange(_BOXES) % 3)
    grid = np.stack([(rows + 0.5) / 4, (columns + 0.5) / 6, sizes, sizes[::-1]], axis=1)
    return Operand("constant", grid.shape, 0, 1, data=grid.astype(np.float32))


def _case(name: str, **fields) -> Case:
    return Case(
        name,
        _CODE,
        # What the reference leaves where it finds less is not defined: all scores are above 0.1.
        [act((1, _BOXES, 4), -3, 3), act((1, _BOXES, _CLASSES + 1), 0.12, 1), _anchors()],
        [(1, _DETECTIONS, 4), (1, _DETECTIONS), (1, _DETECTIONS), (1,)],
        elements=fields.pop("elements", ("float32",)),
        scale="input",
        result="float32",
        few_values=True,
        **fields,
    )


CASES = (
    _case("detection", custom_options=detection_options()),
    _case(
        "detection_regular",
        custom_options=detection_options(use_regular_nms=True, detections_per_class=3),
    ),
    _case(
        "detection_regular_few",
        custom_options=detection_options(use_regular_nms=True, detections_per_class=1),
    ),
    _case(
        "detection_classes",
        custom_options=detection_options(max_classes_per_detection=2),
        refused={"float32": "only one class per detection"},
    ),
)
