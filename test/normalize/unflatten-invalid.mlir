// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-unflatten)' | FileCheck %s

// The pass never fails; here is what it must leave alone.

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

// The other factor is computed by the model and is not flat: it cannot be reshaped for nothing.
// CHECK-LABEL: func.func @activations(
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape
// CHECK: linalg.generic {{.*}}["parallel", "reduction"]} ins(%[[FLAT]],
func.func @activations(%image: tensor<3x4xf32>, %other: tensor<2x12xf32>) -> tensor<2xf32> {
  %start = arith.constant dense<0.0> : tensor<2xf32>
  %flat = tensor.collapse_shape %image [[0, 1]] : tensor<3x4xf32> into tensor<12xf32>
  %sums = linalg.generic {indexing_maps = [affine_map<(f, k) -> (k)>, affine_map<(f, k) -> (f, k)>,
      affine_map<(f, k) -> (f)>], iterator_types = ["parallel", "reduction"]}
      ins(%flat, %other : tensor<12xf32>, tensor<2x12xf32>) outs(%start : tensor<2xf32>) {
  ^bb0(%x: f32, %w: f32, %acc: f32):
    %product = arith.mulf %x, %w : f32
    %next = arith.addf %acc, %product : f32
    linalg.yield %next : f32
  } -> tensor<2xf32>
  return %sums : tensor<2xf32>
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
