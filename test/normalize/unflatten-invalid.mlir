// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-unflatten)' | FileCheck %s

// Weights that are no constant cannot take another shape for free: the flattening stays.
// CHECK-LABEL: func.func @weights_of_the_caller
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[FLAT]],
func.func @weights_of_the_caller(%x: tensor<3x4xf32>, %weights: tensor<12x7xf32>) -> tensor<7xf32> {
  %zero = arith.constant 0.0 : f32
  %flat = tensor.collapse_shape %x [[0, 1]] : tensor<3x4xf32> into tensor<12xf32>
  %empty = tensor.empty() : tensor<7xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<7xf32>) -> tensor<7xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>,
      affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%flat, %weights : tensor<12xf32>, tensor<12x7xf32>) outs(%start : tensor<7xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %product = arith.mulf %a, %b : f32
    %next = arith.addf %acc, %product : f32
    linalg.yield %next : f32
  } -> tensor<7xf32>
  return %sum : tensor<7xf32>
}
