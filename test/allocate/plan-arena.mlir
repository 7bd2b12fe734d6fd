// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-plan-arena{in-place=0})' | FileCheck %s

// The input is dead when the output is written, and gives it its bytes: 20 + 6, not 20 + 6 + 4.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: fdt.arena_align = 4 : i64
// CHECK-SAME: fdt.arena_bytes = 26 : i64
// CHECK-SAME: fdt.input_offsets = array<i64: 20>
// CHECK-SAME: fdt.layout_proved_optimal = true
// CHECK-SAME: fdt.lower_bound_bytes = 26 : i64
// CHECK: memref.alloc() {fdt.buffer = "wide", fdt.offset = 0 : i64} : memref<5xi32>
// CHECK: memref.alloc() {fdt.buffer = "narrow", fdt.offset = 20 : i64} : memref<4xi8>
func.func @chain(%input: memref<6xi8>) -> memref<4xi8> {
  %wide = memref.alloc() : memref<5xi32>
  iree_codegen.ukernel.generic {fdt.layer = "wide", fdt.kind = "dense", fdt.macs = 30 : i64} "dense"
      ins(%input : memref<6xi8>) outs(%wide : memref<5xi32>)
  %narrow = memref.alloc() : memref<4xi8>
  iree_codegen.ukernel.generic {fdt.layer = "narrow", fdt.kind = "dense", fdt.macs = 20 : i64}
      "dense" ins(%wide : memref<5xi32>) outs(%narrow : memref<4xi8>)
  return %narrow : memref<4xi8>
}

// Every output lives until the end, a view keeps all of its buffer; an input nobody reads has a
// place as well, as the caller writes it.
// CHECK-LABEL: func.func @outputs(
// CHECK-SAME: fdt.arena_bytes = 14 : i64
// CHECK-SAME: fdt.input_offsets = array<i64: {{[0-9]+}}>
// CHECK: memref.alloc() {fdt.buffer = "left", {{.*}}} : memref<2x3xi8>
// CHECK: memref.alloc() {fdt.buffer = "right", {{.*}}} : memref<8xi8>
func.func @outputs(%input: memref<5xi8>) -> (memref<3xi8, strided<[1]>>, memref<8xi8>) {
  %left = memref.alloc() : memref<2x3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "left", fdt.kind = "map", fdt.macs = 0 : i64} "map"
      outs(%left : memref<2x3xi8>)
  %row = memref.subview %left[0, 0] [1, 3] [1, 1]
      : memref<2x3xi8> to memref<3xi8, strided<[1]>>
  %right = memref.alloc() : memref<8xi8>
  iree_codegen.ukernel.generic {fdt.layer = "right", fdt.kind = "map", fdt.macs = 0 : i64} "map"
      outs(%right : memref<8xi8>)
  return %row, %right : memref<3xi8, strided<[1]>>, memref<8xi8>
}

// Two buffers that one layer writes keep their names apart.
// CHECK-LABEL: func.func @names(
// CHECK: fdt.buffer = "twice"
// CHECK: fdt.buffer = "twice_1"
func.func @names() -> (memref<3xi8>, memref<7xi8>) {
  %first = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "twice", fdt.kind = "map", fdt.macs = 0 : i64} "map"
      outs(%first : memref<3xi8>)
  %second = memref.alloc() : memref<7xi8>
  iree_codegen.ukernel.generic {fdt.layer = "twice", fdt.kind = "map", fdt.macs = 0 : i64} "map"
      outs(%second : memref<7xi8>)
  return %first, %second : memref<3xi8>, memref<7xi8>
}

// What a tile loop reads is needed in every iteration, up to its last: input, output and tile add
// up (8 + 10 + 3).
// CHECK-LABEL: func.func @loop(
// CHECK-SAME: fdt.arena_bytes = 21 : i64
// CHECK: fdt.buffer = "output"
// CHECK: scf.for
// CHECK: fdt.buffer = "tile"
func.func @loop(%input: memref<8xi8>) -> memref<10xi8> {
  %zero = arith.constant 0 : index
  %step = arith.constant 5 : index
  %ten = arith.constant 10 : index
  %output = memref.alloc() : memref<10xi8>
  scf.for %i = %zero to %ten step %step {
    %tile = memref.alloc() : memref<3xi8>
    iree_codegen.ukernel.generic {fdt.layer = "tile", fdt.kind = "map", fdt.macs = 0 : i64} "map"
        ins(%input : memref<8xi8>) outs(%tile : memref<3xi8>)
    %part = memref.subview %output[%i] [5] [1]
        : memref<10xi8> to memref<5xi8, strided<[1], offset: ?>>
    iree_codegen.ukernel.generic {fdt.layer = "output", fdt.kind = "map", fdt.macs = 0 : i64} "map"
        ins(%tile : memref<3xi8>) outs(%part : memref<5xi8, strided<[1], offset: ?>>)
  }
  return %output : memref<10xi8>
}

// The functions of a kernel have no memory of their own.
// CHECK-LABEL: func.func private @scalar(
// CHECK-NOT: fdt.arena_bytes
func.func private @scalar(%x: i32) -> i32 {
  return %x : i32
}
