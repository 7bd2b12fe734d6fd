"""fdt-lower-argmax: the index of a maximum as two reductions of one result each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fdt_mlir.attributes import integer
from fdt_mlir.bindings import ir, walk
from fdt_mlir.normalize.splice import replace_by
from fdt_mlir.passes import Pass, op_error

# The first index at which the maximum stands, as TFLite and TOSA define it.
_ARGMAX = """
#each = affine_map<({dims}) -> ({dims})>
#kept = affine_map<({dims}) -> ({kept})>
func.func @argmax(%source: {source}) -> {result} {{
  %least = arith.constant {least} : {element}
  %count = arith.constant {count} : {place}
  %no_maximum = tensor.empty() : {maximum}
  %start = linalg.fill ins(%least : {element}) outs(%no_maximum : {maximum}) -> {maximum}
  %maximum = linalg.generic {{indexing_maps = [#each, #kept], iterator_types = [{iterators}]}}
      ins(%source : {source}) outs(%start : {maximum}) {{
  ^bb0(%value: {element}, %greatest: {element}):
    %greater = arith.{maximise} %value, %greatest : {element}
    linalg.yield %greater : {element}
  }} -> {maximum}
  %no_index = tensor.empty() : {result}
  %end = linalg.fill ins(%count : {place}) outs(%no_index : {result}) -> {result}
  %first = linalg.generic {{
      indexing_maps = [#each, #kept, #kept], iterator_types = [{iterators}]}}
      ins(%source, %maximum : {source}, {maximum}) outs(%end : {result}) {{
  ^bb0(%value: {element}, %greatest: {element}, %found: {place}):
    %index = linalg.index {axis} : index
    %here = arith.index_cast %index : index to {place}
    %is_greatest = arith.{equal}, %value, %greatest : {element}
    %candidate = arith.select %is_greatest, %here, %count : {place}
    %earlier = arith.minsi %candidate, %found : {place}
    linalg.yield %earlier : {place}
  }} -> {result}
  return %first : {result}
}}
"""


@dataclass(frozen=True)
class LowerArgmaxPass(Pass):
    """Replace `tosa.argmax` by the maximum, then the first index that has it.

    Requires: TOSA of static shape.
    Ensures: no `tosa.argmax` is left. MLIR's own lowering gives one operation with two results, an
        index and a maximum, where a kernel has one.
    Fails when: the shape is dynamic.
    """

    name: ClassVar[str] = "fdt-lower-argmax"

    def run(self, module: ir.Module) -> None:
        for op in list(walk(module.operation)):
            if op.name == "tosa.argmax":
                replace_by(op, _text(op))


def _text(op: ir.Operation) -> str:
    source, result = op.operands[0].type, op.results[0].type
    assert isinstance(source, ir.RankedTensorType)
    assert isinstance(result, ir.RankedTensorType)
    if not source.has_static_shape:
        hint = "run fdt-make-batch-static first"
        raise op_error(op, f"an argmax of {source} needs a static shape", hint)
    axis = integer(op, "axis")
    dims = [f"d{dim}" for dim in range(source.rank)]
    kinds = ["reduction" if dim == axis else "parallel" for dim in range(source.rank)]
    element = source.element_type
    is_float = isinstance(element, ir.FloatType)
    return _ARGMAX.format(
        source=source,
        result=result,
        maximum=ir.RankedTensorType.get(result.shape, element),
        element=element,
        place=result.element_type,
        least=_least(element),
        count=source.shape[axis],
        axis=axis,
        dims=", ".join(dims),
        kept=", ".join(dims[:axis] + dims[axis + 1 :]),
        iterators=", ".join(f'"{kind}"' for kind in kinds),
        maximise="maximumf" if is_float else "maxsi",
        equal="cmpf oeq" if is_float else "cmpi eq",
    )


def _least(element: ir.Type) -> str:
    if isinstance(element, ir.IntegerType):
        return str(-(1 << (element.width - 1)))
    return "0xFF800000" if isinstance(element, ir.F32Type) else "-3.4028234e38"
