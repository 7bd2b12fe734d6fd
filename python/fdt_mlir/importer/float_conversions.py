"""QUANTIZE and CAST of floats as the TFLite reference defines them, in linalg."""

import math
import struct

from fdt_mlir.bindings import ir, source_name
from fdt_mlir.normalize.splice import replace_by
from fdt_mlir.normalize.structured import producer

# One element of the result from one of the source.
_ELEMENTWISE = """
func.func @convert(%source: {source}) -> {result} {{
  %empty = tensor.empty() : {result}
  %converted = linalg.generic {{
      indexing_maps = [affine_map<({dims}) -> ({dims})>, affine_map<({dims}) -> ({dims})>],
      iterator_types = [{iterators}]}} ins(%source : {source}) outs(%empty : {result}) {{
  ^bb0(%real: f32, %unused: {element}):
{body}
    linalg.yield %stored : {element}
  }} -> {result}
  return %converted : {result}
}}
"""

# reference_ops::AffineQuantize: divide by the scale, round half away from zero, add the zero
# point, saturate. Saturating before the conversion to an integer keeps that conversion defined.
_QUANTIZE = """
    %scale = arith.constant {scale} : f32
    %scaled = arith.{operation} %real, %scale : f32
    %rounded = math.round %scaled : f32
    %least = arith.constant {least:.1f} : f32
    %greatest = arith.constant {greatest:.1f} : f32
    %bounded = arith.maxnumf %rounded, %least : f32
    %saturated = arith.minnumf %bounded, %greatest : f32
    %whole = arith.fptosi %saturated : f32 to i32
    %zero_point = arith.constant {zero_point} : i32
    %wide = arith.addi %whole, %zero_point : i32
    %stored = arith.trunci %wide : i32 to {element}
"""

# A C cast, which drops the fraction; what it leaves undefined beyond the range saturates. No float
# is the greatest integer: the one below it bounds the conversion, a selection gives the rest.
_CAST = """
    %least = arith.constant -2147483648.0 : f32
    %greatest = arith.constant 2147483520.0 : f32
    %bounded = arith.maxnumf %real, %least : f32
    %saturated = arith.minnumf %bounded, %greatest : f32
    %whole = arith.fptosi %saturated : f32 to {element}
    %end = arith.constant 2147483648.0 : f32
    %is_beyond = arith.cmpf oge, %real, %end : f32
    %most = arith.constant 2147483647 : {element}
    %stored = arith.select %is_beyond, %most, %whole : {element}
"""


def lower_quantize(last: ir.Operation, scale: float, zero_point: int) -> None:
    """Replace a conversion from floats to int8, of which `last` is the last operation.

    TOSA rounds half to even, multiplies by a reciprocal, and wraps where the reference saturates.
    """
    is_power_of_two = math.frexp(scale)[0] == 0.5
    body = _QUANTIZE.format(
        # Both are exact for a power of two; multiplication costs less.
        operation="mulf" if is_power_of_two else "divf",
        scale=_single_bits(1 / scale if is_power_of_two else scale),
        least=-128 - zero_point,
        greatest=127 - zero_point,
        zero_point=zero_point,
        element="i8",
    )
    _replace(last, _source(last), body)


def lower_cast(cast: ir.Operation) -> None:
    """Replace a cast from floats to 32-bit integers: TOSA rounds where the reference truncates."""
    _replace(cast, cast.operands[0], _CAST.format(element="i32"))


def _source(last: ir.Operation) -> ir.Value:
    """Return what the operations that came from one operator read."""
    name = source_name(last.location)
    value = last.operands[0]
    while (op := producer(value)) is not None and source_name(op.location) == name:
        value = op.operands[0]
    return value


def _replace(op: ir.Operation, source: ir.Value, body: str) -> None:
    source_type, result_type = source.type, op.results[0].type
    assert isinstance(source_type, ir.RankedTensorType)
    assert isinstance(result_type, ir.RankedTensorType)
    rank = source_type.rank
    text = _ELEMENTWISE.format(
        source=source_type,
        result=result_type,
        element=result_type.element_type,
        dims=", ".join(f"d{dim}" for dim in range(rank)),
        iterators=", ".join(['"parallel"'] * rank),
        body=body,
    )
    replace_by(op, text, source)


def _single_bits(value: float) -> str:
    """Write a float so that no digit is lost: MLIR reads hexadecimal as the bits."""
    return f"0x{struct.unpack('<I', struct.pack('<f', value))[0]:08X}"
