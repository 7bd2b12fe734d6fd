"""fdt-lower-point-pads: the borders of integer depthwise convolutions of single elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.attributes import integers
from fdt_mlir.bindings import constant_array, ir, walk
from fdt_mlir.normalize.splice import replace_by
from fdt_mlir.normalize.structured import producer
from fdt_mlir.passes import Pass, op_error

_PAD = """
func.func @pad(%source: {source}) -> {result} {{
  %border = arith.constant {border} : {element}
  %padded = tensor.pad %source low{low} high{high} {{
  ^bb0({indices}):
    tensor.yield %border : {element}
  }} : {source} to {result}
  return %padded : {result}
}}
"""


@dataclass(frozen=True)
class LowerPointPadsPass(Pass):
    """Pad with `tensor.pad` what an integer depthwise convolution of 1x1 elements reads.

    Requires: TOSA of static shape.
    Ensures: such convolutions neither have borders of their own nor read a `tosa.pad` that pads
        with a constant. NOTE: MLIR makes products of them, and folds the pad of what they read into
        their borders before; the borders of a product then get the type of its i32 operands, which
        its verifier refuses.
    Fails when: the shape of the input of such a convolution is dynamic.
    """

    name: ClassVar[str] = "fdt-lower-point-pads"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            if op.name == "tosa.depthwise_conv2d" and _reads_single_integers(op):
                source = ir.RankedTensorType(op.operands[0].type)
                if not source.has_static_shape:
                    hint = "run fdt-make-batch-static first"
                    raise op_error(op, f"a convolution of {source} needs a static shape", hint)
                pad = producer(op.operands[0])
                if pad is not None and pad.name == "tosa.pad":
                    _lower_pad(pad)
                _expose_borders(op)


def _reads_single_integers(op: ir.Operation) -> bool:
    source, weights = (ir.RankedTensorType(operand.type) for operand in [*op.operands][:2])
    return isinstance(source.element_type, ir.IntegerType) and [*weights.shape[:2]] == [1, 1]


def _expose_borders(op: ir.Operation) -> None:
    """Pad the input by an operation of its own."""
    top, bottom, left, right = integers(op, "pad")
    zero_point = producer(op.operands[3])
    if not (top or bottom or left or right) or zero_point is None:
        return
    low, high = [0, top, left, 0], [0, bottom, right, 0]
    source = ir.RankedTensorType(op.operands[0].type)
    extents = [sum(parts) for parts in zip(source.shape, low, high, strict=True)]
    padded = ir.RankedTensorType.get(extents, source.element_type)
    with ir.InsertionPoint(op), op.location:
        cast = "builtin.unrealized_conversion_cast"
        pad = ir.Operation.create(cast, [padded], [op.operands[0]])
        op.attributes["pad"] = ir.DenseI64ArrayAttr.get([0, 0, 0, 0])
    op.operands[0] = pad.results[0]
    replace_by(pad, _text(pad, low, high, _number(zero_point)))


def _lower_pad(pad: ir.Operation) -> None:
    extents, border = producer(pad.operands[1]), producer(pad.operands[2])
    if extents is None or border is None:
        return
    pairs = constant_array(extents.attributes["values"]).reshape(-1, 2)
    replace_by(pad, _text(pad, pairs[:, 0].tolist(), pairs[:, 1].tolist(), _number(border)))


def _number(constant: ir.Operation) -> int:
    return int(constant_array(constant.attributes["values"]).item())


def _text(pad: ir.Operation, low: Sequence[int], high: Sequence[int], border: int) -> str:
    source = ir.RankedTensorType(pad.operands[0].type)
    return _PAD.format(
        source=source,
        result=pad.results[0].type,
        element=source.element_type,
        border=border,
        low=[*low],
        high=[*high],
        indices=", ".join(f"%d{dim}: index" for dim in range(source.rank)),
    )
