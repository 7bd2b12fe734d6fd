// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-unflatten)' | FileCheck %s

// A dense layer after a flattened image reads the image: one loop for each of its dimensions, and
// weights of that shape.
// CHECK-DAG: #[[IMAGE:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[WEIGHTS:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[RESULT:.*]] = affine_map<(d0, d1, d2) -> (d0)>
// CHECK-LABEL: func.func @dense(
// CHECK-SAME: %[[INPUT:.*]]: tensor<3x4xf32>
// CHECK: %[[ALL:.*]] = arith.constant
// CHECK: %[[SHAPED:.*]] = tensor.expand_shape %[[ALL]] {{\[\[}}0], [1, 2]] output_shape [2, 3, 4]
// CHECK: linalg.generic {indexing_maps = [#[[IMAGE]], #[[WEIGHTS]], #[[RESULT]]],
// CHECK-SAME: iterator_types = ["parallel", "reduction", "reduction"]}
// CHECK-SAME: ins(%[[INPUT]], %[[SHAPED]] : tensor<3x4xf32>, tensor<2x3x4xf32>)
func.func @dense(%image: tensor<3x4xf32>) -> tensor<2xf32> {
  %weights = arith.constant dense<1.0> : tensor<2x12xf32>
  %start = arith.constant dense<0.0> : tensor<2xf32>
  %flat = tensor.collapse_shape %image [[0, 1]] : tensor<3x4xf32> into tensor<12xf32>
  %sums = linalg.generic {indexing_maps = [affine_map<(f, k) -> (k)>, affine_map<(f, k) -> (f, k)>,
      affine_map<(f, k) -> (f)>], iterator_types = ["parallel", "reduction"]}
      ins(%flat, %weights : tensor<12xf32>, tensor<2x12xf32>) outs(%start : tensor<2xf32>) {
  ^bb0(%x: f32, %w: f32, %acc: f32):
    %product = arith.mulf %x, %w : f32
    %next = arith.addf %acc, %product : f32
    linalg.yield %next : f32
  } -> tensor<2xf32>
  return %sums : tensor<2xf32>
}
