"""What moves elements without computing with them."""

import tflite

from models.operators.case import (
    EVERY,
    FLOAT,
    Case,
    Element,
    act,
    const,
    ints,
    table,
    weights,
)

_SHAPE = (1, 6, 4, 3)
_ALL: tuple[Element, ...] = (*EVERY, "int32")
# LiteRT has no int16 kernels for these.
_DEPTH: tuple[Element, ...] = ("int8", "float32", "int32")
_IMAGE = act(_SHAPE, -99, 99)


def _moved(name: str, inputs, outputs, options=None, elements=_ALL, code=None, **fields) -> Case:
    return Case(
        name, code or name.upper(), inputs, outputs, options or {}, elements, "input", **fields
    )


def _strides(**masks: int) -> dict[str, int]:
    kinds = ("BeginMask", "EllipsisMask", "EndMask", "NewAxisMask", "ShrinkAxisMask")
    return {kind: masks.get(kind, 0) for kind in kinds}


def _resize(name: str, code: str, size: tuple[int, int], **options: bool) -> Case:
    fields = {"AlignCorners": False, "HalfPixelCenters": False, **options}
    return _moved(
        name,
        [act((1, 5, 4, 3)), ints(*size)],
        [(1, *size, 3)],
        fields,
        EVERY,
        code,
    )


