"""What a module of IREE cannot hold, and how dispatches follow from the planned function."""

import pytest

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.errors import CompileError
from fdt_mlir.iree.dispatch_functions import DispatchFunctions
from fdt_mlir.iree.program import Places, TileLoop, read_program
from fdt_mlir.paths.build_graph import entry_of
from fdt_mlir.pipeline import parse_pipeline

PLAN = "builtin.module(fdt-plan-arena{external-io=1})"


def call(layer: str, source: str, target: str, count: str = "6xi8") -> str:
    identity = "affine_map<(d0) -> (d0)>"
    return f"""
      iree_codegen.ukernel.generic {{fdt.layer = "{layer}", fdt.kind = "elementwise",
        fdt.macs = 0 : i64, fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64,
        fdt.stages = [{{body = @body, args = ["in:0"], over = array<i64: 0>}}],
        fdt.maps = [{identity}, {identity}]}} "elementwise"
        ins({source} : memref<{count}>) outs({target} : memref<{count}>)"""


def planned(body: str, element: str = "i8", result: str = "memref<6xi8>") -> ir.Module:
    module = ir.Module.parse(f"""
      func.func private @body(%x: {element}) -> {element} {{ return %x : {element} }}
      func.func @model(%input: memref<6x{element}>) -> {result} {{{body}}}""")
    parse_pipeline(PLAN).run(module)
    return module


def test_an_input_as_a_result_is_refused() -> None:
    with mlir_context():
        module = planned("return %input : memref<6xi8>")
        with pytest.raises(CompileError, match="a result of the model is one of its inputs"):
            read_program(entry_of(module))


def test_elements_of_one_bit_are_refused() -> None:
    body = f"""
      %output = memref.alloc() : memref<6xi1>
      {call("layer", "%input", "%output", "6xi1")}
      return %output : memref<6xi1>"""
    with mlir_context():
        module = planned(body, "i1", "memref<6xi1>")
        entry = entry_of(module)
        (dispatch,) = read_program(entry).dispatches()
        with pytest.raises(CompileError, match="IREE stores no elements of one bit"):
            DispatchFunctions(module, Places(entry)).write(dispatch)


def test_a_buffer_without_a_place_is_refused() -> None:
    body = f"""
      %hidden = memref.alloc() : memref<6xi8>
      {call("hidden", "%input", "%hidden")}
      %output = memref.alloc() : memref<6xi8>
      {call("last", "%hidden", "%output")}
      return %output : memref<6xi8>"""
    with mlir_context():
        module = planned(body)
        entry = entry_of(module)
        del entry.regions[0].blocks[0].operations[0].attributes["fdt.offset"]
        with pytest.raises(CompileError, match="the buffer has no place in the arena"):
            read_program(entry)


def test_calls_of_a_tile_are_one_dispatch_others_one_each() -> None:
    body = f"""
      %zero = arith.constant 0 : index
      %two = arith.constant 2 : index
      %six = arith.constant 6 : index
      %first = memref.alloc() : memref<6xi8>
      {call("first", "%input", "%first")}
      %second = memref.alloc() : memref<6xi8>
      %output = memref.alloc() : memref<6xi8>
      scf.for %i = %zero to %six step %two {{
        {call("second", "%first", "%second")}
        {call("third", "%second", "%output")}
      }}
      return %output : memref<6xi8>"""
    with mlir_context():
        module = planned(body)
        program = read_program(entry_of(module))
        straight, loop = program.items
        assert isinstance(loop, TileLoop)
        assert (loop.first, loop.end, loop.step) == (0, 6, 2)
        assert [dispatch.name for dispatch in program.dispatches()] == ["first", "second_to_third"]
        assert straight != loop
        names = [resource.name for resource in next(program.dispatches()).resources]
        assert names == ["input_0", "arena"]
