// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-lower-argmax)' | FileCheck %s

// Two reductions of one result each: the maximum, then the first place that has it. Until a place
// is found it is 3, one beyond the last.
// CHECK-LABEL: func.func @middle(
// CHECK-SAME: %[[INPUT:.*]]: tensor<2x3x4xi8>
// CHECK-NOT: tosa.argmax
// CHECK: %[[LEAST:.*]] = arith.constant -128 : i8
// CHECK: %[[NOWHERE:.*]] = arith.constant 3 : i32
// CHECK: linalg.fill ins(%[[LEAST]]
// CHECK: %[[MAXIMUM:.*]] = linalg.generic {{.*}}["parallel", "reduction", "parallel"]
// CHECK: arith.maxsi
// CHECK: linalg.fill ins(%[[NOWHERE]]
// CHECK: linalg.generic {{.*}} ins(%[[INPUT]], %[[MAXIMUM]] : tensor<2x3x4xi8>, tensor<2x4xi8>)
// CHECK: %[[HERE:.*]] = linalg.index 1
// CHECK: %[[PLACE:.*]] = arith.index_cast %[[HERE]]
// CHECK: %[[EQUAL:.*]] = arith.cmpi eq
// CHECK: %[[CANDIDATE:.*]] = arith.select %[[EQUAL]], %[[PLACE]], %[[NOWHERE]]
// CHECK: arith.minsi %[[CANDIDATE]]
func.func @middle(%input: tensor<2x3x4xi8>) -> tensor<2x4xi32> {
  %place = tosa.argmax %input axis(1) : (tensor<2x3x4xi8>) -> tensor<2x4xi32>
  return %place : tensor<2x4xi32>
}

// TensorFlow counts in int64 where the model does not say otherwise; floats start below all others.
// CHECK-LABEL: func.func @wide(
// CHECK: arith.constant 0xFF800000 : f32
// CHECK: arith.constant 5 : i64
// CHECK: arith.maximumf
// CHECK: arith.cmpf oeq
// CHECK: -> tensor<3xi64>
func.func @wide(%input: tensor<3x5xf32>) -> tensor<3xi64> {
  %place = tosa.argmax %input axis(1) : (tensor<3x5xf32>) -> tensor<3xi64>
  return %place : tensor<3xi64>
}
