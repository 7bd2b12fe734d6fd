"""fdt-match-reference: the integer numerics of LiteRT's reference kernels, where TOSA's differ."""

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.attributes import string
from fdt_mlir.bindings import ir, walk
from fdt_mlir.importer.average_pool import lower_average_pool
from fdt_mlir.passes import Pass

_SINGLE_ROUND = "#tosa.rounding_mode<SINGLE_ROUND>"


@dataclass(frozen=True)
class MatchReferencePass(Pass):
    """Correct what the conversion to TOSA rounds differently from the model's reference.

    Requires: TOSA of static shape; `fdt.source` names the TFLite operator of each operation.
    Ensures: rescales of fully connected layers round once (LiteRT's reference does; convolutions
        round twice, as converted). Quantised average pools divide exactly, half away from zero,
        instead of multiplying by a fixed-point reciprocal.
    Fails when: never; operations without `fdt.source` keep TOSA's meaning.
    """

    name: ClassVar[str] = "fdt-match-reference"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            source = string(op, "fdt.source") if "fdt.source" in op.attributes else None
            if op.name == "tosa.rescale" and source == "FULLY_CONNECTED":
                op.attributes["rounding_mode"] = ir.Attribute.parse(_SINGLE_ROUND)
            if op.name == "tosa.avg_pool2d" and source == "AVERAGE_POOL_2D":
                lower_average_pool(op)
