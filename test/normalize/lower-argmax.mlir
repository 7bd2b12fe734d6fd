// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-lower-argmax)' | FileCheck %s

// The maximum along the axis, then the least index that has it: two reductions, one result each.
// CHECK-LABEL: func.func @argmax(
// CHECK-SAME: %[[X:.*]]: tensor<5x3x2xi8>
// CHECK-NOT: tosa.argmax
// CHECK: arith.constant -128 : i8
// CHECK: %[[MAXIMUM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "parallel"]
// CHECK-SAME: ins(%[[X]] : tensor<5x3x2xi8>)
// CHECK: arith.maxsi
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[MAXIMUM]] : tensor<5x3x2xi8>, tensor<5x2xi8>)
// CHECK: linalg.index 1
// CHECK: arith.minsi
func.func @argmax(%x: tensor<5x3x2xi8>) -> tensor<5x2xi32> {
  %index = tosa.argmax %x axis(1) : (tensor<5x3x2xi8>) -> tensor<5x2xi32>
  return %index : tensor<5x2xi32>
}

// CHECK-LABEL: func.func @float(
// CHECK: arith.constant 0xFF800000 : f32
// CHECK: arith.maximumf
// CHECK: arith.cmpf oeq
func.func @float(%x: tensor<4xf32>) -> tensor<i32> {
  %index = tosa.argmax %x axis(0) : (tensor<4xf32>) -> tensor<i32>
  return %index : tensor<i32>
}
