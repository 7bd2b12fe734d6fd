// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-plan-arena{external-io=1})' | FileCheck %s

// Neither the input (5 B) nor the output (2 B) lies in the arena: it is the hidden buffer, 3 B.
// CHECK-LABEL: func.func @model(
// CHECK-SAME: fdt.arena_bytes = 3 : i64
// CHECK-SAME: fdt.input_offsets = array<i64: -1>
// CHECK: memref.alloc() {fdt.buffer = "hidden", fdt.offset = 0 : i64} : memref<3xi8>
// CHECK: memref.alloc() : memref<2xi8>
func.func @model(%input: memref<5xi8>) -> memref<2xi8> {
  %hidden = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "hidden", fdt.kind = "dense", fdt.macs = 15 : i64,
      fdt.dims = array<i64: 3, 5>, fdt.result_dims = 1 : i64, fdt.stages = [], fdt.pads = [],
      fdt.maps = [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o)>]} "dense"
      ins(%input : memref<5xi8>) outs(%hidden : memref<3xi8>)
  %output = memref.alloc() : memref<2xi8>
  iree_codegen.ukernel.generic {fdt.layer = "last", fdt.kind = "dense", fdt.macs = 6 : i64,
      fdt.dims = array<i64: 2, 3>, fdt.result_dims = 1 : i64, fdt.stages = [], fdt.pads = [],
      fdt.maps = [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o)>]} "dense"
      ins(%hidden : memref<3xi8>) outs(%output : memref<2xi8>)
  return %output : memref<2xi8>
}
