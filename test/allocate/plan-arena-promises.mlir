// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-plan-arena)' | FileCheck %s

// The input outlives the last step: nothing lies in its bytes (5 + 3, not 5).
// CHECK-LABEL: func.func @kept(
// CHECK-SAME: fdt.arena_bytes = 8 : i64
// CHECK-SAME: fdt.layout_proved_optimal = true
func.func @kept(%input: memref<5xi8>) -> memref<3xi8> attributes {fdt.keep_inputs} {
  %output = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "dense", fdt.kind = "dense", fdt.macs = 15 : i64,
      fdt.dims = array<i64: 3, 5>, fdt.result_dims = 1 : i64, fdt.stages = [], fdt.pads = [],
      fdt.maps = [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o)>]} "dense"
      ins(%input : memref<5xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}

// The second input is pinned behind a gap that the first one fits in.
// CHECK-LABEL: func.func @pinned(
// CHECK-SAME: fdt.arena_bytes = 11 : i64
// CHECK-SAME: fdt.input_offsets = array<i64: 0, 8>
func.func @pinned(%x: memref<5xi8>, %y: memref<3xi8>) -> memref<3xi8> attributes {
    fdt.input_pins = array<i64: -1, 8>, fdt.keep_inputs} {
  %output = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "dense", fdt.kind = "dense", fdt.macs = 15 : i64,
      fdt.dims = array<i64: 3, 5>, fdt.result_dims = 1 : i64, fdt.stages = [], fdt.pads = [],
      fdt.maps = [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o)>, affine_map<(o, i) -> (o)>]}
      "dense" ins(%x, %y : memref<5xi8>, memref<3xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}