CASES = (
    _moved(
        "concatenation",
        [_IMAGE, act((1, 6, 4, 2), -99, 99)],
        [(1, 6, 4, 5)],
        {"Axis": 3},
    ),
    _moved(
        "concatenation_rows",
        [_IMAGE, act((1, 2, 4, 3), -99, 99), const((1, 1, 4, 3), -99, 99)],
        [(1, 9, 4, 3)],
        {"Axis": 1},
        code="CONCATENATION",
    ),
    _moved("split", [table(1), _IMAGE], [(1, 2, 4, 3)] * 3, {"NumSplits": 3}),
    _moved(
        "split_v",
        [_IMAGE, ints(1, 3, 2), table(1)],
        [(1, 1, 4, 3), (1, 3, 4, 3), (1, 2, 4, 3)],
        {"NumSplits": 3},
    ),
    _moved("slice", [_IMAGE, ints(0, 2, 1, 0), ints(1, 3, -1, 2)], [(1, 3, 3, 2)]),
    _moved(
        "strided_slice",
        [_IMAGE, ints(0, 1, 0, 0), ints(1, 6, 4, 3), ints(1, 2, 1, 2)],
        [(1, 3, 4, 2)],
        _strides(),
    ),
    _moved(
        "strided_slice_shrink",
        [_IMAGE, ints(0, 2, 0, 0), ints(0, 3, 0, 0), ints(1, 1, 1, 1)],
        [(1, 4, 3)],
        _strides(BeginMask=0b1101, EndMask=0b1101, ShrinkAxisMask=0b0010),
        code="STRIDED_SLICE",
    ),
    _moved(
        "strided_slice_backwards",
        [_IMAGE, ints(0, 5, 0, 0), ints(1, 0, 4, 3), ints(1, -2, 1, 1)],
        [(1, 3, 4, 3)],
        _strides(),
        code="STRIDED_SLICE",
    ),
    _moved(
        "gather",
        [const((13, 4), -99, 99), act((2, 3), 0, 12, dtype="int32")],
        [(2, 3, 4)],
        {"Axis": 0},
    ),
    _moved(
        "gather_columns",
        [_IMAGE, ints(2, 0, 3, 3, 1)],
        [(1, 6, 5, 3)],
        {"Axis": 2},
        code="GATHER",
    ),
    _moved(
        "embedding_lookup",
        [act((5,), 0, 12, dtype="int32"), const((13, 4), -99, 99)],
        [(5, 4)],
        elements=FLOAT,
    ),
    _moved(
        "embedding_lookup_bytes",
        [act((5,), 0, 12, dtype="int32"), weights((13, 2, 4), axis=None)],
        [(5, 2, 4)],
        elements=("int8",),
        code="EMBEDDING_LOOKUP",
        result="float32",
    ),
    _moved(
        "embedding_lookup_scales",
        [act((5,), 0, 12, dtype="int32"), weights((13, 4))],
        [(5, 4)],
        elements=("int8",),
        code="EMBEDDING_LOOKUP",
        result="float32",
    ),
    _moved(
        "dynamic_update_slice",
        [_IMAGE, act((1, 2, 3, 3), -99, 99), act((4,), -2, 7, dtype="int32")],
        [_SHAPE],
    ),
    _moved(
        "dynamic_update_slice_fixed",
        [_IMAGE, act((1, 2, 4, 1), -99, 99), ints(0, 3, 1, 2)],
        [_SHAPE],
        code="DYNAMIC_UPDATE_SLICE",
    ),
    _moved("gather_nd", [_IMAGE, table([[0, 3], [0, 1]])], [(2, 4, 3)]),
    _moved(
        "pack", [_IMAGE, act(_SHAPE, -99, 99)], [(1, 6, 2, 4, 3)], {"Axis": 2, "ValuesCount": 2}
    ),
    _moved("unpack", [_IMAGE], [(1, 6, 3)] * 4, {"Axis": 2, "Num": 4}),
    _moved("pad", [_IMAGE, table([[0, 0], [1, 2], [0, 3], [1, 0]])], [(1, 9, 7, 4)]),
    _moved(
        "padv2",
        [_IMAGE, table([[0, 0], [1, 2], [0, 3], [1, 0]]), const((), 17, 17)],
        [(1, 9, 7, 4)],
        elements=("float32", "int32"),
    ),
    _moved(
        "mirror_pad_reflect",
        [_IMAGE, table([[0, 0], [1, 2], [0, 3], [1, 0]])],
        [(1, 9, 7, 4)],
        {"Mode": tflite.MirrorPadMode.REFLECT},
        code="MIRROR_PAD",
    ),
    _moved(
        "mirror_pad_symmetric",
        [_IMAGE, table([[0, 0], [1, 2], [0, 3], [1, 0]])],
        [(1, 9, 7, 4)],
        {"Mode": tflite.MirrorPadMode.SYMMETRIC},
        code="MIRROR_PAD",
    ),
    _resize("resize_nearest", "RESIZE_NEAREST_NEIGHBOR", (9, 7)),
    _resize("resize_nearest_half", "RESIZE_NEAREST_NEIGHBOR", (10, 8), HalfPixelCenters=True),
    _resize("resize_nearest_corners", "RESIZE_NEAREST_NEIGHBOR", (9, 7), AlignCorners=True),
    _resize("resize_bilinear", "RESIZE_BILINEAR", (9, 7)),
    _resize("resize_bilinear_half", "RESIZE_BILINEAR", (10, 8), HalfPixelCenters=True),
    _resize("resize_bilinear_corners", "RESIZE_BILINEAR", (9, 7), AlignCorners=True),
    _moved("space_to_depth", [_IMAGE], [(1, 3, 2, 12)], {"BlockSize": 2}, _DEPTH),
    _moved(
        "depth_to_space", [act((1, 3, 2, 12), -99, 99)], [(1, 6, 4, 3)], {"BlockSize": 2}, _DEPTH
    ),
    _moved(
        "space_to_batch_nd",
        [_IMAGE, ints(2, 3), table([[1, 1], [0, 2]])],
        [(6, 4, 2, 3)],
    ),
    _moved(
        "batch_to_space_nd",
        [act((6, 4, 2, 3), -99, 99), ints(2, 3), table([[1, 1], [0, 2]])],
        [_SHAPE],
    ),
    _moved("transpose", [_IMAGE, ints(0, 2, 3, 1)], [(1, 4, 3, 6)]),
    _moved("reshape", [_IMAGE, ints(1, 24, 3)], [(1, 24, 3)], {"NewShape": (1, 24, 3)}),
    _moved("squeeze", [act((1, 6, 1, 3), -99, 99)], [(1, 6, 3)], {"SqueezeDims": (2,)}),
    _moved("expand_dims", [_IMAGE, ints(1)], [(1, 1, 6, 4, 3)]),
    _moved("tile", [act((1, 3, 2), -99, 99), ints(1, 2, 3)], [(1, 6, 6)]),
    _moved("broadcast_to", [act((1, 1, 9), -99, 99), ints(1, 4, 9)], [(1, 4, 9)]),
    _moved("reverse_v2", [_IMAGE, ints(1)], [_SHAPE]),
    _moved(
        "fill",
        [ints(2, 3), act((), -99, 99)],
        [(2, 3)],
        elements=("int8", "float32", "int32"),
        few_values=True,
    ),
    Case(
        "shape",
        "SHAPE",
        [_IMAGE],
        [(4,)],
        {"OutType": tflite.TensorType.INT32},
        elements=EVERY,
        result="int32",
        few_values=True,
    ),
    Case(
        "broadcast_args",
        "BROADCAST_ARGS",
        [ints(1, 4, 1), ints(4, 3)],
        [(3,)],
        elements=("int32",),
        few_values=True,
    ),
)
