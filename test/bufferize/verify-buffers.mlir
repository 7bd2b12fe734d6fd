// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-verify-buffers)' | FileCheck %s

// What bufferization leaves that does nothing: a copy of a buffer onto itself, a deallocation of
// memory that is planned anyway.
// CHECK-LABEL: func.func @nothing(
// CHECK: %[[BUFFER:.*]] = memref.alloc() : memref<3xi8>
// CHECK-NOT: memref.copy
// CHECK-NOT: memref.dealloc
// CHECK: return
func.func @nothing() {
  %buffer = memref.alloc() : memref<3xi8>
  memref.copy %buffer, %buffer : memref<3xi8> to memref<3xi8>
  memref.dealloc %buffer : memref<3xi8>
  return
}

// Kernel calls write, views and reads of tables do no harm: all of it stays.
// CHECK-LABEL: func.func @kernel(
// CHECK: memref.subview
// CHECK: memref.expand_shape
// CHECK: iree_codegen.ukernel.generic "copy"
// CHECK: memref.load
func.func @kernel(%input: memref<5xi8>, %table: memref<2xi8>, %place: index) -> i8 {
  %part = memref.subview %input[1] [3] [1] : memref<5xi8> to memref<3xi8, strided<[1], offset: 1>>
  %row = memref.expand_shape %part [[0, 1]] output_shape [1, 3]
      : memref<3xi8, strided<[1], offset: 1>> into memref<1x3xi8, strided<[3, 1], offset: 1>>
  %buffer = memref.alloc() : memref<1x3xi8>
  iree_codegen.ukernel.generic "copy"
      ins(%row : memref<1x3xi8, strided<[3, 1], offset: 1>>) outs(%buffer : memref<1x3xi8>)
  %value = memref.load %table[%place] : memref<2xi8>
  return %value : i8
}
