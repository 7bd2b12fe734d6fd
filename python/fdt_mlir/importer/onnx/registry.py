"""Which function translates which operator. Domains other than ONNX's own are prefixes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fdt_mlir.importer.onnx.arithmetic import ARITHMETIC
from fdt_mlir.importer.onnx.call import Translation
from fdt_mlir.importer.onnx.convolutions import CONVOLUTIONS
from fdt_mlir.importer.onnx.elementwise_ops import ELEMENTWISE
from fdt_mlir.importer.onnx.matmul import MATMULS
from fdt_mlir.importer.onnx.movement import MOVEMENT
from fdt_mlir.importer.onnx.pooling import POOLING
from fdt_mlir.importer.onnx.quantise_ops import QUANTISED
from fdt_mlir.importer.onnx.recurrent import RECURRENT
from fdt_mlir.importer.onnx.reductions import REDUCTIONS
from fdt_mlir.importer.onnx.resize import RESIZE
from fdt_mlir.importer.onnx.softmax import softmax

TRANSLATIONS: Mapping[str, Translation] = MappingProxyType(
    {
        **ARITHMETIC,
        **CONVOLUTIONS,
        **ELEMENTWISE,
        **MATMULS,
        **MOVEMENT,
        **POOLING,
        **QUANTISED,
        **RECURRENT,
        **REDUCTIONS,
        **RESIZE,
        "Softmax": softmax,
    }
)
