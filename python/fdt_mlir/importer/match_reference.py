"""fdt-match-reference: the integer numerics of a reference's kernels, where TOSA's differ."""

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

    Requires: TOSA of static shape; `fdt.source` names the TFLite operator of each operation,
        `fdt.real_multiplier` the multiplier of a rescale where the reference computes its own.
    Ensures: rescales of fully connected layers round once for LiteRT; TensorFlow Lite Micro rounds
        them twice, as converted and as both do for convolutions. Quantised average pools divide
        exactly, half away from zero, instead of multiplying by a fixed-point reciprocal.
    Fails when: never; operations without `fdt.source` keep TOSA's meaning.

    Options: `numerics`, whose reference kernels are meant; the module's `fdt.numerics` if not
    given, and LiteRT's where neither says.
    """

    name: ClassVar[str] = "fdt-match-reference"

    numerics: Numerics | None = None

    def run(self, module: ir.Module) -> None:
        numerics = self.numerics or _numerics_of(module)
        for op in list(walk(module.operation)):
            source = string(op, "fdt.source") if "fdt.source" in op.attributes else None
            rounds_once = source == "FULLY_CONNECTED" and numerics == "litert"
            if op.name == "tosa.rescale" and rounds_once:
                op.attributes["rounding_mode"] = ir.Attribute.parse(_SINGLE_ROUND)
            if op.name == "tosa.rescale" and "fdt.real_multiplier" in op.attributes:
                _set_multiplier(op, op.attributes["fdt.real_multiplier"].value)
            if op.name == "tosa.avg_pool2d" and source == "AVERAGE_POOL_2D":
                lower_average_pool(op)


def _numerics_of(module: ir.Module) -> str:
    has_numerics = "fdt.numerics" in module.operation.attributes
    return string(module.operation, "fdt.numerics") if has_numerics else "litert"


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
