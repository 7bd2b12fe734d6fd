// RUN: fdt-opt %s --split-input-file --verify-diagnostics --pass-pipeline='builtin.module(fdt-lower-to-stream)'

// Planned with its input and output inside, which belong to the caller of an IREE module.
func.func private @body(%x: i8) -> i8 { return %x : i8 }
func.func @model(%input: memref<6xi8>) -> memref<6xi8> attributes {fdt.arena_bytes = 6 : i64} {
  // expected-error@+1 {{the buffer has no place in the arena}}
  %hidden = memref.alloc() : memref<6xi8>
  iree_codegen.ukernel.generic {fdt.layer = "first", fdt.kind = "elementwise", fdt.macs = 0 : i64,
      fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64,
      fdt.maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      fdt.stages = [{body = @body, args = ["in:0"], over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<6xi8>) outs(%hidden : memref<6xi8>)
  %output = memref.alloc() : memref<6xi8>
  iree_codegen.ukernel.generic {fdt.layer = "last", fdt.kind = "elementwise", fdt.macs = 0 : i64,
      fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64,
      fdt.maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      fdt.stages = [{body = @body, args = ["in:0"], over = array<i64: 0>}]} "elementwise"
      ins(%hidden : memref<6xi8>) outs(%output : memref<6xi8>)
  return %output : memref<6xi8>
}

// -----

// expected-error@+1 {{a result of the model is one of its inputs or a constant}}
func.func @model(%input: memref<6xi8>) -> memref<6xi8> attributes {fdt.arena_bytes = 0 : i64} {
  return %input : memref<6xi8>
}

// -----

func.func private @body(%x: i1) -> i1 { return %x : i1 }
func.func @model(%input: memref<6xi1>) -> memref<6xi1> attributes {fdt.arena_bytes = 0 : i64} {
  %output = memref.alloc() : memref<6xi1>
  // expected-error@+1 {{IREE stores no elements of one bit, as this layer needs}}
  iree_codegen.ukernel.generic {fdt.layer = "only", fdt.kind = "elementwise", fdt.macs = 0 : i64,
      fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64,
      fdt.maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      fdt.stages = [{body = @body, args = ["in:0"], over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<6xi1>) outs(%output : memref<6xi1>)
  return %output : memref<6xi1>
}
