"""How dispatches follow from the planned function."""

from fdt_mlir.bindings import ir, mlir_context
from fdt_mlir.iree.program import TileLoop, read_program
from fdt_mlir.paths.build_graph import entry_of
from fdt_mlir.pipeline import parse_pipeline

PLAN = "builtin.module(fdt-plan-arena{external-io=1})"


def call(layer: str, source: str, target: str) -> str:
    identity = "affine_map<(d0) -> (d0)>"
    return f"""
      iree_codegen.ukernel.generic {{fdt.layer = "{layer}", fdt.kind = "elementwise",
        fdt.macs = 0 : i64, fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64,
        fdt.stages = [{{body = @body, args = ["in:0"], over = array<i64: 0>}}],
        fdt.maps = [{identity}, {identity}]}} "elementwise"
        ins({source} : memref<6xi8>) outs({target} : memref<6xi8>)"""


def planned(body: str) -> ir.Module:
    module = ir.Module.parse(f"""
      func.func private @body(%x: i8) -> i8 {{ return %x : i8 }}
      func.func @model(%input: memref<6xi8>) -> memref<6xi8> {{{body}}}""")
    parse_pipeline(PLAN).run(module)
    return module


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
