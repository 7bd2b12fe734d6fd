"""Conversions between floats and integers as TFLite's reference kernels compute them, in linalg."""

import struct

from fdt_mlir.attributes import number_of
from fdt_mlir.bindings import ir
from fdt_mlir.importer.splice import replace_by

_GREATEST_INT32_FLOAT = 2147483520.0
_INT32_BITS = 32

_MAP = """
#each = affine_map<({dims}) -> ({dims})>
func.func @convert(%input: {source}) -> {target} {{
  %empty = tensor.empty() : {target}
  %result = linalg.generic {{indexing_maps = [#each, #each], iterator_types = [{parallel}]}}
      ins(%input : {source}) outs(%empty : {target}) {{
  ^bb0(%x: f32, %unused: {element}):
    %low = arith.constant {low:#010x} : f32
    %high = arith.constant {high:#010x} : f32
{body}
    linalg.yield %converted : {element}
  }} -> {target}
  return %result : {target}
}}
"""

# TFLite's AffineQuantize: round(x / scale), half away from zero, plus the zero point, clamped.
# Clamping first leaves the same and makes the conversion to an integer safe; a NaN becomes `low`.
_QUANTIZE = """
    %scale = arith.constant {scale:#010x} : f32
    %steps = arith.divf %x, %scale : f32
    %above = arith.maxnumf %steps, %low : f32
    %clamped = arith.minnumf %above, %high : f32
    %truncated = arith.fptosi %clamped : f32 to i32
    %whole = arith.sitofp %truncated : i32 to f32
    %rest = arith.subf %clamped, %whole : f32
    %half = arith.constant 0.5 : f32
    %minus_half = arith.constant -0.5 : f32
    %is_up = arith.cmpf oge, %rest, %half : f32
    %is_down = arith.cmpf ole, %rest, %minus_half : f32
    %up = arith.extui %is_up : i1 to i32
    %down = arith.extui %is_down : i1 to i32
    %raised = arith.addi %truncated, %up : i32
    %rounded = arith.subi %raised, %down : i32
    %zero_point = arith.constant {zero_point} : i32
    %stored = arith.addi %rounded, %zero_point : i32
    %converted = arith.trunci %stored : i32 to {element}
"""

# TFLite's CAST drops the fraction, as C does, and saturates.
_CAST = """
    %above = arith.maxnumf %x, %low : f32
    %clamped = arith.minnumf %above, %high : f32
    %converted = arith.fptosi %clamped : f32 to {element}
"""
_CAST_INT32 = """
    %above = arith.maxnumf %x, %low : f32
    %clamped = arith.minnumf %above, %high : f32
    %truncated = arith.fptosi %clamped : f32 to i32
    %end = arith.constant 2147483648.0 : f32
    %most = arith.constant 2147483647 : i32
    %is_over = arith.cmpf oge, %x, %end : f32
    %converted = arith.select %is_over, %most, %truncated : i32
"""


def lower_quantize(scaled: ir.Operation, scale: float) -> None:
    """Replace the chain that a QUANTIZE of floats becomes by what TFLite means.

    `scaled` is the chain's first operation, a product with the reciprocal of `scale`; casting,
    adding the zero point and narrowing follow. TOSA's chain rounds the reciprocal and halves to
    even, and wraps around at the ends. Anything else stays as it is.
    """
    chain = [scaled, *_followers(scaled, ("tosa.cast", "tosa.add", "tosa.cast"))]
    if len(chain) != 4 or not _is_f32(scaled.operands[0].type):
        return
    *_, shifted, stored = chain
    zero_point = _splat(shifted.operands[1])
    element = _integer_element(stored.results[0].type)
    if zero_point is None or element is None:
        return
    least, most = -(1 << (element.width - 1)), (1 << (element.width - 1)) - 1
    text = _text(
        scaled.operands[0].type,
        stored.results[0].type,
        (least - zero_point, most - zero_point),
        _QUANTIZE.format(scale=_bits(scale), zero_point=zero_point, element=element),
    )
    stored.operands[0] = scaled.operands[0]
    replace_by(stored, text)
    for op in (shifted, *reversed(chain[:2])):
        op.erase()


def lower_cast(op: ir.Operation) -> None:
    """Replace a cast of floats to integers, which rounds in TOSA; any other cast stays."""
    source, target = op.operands[0].type, op.results[0].type
    element = _integer_element(target)
    if not _is_f32(source) or element is None or element.width > _INT32_BITS:
        return
    least, most = -(1 << (element.width - 1)), (1 << (element.width - 1)) - 1
    if element.width == _INT32_BITS:
        text = _text(source, target, (least, _GREATEST_INT32_FLOAT), _CAST_INT32)
    else:
        text = _text(source, target, (least, most), _CAST.format(element=element))
    replace_by(op, text)


def _text(source: ir.Type, target: ir.Type, limits: tuple[float, float], body: str) -> str:
    assert isinstance(target, ir.RankedTensorType)
    low, high = limits
    return _MAP.format(
        source=source,
        target=target,
        element=target.element_type,
        dims=", ".join(f"d{n}" for n in range(target.rank)),
        parallel=", ".join(['"parallel"'] * target.rank),
        low=_bits(low),
        high=_bits(high),
        body=body,
    )


def _followers(op: ir.Operation, names: tuple[str, ...]) -> list[ir.Operation]:
    """The operations that follow one another from `op` on, as long as they have these names."""
    found: list[ir.Operation] = []
    for name in names:
        users = [use.owner for use in op.results[0].uses]
        if len(users) != 1 or users[0].operation.name != name:
            return found
        op = users[0].operation
        found.append(op)
    return found


def _splat(value: ir.Value) -> int | None:
    """The number that a constant holds everywhere; None for anything else."""
    op = value.owner
    if isinstance(op, ir.Block) or op.operation.name != "tosa.const":
        return None
    values = op.operation.attributes["values"]
    if not isinstance(values, ir.DenseElementsAttr) or not values.is_splat:
        return None
    return int(number_of(values.get_splat_value()))


def _is_f32(kind: ir.Type) -> bool:
    return isinstance(kind, ir.RankedTensorType) and isinstance(kind.element_type, ir.F32Type)


def _integer_element(kind: ir.Type) -> ir.IntegerType | None:
    """The element type of a static tensor of signless integers wider than a bit."""
    if not isinstance(kind, ir.RankedTensorType) or not kind.has_static_shape:
        return None
    element = kind.element_type
    if not isinstance(element, ir.IntegerType) or not element.is_signless or element.width == 1:
        return None
    return element


def _bits(value: float) -> int:
    """The bits of a number as a float: MLIR reads them exactly."""
    return int.from_bytes(struct.pack("<f", value), "little")
