// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-unflatten,canonicalize)' | FileCheck %s

// A dense layer on a flattened tensor: its weights take the tensor's shape, the flattening goes.
// CHECK-LABEL: func.func @dense_reads_rows_and_channels
// CHECK-SAME: %[[X:.*]]: tensor<3x4x5xf32>
// CHECK-NOT: tensor.collapse_shape
// CHECK: %[[WEIGHTS:.*]] = arith.constant {{.*}} : tensor<3x4x5x7xf32>
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "reduction", "reduction", "reduction"]
// CHECK-SAME: ins(%[[X]], %[[WEIGHTS]] : tensor<3x4x5xf32>, tensor<3x4x5x7xf32>)
func.func @dense_reads_rows_and_channels(%x: tensor<3x4x5xf32>) -> tensor<7xf32> {
  %weights = arith.constant dense<2.0> : tensor<60x7xf32>
  %zero = arith.constant 0.0 : f32
  %flat = tensor.collapse_shape %x [[0, 1, 2]] : tensor<3x4x5xf32> into tensor<60xf32>
  %empty = tensor.empty() : tensor<7xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<7xf32>) -> tensor<7xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>,
      affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%flat, %weights : tensor<60xf32>, tensor<60x7xf32>) outs(%start : tensor<7xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %product = arith.mulf %a, %b : f32
    %next = arith.addf %acc, %product : f32
    linalg.yield %next : f32
  } -> tensor<7xf32>
  return %sum : tensor<7xf32>
}
