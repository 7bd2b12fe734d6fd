"""fdt-match-reference: the integer numerics of LiteRT's reference kernels, where TOSA's differ."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.importer.average_pool import lower_average_pool
from fdt_mlir.importer.import_options import Numerics
from fdt_mlir.importer.real_multiplier import fixed_point
from fdt_mlir.passes import Pass

_ACCUMULATOR_BITS = 32
_SINGLE_ROUND = "#tosa.rounding_mode<SINGLE_ROUND>"


@dataclass(frozen=True)
class MatchReferencePass(Pass):
    """Correct what the conversion to TOSA rounds differently from the model's reference.

    Requires: TOSA of static shape; `fdt.source` names the TFLite operator of each operation.
    Ensures: rescales of fully connected layers round once (LiteRT's reference does; convolutions
        round twice, as converted). Quantised average pools divide exactly, half away from zero,
        instead of multiplying by a fixed-point reciprocal.
    Fails when: a quantised average pool has a dynamic shape. Operations without `fdt.source` keep
        TOSA's meaning.
    """

    name: ClassVar[str] = "fdt-match-reference"

    numerics: Numerics = "litert"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            source = string(op, "fdt.source") if "fdt.source" in op.attributes else None
            rounds_once = source == "FULLY_CONNECTED" and self.numerics == "litert"
            if op.name == "tosa.rescale" and rounds_once:
                op.attributes["rounding_mode"] = ir.Attribute.parse(_SINGLE_ROUND)
            if op.name == "tosa.rescale" and "fdt.real_multiplier" in op.attributes:
                _set_multiplier(op, op.attributes["fdt.real_multiplier"].value)
            if op.name == "tosa.avg_pool2d" and source == "AVERAGE_POOL_2D":
                lower_average_pool(op)


def _set_multiplier(rescale: ir.Operation, multiplier: float) -> None:
    """Give a rescale of accumulators the multiplier that the reference computes."""
    source = rescale.operands[0].type.element_type
    if not isinstance(source, ir.IntegerType) or source.width != _ACCUMULATOR_BITS:
        return
    mantissa, shift = fixed_point(multiplier)
    with ir.InsertionPoint(rescale), rescale.location:
        rescale.operands[1] = _constant(np.array([mantissa], np.int32))
        rescale.operands[2] = _constant(np.array([shift], np.int8))


def _constant(values: NDArray[np.generic]) -> ir.Value:
    data = ir.DenseElementsAttr.get(values)
    op = ir.Operation.create("tosa.const", results=[data.type], attributes={"values": data})
    return op.results[0]
