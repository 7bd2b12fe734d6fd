// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-plan-arena)' --split-input-file | FileCheck %s

// Each element is doubled where it stands: input and result share all of their bytes.
// CHECK-LABEL: func.func @elementwise(
// CHECK-SAME: fdt.arena_bytes = 6 : i64
// CHECK-SAME: fdt.input_offsets = array<i64: 0>
// CHECK: memref.alloc() {fdt.buffer = "double", fdt.offset = 0 : i64}
#each = affine_map<(d0) -> (d0)>
func.func @elementwise(%input: memref<6xi8>) -> memref<6xi8> {
  %double = memref.alloc() : memref<6xi8>
  iree_codegen.ukernel.generic {fdt.layer = "double", fdt.kind = "elementwise", fdt.macs = 0 : i64,
      fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64, fdt.maps = [#each, #each],
      fdt.stages = [{args = ["in:0"], body = @body, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<6xi8>) outs(%double : memref<6xi8>)
  return %double : memref<6xi8>
}

// -----

// The result is wider: running backwards, it ends where the input ends, plus nothing.
// CHECK-LABEL: func.func @widening(
// CHECK-SAME: fdt.arena_bytes = 24 : i64
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: fdt.reverse
#each = affine_map<(d0) -> (d0)>
func.func @widening(%input: memref<6xi8>) -> memref<6xi32> {
  %wide = memref.alloc() : memref<6xi32>
  iree_codegen.ukernel.generic {fdt.layer = "wide", fdt.kind = "elementwise", fdt.macs = 0 : i64,
      fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64, fdt.maps = [#each, #each],
      fdt.stages = [{args = ["in:0"], body = @body, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<6xi8>) outs(%wide : memref<6xi32>)
  return %wide : memref<6xi32>
}

// -----

// An input that is returned too is read by the caller: nothing may overwrite it.
// CHECK-LABEL: func.func @returned(
// CHECK-SAME: fdt.arena_bytes = 12 : i64
#each = affine_map<(d0) -> (d0)>
func.func @returned(%input: memref<6xi8>) -> (memref<6xi8>, memref<6xi8>) {
  %double = memref.alloc() : memref<6xi8>
  iree_codegen.ukernel.generic {fdt.layer = "double", fdt.kind = "elementwise", fdt.macs = 0 : i64,
      fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64, fdt.maps = [#each, #each],
      fdt.stages = [{args = ["in:0"], body = @body, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<6xi8>) outs(%double : memref<6xi8>)
  return %input, %double : memref<6xi8>, memref<6xi8>
}

// -----

// Every element of the result reads all of the input: only the last may take a byte of it.
// CHECK-LABEL: func.func @reduction(
// CHECK-SAME: fdt.arena_bytes = 8 : i64
#all = affine_map<(d0, d1) -> (d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @reduction(%input: memref<6xi8>) -> memref<3xi8> {
  %sums = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "sums", fdt.kind = "reduce", fdt.macs = 0 : i64,
      fdt.dims = array<i64: 3, 6>, fdt.result_dims = 1 : i64, fdt.maps = [#all, #row],
      fdt.stages = [{args = ["acc", "in:0"], body = @body, over = array<i64: 0>,
                     reduces = array<i64: 1>, init = @init, init_args = []}]} "reduce"
      ins(%input : memref<6xi8>) outs(%sums : memref<3xi8>)
  return %sums : memref<3xi8>
}
