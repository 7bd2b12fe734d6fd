// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-sink-reshapes,canonicalize)' | FileCheck %s

#sum = affine_map<(y, c, m, k) -> (y, c, m)>
#image = affine_map<(y, c, m, k) -> (y, k, c)>
#each = affine_map<(y, d) -> (y, d)>
#channel = affine_map<(y, d) -> (d)>

// Channels and multiples of a depthwise convolution stay apart until the result is int8.
// CHECK-LABEL: func.func @depthwise(
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<5x4x3xi8>) outs({{.*}} : tensor<5x3x2xi32>)
// CHECK-NOT: tensor.collapse_shape
// CHECK: %[[NARROW:.*]] = linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel"]
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<5x3x2xi32>, tensor<3x2xi32>)
// CHECK-SAME: outs(%{{.*}} : tensor<5x3x2xi8>)
// CHECK: tensor.collapse_shape %[[NARROW]] {{.*}} : tensor<5x3x2xi8> into tensor<5x6xi8>
func.func @depthwise(%image: tensor<5x4x3xi8>, %start: tensor<5x3x2xi32>) -> tensor<5x6xi8> {
  %bias = arith.constant dense<[1, 2, 3, 4, 5, 6]> : tensor<6xi32>
  %sums = linalg.generic {indexing_maps = [#image, #sum],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%image : tensor<5x4x3xi8>) outs(%start : tensor<5x3x2xi32>) {
  ^bb0(%in: i8, %acc: i32):
    %wide = arith.extsi %in : i8 to i32
    %next = arith.addi %wide, %acc : i32
    linalg.yield %next : i32
  } -> tensor<5x3x2xi32>
  %joined = tensor.collapse_shape %sums [[0], [1, 2]] : tensor<5x3x2xi32> into tensor<5x6xi32>
  %made = tensor.empty() : tensor<5x6xi8>
  %narrow = linalg.generic {indexing_maps = [#each, #channel, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%joined, %bias : tensor<5x6xi32>, tensor<6xi32>) outs(%made : tensor<5x6xi8>) {
  ^bb0(%in: i32, %b: i32, %out: i8):
    %biased = arith.addi %in, %b : i32
    %small = arith.trunci %biased : i32 to i8
    linalg.yield %small : i8
  } -> tensor<5x6xi8>
  return %narrow : tensor<5x6xi8>
}

// A map that joins two layers stays in the shape of both.
// CHECK-LABEL: func.func @join(
// CHECK: tensor.collapse_shape %{{.*}} : tensor<5x3x2xi32> into tensor<5x6xi32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<5x6xi32>, tensor<5x6xi32>)
func.func @join(%image: tensor<5x4x3xi8>, %start: tensor<5x3x2xi32>, %other: tensor<5x6xi32>)
    -> tensor<5x6xi32> {
  %sums = linalg.generic {indexing_maps = [#image, #sum],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%image : tensor<5x4x3xi8>) outs(%start : tensor<5x3x2xi32>) {
  ^bb0(%in: i8, %acc: i32):
    %wide = arith.extsi %in : i8 to i32
    %next = arith.addi %wide, %acc : i32
    linalg.yield %next : i32
  } -> tensor<5x3x2xi32>
  %joined = tensor.collapse_shape %sums [[0], [1, 2]] : tensor<5x3x2xi32> into tensor<5x6xi32>
  %made = tensor.empty() : tensor<5x6xi32>
  %both = linalg.generic {indexing_maps = [#each, #each, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%joined, %other : tensor<5x6xi32>, tensor<5x6xi32>) outs(%made : tensor<5x6xi32>) {
  ^bb0(%a: i32, %b: i32, %out: i32):
    %total = arith.addi %a, %b : i32
    linalg.yield %total : i32
  } -> tensor<5x6xi32>
  return %both : tensor<5x6xi32>
}
