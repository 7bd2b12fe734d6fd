"""Quantised average pooling as the TFLite reference defines it, in linalg."""

from collections.abc import Sequence

from fdt_mlir.attributes import integers
from fdt_mlir.bindings import ir
from fdt_mlir.normalize.splice import replace_by
from fdt_mlir.passes import op_error

# TFLite's integer average pool (reference_integer_ops::AveragePool): the sum of the elements
# inside the window, divided by their number, rounded half away from zero.
_POOL = """
#input = affine_map<(n, y, x, c, ky, kx) -> (n, y * {sy} + ky, x * {sx} + kx, c)>
#window = affine_map<(n, y, x, c, ky, kx) -> (ky, kx)>
#sum = affine_map<(n, y, x, c, ky, kx) -> (n, y, x, c)>
#each = affine_map<(n, y, x, c) -> (n, y, x, c)>
func.func @average_pool(%input: {input}) -> {output} {{
  %zero = arith.constant 0 : i32
  %padding = arith.constant 0 : {element}
  %padded = tensor.pad %input low[0, {top}, {left}, 0] high[0, {bottom}, {right}, 0] {{
  ^bb0(%n: index, %y: index, %x: index, %c: index):
    tensor.yield %padding : {element}
  }} : {input} to {padded}
  %empty = tensor.empty() : {sum}
  %start = linalg.fill ins(%zero : i32) outs(%empty : {sum}) -> {sum}
  %window = tensor.empty() : tensor<{kh}x{kw}xi32>
  %total = linalg.generic {{indexing_maps = [#input, #window, #sum], iterator_types = ["parallel",
      "parallel", "parallel", "parallel", "reduction", "reduction"]}}
      ins(%padded, %window : {padded}, tensor<{kh}x{kw}xi32>) outs(%start : {sum}) {{
  ^bb0(%element: {element}, %unused: i32, %accumulator: i32):
    %wide = arith.extsi %element : {element} to i32
    %next = arith.addi %accumulator, %wide : i32
    linalg.yield %next : i32
  }} -> {sum}
  %result = tensor.empty() : {output}
  %mean = linalg.generic {{indexing_maps = [#each, #each], iterator_types = ["parallel",
      "parallel", "parallel", "parallel"]}} ins(%total : {sum}) outs(%result : {output}) {{
  ^bb0(%sum: i32, %unused: {element}):
{count}
{unsigned_sum}
    %two = arith.constant 2 : i32
    %half = arith.divsi %count, %two : i32
    %positive = arith.cmpi sgt, %{total}, %zero : i32
    %up = arith.addi %{total}, %half : i32
    %down = arith.subi %{total}, %half : i32
    %rounded = arith.select %positive, %up, %down : i32
    %quotient = arith.divsi %rounded, %count : i32
{stored_mean}
    %narrow = arith.trunci %{mean} : i32 to {element}
    linalg.yield %narrow : {element}
  }} -> {output}
  return %mean : {output}
}}
"""

# uint8 is held as int8, less by 128, but the reference sums and rounds what the model means.
_UNSIGNED_SUM = """
    %moved = arith.constant 128 : i32
    %moved_sum = arith.muli %count, %moved : i32
    %unsigned_sum = arith.addi %sum, %moved_sum : i32
"""
_STORED_MEAN = """
    %stored = arith.subi %quotient, %moved : i32
"""

# How many elements of a window along one axis lie inside the input.
_COUNT_AXIS = """
    %{axis} = linalg.index {dim} : index
    %{axis}_32 = arith.index_cast %{axis} : index to i32
    %{axis}_stride = arith.constant {stride} : i32
    %{axis}_origin = arith.muli %{axis}_32, %{axis}_stride : i32
    %{axis}_before = arith.constant {before} : i32
    %{axis}_first = arith.subi %{axis}_origin, %{axis}_before : i32
    %{axis}_size = arith.constant {size} : i32
    %{axis}_end = arith.addi %{axis}_first, %{axis}_size : i32
    %{axis}_extent = arith.constant {extent} : i32
    %{axis}_low = arith.maxsi %{axis}_first, %zero : i32
    %{axis}_high = arith.minsi %{axis}_end, %{axis}_extent : i32
    %{axis}_count = arith.subi %{axis}_high, %{axis}_low : i32
"""


def lower_average_pool(op: ir.Operation) -> None:
    """Replace an integer `tosa.avg_pool2d` by the linalg operations that TFLite means.

    `fdt.unsigned` on the pool says that the model holds uint8. Float pools stay: TOSA's meaning is
    the same there. Raises CompileError for a dynamic shape.
    """
    source, result = op.operands[0].type, op.results[0].type
    assert isinstance(source, ir.RankedTensorType)
    assert isinstance(result, ir.RankedTensorType)
    if not isinstance(source.element_type, ir.IntegerType):
        return
    if not (source.has_static_shape and result.has_static_shape):
        hint = "run fdt-make-batch-static first"
        raise op_error(op, f"an average pool of {source} needs a static shape", hint)
    replace_by(op, _text(op, source, result))


def _text(op: ir.Operation, source: ir.RankedTensorType, result: ir.RankedTensorType) -> str:
    kernel, stride, pad = (integers(op, name) for name in ("kernel", "stride", "pad"))
    n, height, width, channels = source.shape
    element = source.element_type
    is_unsigned = "fdt.unsigned" in op.attributes
    padded = ir.RankedTensorType.get(
        [n, height + pad[0] + pad[1], width + pad[2] + pad[3], channels], element
    )
    return _POOL.format(
        input=source,
        output=result,
        padded=padded,
        sum=ir.RankedTensorType.get(result.shape, ir.IntegerType.get_signless(32)),
        element=element,
        kh=kernel[0],
        kw=kernel[1],
        sy=stride[0],
        sx=stride[1],
        top=pad[0],
        bottom=pad[1],
        left=pad[2],
        right=pad[3],
        unsigned_sum=_UNSIGNED_SUM if is_unsigned else "",
        stored_mean=_STORED_MEAN if is_unsigned else "",
        total="unsigned_sum" if is_unsigned else "sum",
        mean="stored" if is_unsigned else "quotient",
        count=_count(kernel, stride, pad, (height, width)),
    )


def _count(
    kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int], extents: Sequence[int]
) -> str:
    if not any(pad):
        return f"    %count = arith.constant {kernel[0] * kernel[1]} : i32"
    axes = "".join(
        _COUNT_AXIS.format(
            axis=axis,
            dim=dim + 1,
            stride=stride[dim],
            before=pad[2 * dim],
            size=kernel[dim],
            extent=extents[dim],
        )
        for dim, axis in enumerate(("y", "x"))
    )
    return axes + "    %count = arith.muli %y_count, %x_count : i32"
