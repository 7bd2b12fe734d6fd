"""fdt-match-reference: the numerics of a reference's kernels, where TOSA's differ."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.attributes import integer, number_of, string
from fdt_mlir.bindings import constant_array, ir, walk
from fdt_mlir.importer.activation_range import match_activation_range
from fdt_mlir.importer.average_pool import lower_average_pool
from fdt_mlir.importer.fixed_point_table import micro_table
from fdt_mlir.importer.float_conversions import lower_cast, lower_quantize
from fdt_mlir.importer.import_options import Numerics
from fdt_mlir.importer.lookup_table import litert_table
from fdt_mlir.importer.real_multiplier import RELUS, dense_mantissa, fixed_point
from fdt_mlir.importer.resize import lower_resize
from fdt_mlir.normalize.structured import producer
from fdt_mlir.passes import Pass

_ACCUMULATOR_BITS = 32
_RESIZES = ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
_TABLE_ATTRIBUTES = {"fdt.scale", "fdt.zero_point", "fdt.result_scale", "fdt.result_zero_point"}
_DOUBLE_ROUND = "#tosa.rounding_mode<DOUBLE_ROUND>"
_SINGLE_ROUND = "#tosa.rounding_mode<SINGLE_ROUND>"


@dataclass(frozen=True)
class MatchReferencePass(Pass):
    """Correct what the conversion to TOSA computes differently from the model's reference.

    Requires: TOSA of static shape, annotated by the importer. `fdt.source` names the TFLite
        operator of each operation, `fdt.real_multipliers` the multipliers of a rescale where
        LiteRT computes its own; `fdt.scale` and `fdt.zero_point` are those of the result of a cast
        that ends a quantisation of floats, of the result of a clamp, and of the input of a table,
        `fdt.result_scale` and `fdt.result_zero_point` those of what a table gives.
    Ensures: for LiteRT, rescales have its multipliers, and those of fully connected layers round
        once, as if in doubles; tables have the entries that it computes in floats. For TensorFlow
        Lite Micro, rescales stay as converted, and tables have its fixed-point entries. RELU rounds
        twice for both. Quantised average pools divide exactly, half away from zero, instead of
        multiplying by a fixed-point reciprocal. Activations clamp to bounds that floats give.
        Resizes take the elements and weights of TFLite's integers. QUANTIZE of floats divides,
        rounds half away from zero and saturates; CAST of floats truncates.
    Fails when: a quantised average pool has a dynamic shape. Operations without `fdt.source` keep
        TOSA's meaning.

    Options: `numerics`, whose reference kernels are meant; where it is not given, the module's
    `fdt.numerics`, and LiteRT's where the module does not say.
    """

    name: ClassVar[str] = "fdt-match-reference"

    numerics: Numerics | None = None

    def run(self, module: ir.Module) -> None:
        numerics = self.numerics or _numerics_of(module)
        for op in list(walk(module.operation)):
            source = string(op, "fdt.source") if "fdt.source" in op.attributes else None
            if op.name == "tosa.rescale":
                _match_rescale(op, source, numerics)
            elif op.name == "tosa.table" and set(op.attributes.keys()) >= _TABLE_ATTRIBUTES:
                _set_constant(op, 1, _table(op, numerics))
            elif op.name == "tosa.clamp" and "fdt.scale" in op.attributes:
                match_activation_range(op)
            elif op.name == "tosa.avg_pool2d" and source == "AVERAGE_POOL_2D":
                lower_average_pool(op)
            elif op.name == "tosa.resize" and source in _RESIZES:
                lower_resize(op)
            elif op.name == "tosa.cast" and "fdt.scale" in op.attributes:
                scale = number_of(op.attributes["fdt.scale"])
                lower_quantize(op, scale, integer(op, "fdt.zero_point"))
            elif op.name == "tosa.cast" and source == "CAST" and _truncates(op):
                lower_cast(op)


def _numerics_of(module: ir.Module) -> str:
    has_numerics = "fdt.numerics" in module.operation.attributes
    return string(module.operation, "fdt.numerics") if has_numerics else "litert"


def _table(table: ir.Operation, numerics: str) -> NDArray[np.int8]:
    code, zero_point = string(table, "fdt.source"), integer(table, "fdt.zero_point")
    scale = number_of(table.attributes["fdt.scale"])
    if numerics != "litert":
        return micro_table(code, scale, zero_point)
    result_scale = number_of(table.attributes["fdt.result_scale"])
    return litert_table(
        code, scale, zero_point, result_scale, integer(table, "fdt.result_zero_point")
    )


def _match_rescale(rescale: ir.Operation, source: str | None, numerics: str) -> None:
    """Give a rescale the multipliers and the rounding of its reference.

    Where an operator became several rescales, that of the accumulators is meant.
    """
    if source in RELUS:
        rescale.attributes["rounding_mode"] = ir.Attribute.parse(_DOUBLE_ROUND)
    element = _element_type(rescale.operands[0])
    is_accumulator = isinstance(element, ir.IntegerType) and element.width == _ACCUMULATOR_BITS
    is_meant = is_accumulator or source in RELUS
    if numerics != "litert" or not is_meant or "fdt.real_multipliers" not in rescale.attributes:
        return
    reals = ir.DenseF64ArrayAttr(rescale.attributes["fdt.real_multipliers"])
    factors = [fixed_point(real) for real in reals]
    if source == "FULLY_CONNECTED":
        rescale.attributes["rounding_mode"] = ir.Attribute.parse(_SINGLE_ROUND)
        zero_point = _zero_point(rescale)
        factors = [
            (dense_mantissa(real, shift, zero_point), shift)
            for real, (_, shift) in zip(reals, factors, strict=True)
        ]
    _set_constant(rescale, 1, np.array([mantissa for mantissa, _ in factors], np.int32))
    _set_constant(rescale, 2, np.array([shift for _, shift in factors], np.int8))


def _zero_point(rescale: ir.Operation) -> int:
    """Return the constant that a rescale adds to its results."""
    constant = producer(rescale.operands[4])
    assert constant is not None
    return int(constant_array(constant.attributes["values"])[0])


def _set_constant(op: ir.Operation, operand: int, values: NDArray[np.generic]) -> None:
    data = ir.DenseElementsAttr.get(values)
    with ir.InsertionPoint(op), op.location:
        constant = ir.Operation.create(
            "tosa.const", results=[data.type], attributes={"values": data}
        )
    op.operands[operand] = constant.results[0]


def _truncates(cast: ir.Operation) -> bool:
    is_float = isinstance(_element_type(cast.operands[0]), ir.F32Type)
    return is_float and str(_element_type(cast.results[0])) == "i32"


def _element_type(value: ir.Value) -> ir.Type:
    assert isinstance(value.type, ir.RankedTensorType)
    return value.type.element_type
