// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-plan-arena)' | FileCheck %s

// Each memory is an arena. The input is read 15 times, so it takes the fast one; the result, which
// is written thrice, does not fit beside it.
// CHECK-LABEL: func.func @hot_first(
// CHECK-SAME: fdt.arena_bytes = 8 : i64
// CHECK-SAME: fdt.input_memories = array<i64: 0>
// CHECK-SAME: fdt.input_offsets = array<i64: 0>
// CHECK-SAME: fdt.memory_bytes = array<i64: 5, 3>
// CHECK: memref.alloc() {{.*}}fdt.memory = 1 : i64, fdt.offset = 0 : i64
func.func @hot_first(%input: memref<5xi8>) -> memref<3xi8> attributes {
    fdt.memories = [{capacity_bytes = 6 : i64, name = "fast"}, {capacity_bytes = 9 : i64, name = "slow"}]} {
  %output = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "dense", fdt.kind = "dense", fdt.macs = 15 : i64,
      fdt.dims = array<i64: 3, 5>, fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0"], body = @sum, over = array<i64: 0>, reduces = array<i64: 1>,
                     init = @sum, init_args = []}],
      fdt.maps = [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o)>]} "dense"
      ins(%input : memref<5xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}

// The input is pinned into the slow memory; the result takes the fast one.
// CHECK-LABEL: func.func @pinned(
// CHECK-SAME: fdt.input_memories = array<i64: 1>
// CHECK-SAME: fdt.input_offsets = array<i64: 4>
// CHECK-SAME: fdt.memory_bytes = array<i64: 3, 9>
func.func @pinned(%input: memref<5xi8>) -> memref<3xi8> attributes {
    fdt.input_homes = array<i64: 1>, fdt.input_pins = array<i64: 4>,
    fdt.memories = [{capacity_bytes = 6 : i64, name = "fast"}, {capacity_bytes = 9 : i64, name = "slow"}]} {
  %output = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "dense", fdt.kind = "dense", fdt.macs = 15 : i64,
      fdt.dims = array<i64: 3, 5>, fdt.result_dims = 1 : i64, fdt.stages = [],
      fdt.maps = [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o)>]} "dense"
      ins(%input : memref<5xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}
