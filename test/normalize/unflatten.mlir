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

// The rescale of an accumulator comes before the flattening, so that both are one layer.
// CHECK-LABEL: func.func @epilogue_comes_before_the_flattening
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<3x2x5xi8>)
// CHECK: %[[SMALL:.*]] = linalg.generic {{.*}} ins(%[[SUM]] : tensor<3x2xi32>)
// CHECK: tensor.collapse_shape %{{.*}} : tensor<3x2xi8> into tensor<6xi8>
func.func @epilogue_comes_before_the_flattening(%x: tensor<3x2x5xi8>) -> tensor<6xi8> {
  %zero = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<3x2xi32>
  %start = linalg.fill ins(%zero : i32) outs(%empty : tensor<3x2xi32>) -> tensor<3x2xi32>
  %sum = linalg.generic {indexing_maps = [affine_map<(a, b, k) -> (a, b, k)>,
      affine_map<(a, b, k) -> (a, b)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : tensor<3x2x5xi8>) outs(%start : tensor<3x2xi32>) {
  ^bb0(%a: i8, %acc: i32):
    %wide = arith.extsi %a : i8 to i32
    %next = arith.addi %acc, %wide : i32
    linalg.yield %next : i32
  } -> tensor<3x2xi32>
  %flat = tensor.collapse_shape %sum [[0, 1]] : tensor<3x2xi32> into tensor<6xi32>
  %result = tensor.empty() : tensor<6xi8>
  %small = linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> (n)>],
      iterator_types = ["parallel"]} ins(%flat : tensor<6xi32>) outs(%result : tensor<6xi8>) {
  ^bb0(%a: i32, %unused: i8):
    %narrow = arith.trunci %a : i32 to i8
    linalg.yield %narrow : i8
  } -> tensor<6xi8>
  return %small : tensor<6xi8>
}
