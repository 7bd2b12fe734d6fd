// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-plan-arena{external-io=1},fdt-lower-to-stream{model=tiny})' | FileCheck %s

// A layer, then a loop of three tiles with two layers in each, the second adding up what the first
// computes: two dispatches, and the second one stays inside the loop.

// CHECK-LABEL: module @tiny
// CHECK: stream.executable private @tiny_kernels
// CHECK: stream.executable.export public @first
// CHECK: stream.executable.export public @second_to_third

// The first layer: from the input (binding 0) to the arena (binding 1).
// CHECK-LABEL: func.func @first(
// CHECK-DAG: stream.binding.subspan %arg0[%{{.*}}] : !stream.binding -> memref<6xi8>
// CHECK-DAG: stream.binding.subspan %arg1[%{{.*}}] : !stream.binding -> memref<6xi8>
// CHECK: scf.for
// CHECK: memref.load
// CHECK: memref.store
// CHECK: return

// Both layers of a tile, one behind the other; the counter of the loop says which tile.
// CHECK-LABEL: func.func @second_to_third(
// CHECK-SAME: i32)
// CHECK: arith.index_cast
// CHECK: scf.for
// CHECK: memref.store
// CHECK: scf.for
// CHECK: memref.store
// CHECK: return

// CHECK-LABEL: util.func public @main(
// The tensor that the first layer hands on (6 B) and a tile (2 B) are all the transient memory.
// CHECK: stream.resource.alloca {{.*}}!stream.resource<transient>{%c8}
// CHECK-NOT: <transient>{%c{{.*}}} => !stream.timepoint
// CHECK: stream.cmd.execute
// CHECK: stream.cmd.dispatch @tiny_kernels::@first {
// CHECK: ro %
// CHECK: rw %
// CHECK: scf.for %{{.*}} = %c0 to %c6 step %c2
// CHECK: stream.cmd.execute
// CHECK: stream.cmd.dispatch @tiny_kernels::@second_to_third(%{{.*}} : i32)
// CHECK-NOT: stream.cmd.dispatch
// CHECK-NOT: copy
// CHECK: scf.yield
// CHECK: stream.resource.dealloca
// CHECK: stream.tensor.export
#same = affine_map<(d0) -> (d0)>
func.func private @double(%x: i8) -> i8 {
  %sum = arith.addi %x, %x : i8
  return %sum : i8
}
func.func @model(%input: memref<6xi8>) -> memref<6xi8> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c6 = arith.constant 6 : index
  %whole = memref.alloc() : memref<6xi8>
  iree_codegen.ukernel.generic {fdt.layer = "first", fdt.kind = "elementwise", fdt.macs = 0 : i64,
      fdt.dims = array<i64: 6>, fdt.result_dims = 1 : i64, fdt.maps = [#same, #same],
      fdt.stages = [{body = @double, args = ["in:0"], over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<6xi8>) outs(%whole : memref<6xi8>)
  %output = memref.alloc() : memref<6xi8>
  scf.for %i = %c0 to %c6 step %c2 {
    %part = memref.subview %whole[%i] [2] [1] : memref<6xi8> to memref<2xi8, strided<[1], offset: ?>>
    %tile = memref.alloc() : memref<2xi8>
    iree_codegen.ukernel.generic {fdt.layer = "second", fdt.kind = "elementwise",
        fdt.macs = 0 : i64, fdt.dims = array<i64: 2>, fdt.result_dims = 1 : i64,
        fdt.maps = [#same, #same],
        fdt.stages = [{body = @double, args = ["in:0"], over = array<i64: 0>}]} "elementwise"
        ins(%part : memref<2xi8, strided<[1], offset: ?>>) outs(%tile : memref<2xi8>)
    %place = memref.subview %output[%i] [2] [1]
      : memref<6xi8> to memref<2xi8, strided<[1], offset: ?>>
    iree_codegen.ukernel.generic {fdt.layer = "third", fdt.kind = "elementwise",
        fdt.macs = 0 : i64, fdt.dims = array<i64: 2>, fdt.result_dims = 1 : i64,
        fdt.maps = [#same, #same],
        fdt.stages = [{body = @double, args = ["in:0"], over = array<i64: 0>}]} "elementwise"
        ins(%tile : memref<2xi8>) outs(%place : memref<2xi8, strided<[1], offset: ?>>)
  }
  return %output : memref<6xi8>
}
