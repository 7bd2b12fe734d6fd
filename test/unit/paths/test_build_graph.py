"""What the graph says of layers written by hand: views, slices, phases of a reduction."""

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.errors import CompileError
from fdt_mlir.kernels.access import Linear
from fdt_mlir.kernels.traversal import Distances
from fdt_mlir.paths.build_graph import build_graph
from fdt_mlir.paths.graph import PARTIAL_SUMS, AxisRead, FanIn, MayOverlap


def graph_of(text):
    with mlir_context():
        module = ir.Module.parse(text)
        before = str(module)
        graph = build_graph(module)
        assert str(module) == before, "analysis must not touch the module"
    return graph


def layer(name, result, ins, maps, iterators, body, outs, role="reduce"):
    """One `linalg.generic`; `ins` maps operand to type, the body's arguments are e0, e1, acc."""
    operands = ", ".join(ins)
    types = ", ".join(ins.values())
    elements = [f"%e{n}: {t.split('x')[-1][:-1]}" for n, t in enumerate(ins.values())]
    accumulator = f"%acc: {result.split('x')[-1][:-1]}"
    return f"""
      %{name} = linalg.generic {{
          indexing_maps = [{", ".join(maps)}], iterator_types = [{iterators}]}}
          ins({operands} : {types}) outs({outs} : {result})
          attrs = {{fdt.layer = "{name}", fdt.role = "{role}"}} {{
        ^bb0({", ".join([*elements, accumulator])}):
          {body}
      }} -> {result}"""


WIDEN = "%w = arith.extsi %e0 : i8 to i32\n linalg.yield %w : i32"
SUM = """%w = arith.extsi %e0 : i8 to i32
          %s = arith.addi %acc, %w : i32
          linalg.yield %s : i32"""
NARROW = "%n = arith.trunci %e0 : i32 to i8\n linalg.yield %n : i8"
ROW = "affine_map<(d0, d1) -> (d0, d1)>"
ROW_SUM = "affine_map<(d0, d1) -> (d0)>"


def test_reduction_with_an_epilogue():
    """The accumulator is i32 although the result is i8; the columns can be added part by part."""
    sums = layer(
        "sums", "tensor<4xi32>", {"%x": "tensor<4x6xi8>"}, [ROW, ROW_SUM],
        '"parallel", "reduction"', SUM, "%zero",
    )  # fmt: skip
    same = "affine_map<(d0) -> (d0)>"
    stored = layer(
        "stored", "tensor<4xi8>", {"%sums": "tensor<4xi32>"}, [same, same], '"parallel"',
        NARROW, "%space", role="map",
    ).replace('fdt.layer = "stored"', 'fdt.layer = "sums"')  # fmt: skip
    graph = graph_of(f"""func.func @f(%x: tensor<4x6xi8>) -> tensor<4xi8> {{
      %zero = arith.constant dense<0> : tensor<4xi32>
      %space = tensor.empty() : tensor<4xi8>
      {sums}
      {stored}
      return %stored : tensor<4xi8>
    }}""")
    (node,) = graph.layers
    assert (node.name, node.dims, node.result_loops) == ("sums", (4, 6), (0,))
    # Forwards the first byte may lie anywhere in the first sum, backwards the last in the last.
    over_sums = MayOverlap(PARTIAL_SUMS, Distances(forward_bytes=-3, reverse_bytes=9))
    assert node.fan_in == FanIn((1,), 4, has_epilogue=True, finish_overlaps=(over_sums,))
    (read,) = node.reads
    assert (read.in_init, read.in_reduction, read.in_epilogue) == (False, True, False)
    assert graph.tensors["sums"].size_bytes == 4
    assert graph.tensors["sums"].is_output


SLICES = {
    # A slice moves positions; the axes that collapse away have one position.
    "rows": (
        "tensor<1x7x6xi8>",
        "tensor.extract_slice %x[0, 2, 0] [1, 4, 6] [1, 1, 1] : tensor<1x7x6xi8> to tensor<4x6xi8>",
        (
            AxisRead(Linear((0, 0)), 1),
            AxisRead(Linear((1, 0), 2), 7),
            AxisRead(Linear((0, 1)), 6),
        ),
    ),
    # Every second row.
    "strided": (
        "tensor<8x6xi8>",
        "tensor.extract_slice %x[0, 0] [4, 6] [2, 1] : tensor<8x6xi8> to tensor<4x6xi8>",
        (AxisRead(Linear((2, 0)), 8), AxisRead(Linear((0, 1)), 6)),
    ),
}

WIDE = layer(
    "wide", "tensor<4x6xi32>", {"%part": "tensor<4x6xi8>"}, [ROW, ROW], '"parallel", "parallel"',
    WIDEN, "%space", role="map",
)  # fmt: skip


@pytest.mark.parametrize("slice_name", SLICES)
def test_slices_are_read_from_the_whole_tensor(slice_name):
    """Wrong positions would tile the wrong elements."""
    source, operation, axes = SLICES[slice_name]
    graph = graph_of(f"""func.func @f(%x: {source}) -> tensor<4x6xi32> {{
      %part = {operation}
      %space = tensor.empty() : tensor<4x6xi32>
      {WIDE}
      return %wide : tensor<4x6xi32>
    }}""")
    (read,) = graph.layers[0].reads
    assert read.tensor == "input_0"
    assert read.axes == axes
    assert graph.tensors["input_0"].whole_because is None


def test_what_is_read_reshaped_must_exist_whole():
    """Neither the transforms nor the row loops follow a tile through a reshape."""
    graph = graph_of(f"""func.func @f(%x: tensor<24xi8>) -> tensor<4x6xi32> {{
      %part = tensor.expand_shape %x [[0, 1]] output_shape [4, 6]
        : tensor<24xi8> into tensor<4x6xi8>
      %space = tensor.empty() : tensor<4x6xi32>
      {WIDE}
      return %wide : tensor<4x6xi32>
    }}""")
    (read,) = graph.layers[0].reads
    assert read.axes == (None,)
    assert graph.tensors["input_0"].whole_because == "'wide' reads it reshaped"


def test_parts_of_a_concatenation_are_one_tensor():
    """It lives from the first layer that writes a part of it to the end."""
    other = WIDE.replace("%part", "%y").replace("%wide", "%more").replace('"wide"', '"more"')
    graph = graph_of(f"""
    func.func @f(%part: tensor<4x6xi8>, %y: tensor<4x6xi8>) -> tensor<8x6xi32> {{
      %space = tensor.empty() : tensor<4x6xi32>
      %all = tensor.empty() : tensor<8x6xi32>
      {WIDE}
      {other}
      %half = tensor.insert_slice %wide into %all[0, 0] [4, 6] [1, 1]
        : tensor<4x6xi32> into tensor<8x6xi32>
      %full = tensor.insert_slice %more into %half[4, 0] [4, 6] [1, 1]
        : tensor<4x6xi32> into tensor<8x6xi32>
      return %full : tensor<8x6xi32>
    }}""")
    assert [node.result for node in graph.layers] == ["wide", "wide"]
    assert [node.result_points for node in graph.layers] == [24, 24]
    tensor = graph.tensors["wide"]
    assert (tensor.shape, tensor.producer, tensor.last_writer) == ((8, 6), 0, 1)
    assert tensor.is_output
    assert tensor.whole_because == "several layers write a part of it"


def test_a_module_without_an_entry():
    with pytest.raises(CompileError, match="0 public functions with a body"):
        graph_of("func.func private @f() {\n return\n}")
