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

// A window over the flattened tensor steps from one row into the next: no loop stands for it.
// CHECK-LABEL: func.func @window(
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape
// CHECK: linalg.generic {{.*}}["parallel", "reduction"]} ins(%[[FLAT]],
func.func @window(%image: tensor<3x4xf32>) -> tensor<8xf32> {
  %weights = arith.constant dense<1.0> : tensor<5xf32>
  %start = arith.constant dense<0.0> : tensor<8xf32>
  %flat = tensor.collapse_shape %image [[0, 1]] : tensor<3x4xf32> into tensor<12xf32>
  %sums = linalg.generic {indexing_maps = [affine_map<(x, k) -> (x + k)>,
      affine_map<(x, k) -> (k)>, affine_map<(x, k) -> (x)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%flat, %weights : tensor<12xf32>, tensor<5xf32>) outs(%start : tensor<8xf32>) {
  ^bb0(%x: f32, %w: f32, %acc: f32):
    %product = arith.mulf %x, %w : f32
    %next = arith.addf %acc, %product : f32
    linalg.yield %next : f32
  } -> tensor<8xf32>
  return %sums : tensor<8xf32>
}

// An index inside of the body counts flattened elements; its number would mean something else.
// CHECK-LABEL: func.func @counted(
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape
// CHECK: linalg.generic {{.*}}["parallel", "reduction"]} ins(%[[FLAT]],
func.func @counted(%image: tensor<3x4xi32>) -> tensor<2xi32> {
  %weights = arith.constant dense<1> : tensor<2x12xi32>
  %start = arith.constant dense<0> : tensor<2xi32>
  %flat = tensor.collapse_shape %image [[0, 1]] : tensor<3x4xi32> into tensor<12xi32>
  %sums = linalg.generic {indexing_maps = [affine_map<(f, k) -> (k)>, affine_map<(f, k) -> (f, k)>,
      affine_map<(f, k) -> (f)>], iterator_types = ["parallel", "reduction"]}
      ins(%flat, %weights : tensor<12xi32>, tensor<2x12xi32>) outs(%start : tensor<2xi32>) {
  ^bb0(%x: i32, %w: i32, %acc: i32):
    %k = linalg.index 1 : index
    %number = arith.index_cast %k : index to i32
    %next = arith.maxsi %acc, %number : i32
    linalg.yield %next : i32
  } -> tensor<2xi32>
  return %sums : tensor<2xi32>
}
