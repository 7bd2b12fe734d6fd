// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-sink-reshapes)' | FileCheck %s

#element = affine_map<(n) -> (n)>
#pairs = affine_map<(c, m, k) -> (c, m, k)>
#sum = affine_map<(c, m, k) -> (c, m)>

// The pass never fails; here is what it must leave alone.

// The body counts the joined elements; over two loops its number would mean another one.
// CHECK-LABEL: func.func @counted(
// CHECK: %[[JOINED:.*]] = tensor.collapse_shape
// CHECK: linalg.generic {{.*}}["parallel"]} ins(%[[JOINED]] : tensor<6xi32>)
func.func @counted(%input: tensor<3x2x4xi32>, %start: tensor<3x2xi32>) -> tensor<6xi32> {
  %sums = linalg.generic {indexing_maps = [#pairs, #sum],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%input : tensor<3x2x4xi32>) outs(%start : tensor<3x2xi32>) {
  ^bb0(%x: i32, %acc: i32):
    %next = arith.addi %acc, %x : i32
    linalg.yield %next : i32
  } -> tensor<3x2xi32>
  %joined = tensor.collapse_shape %sums [[0, 1]] : tensor<3x2xi32> into tensor<6xi32>
  %place = tensor.empty() : tensor<6xi32>
  %numbered = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%joined : tensor<6xi32>) outs(%place : tensor<6xi32>) {
  ^bb0(%x: i32, %out: i32):
    %n = linalg.index 0 : index
    %number = arith.index_cast %n : index to i32
    %sum = arith.addi %x, %number : i32
    linalg.yield %sum : i32
  } -> tensor<6xi32>
  return %numbered : tensor<6xi32>
}

// Somebody else reads the joined tensor as well: it has to exist.
// CHECK-LABEL: func.func @shared(
// CHECK: %[[JOINED:.*]] = tensor.collapse_shape
// CHECK: linalg.generic {{.*}}["parallel"]} ins(%[[JOINED]] : tensor<6xi32>)
// CHECK: return %[[JOINED]]
func.func @shared(%input: tensor<3x2x4xi32>, %start: tensor<3x2xi32>)
    -> (tensor<6xi32>, tensor<6xi8>) {
  %sums = linalg.generic {indexing_maps = [#pairs, #sum],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%input : tensor<3x2x4xi32>) outs(%start : tensor<3x2xi32>) {
  ^bb0(%x: i32, %acc: i32):
    %next = arith.addi %acc, %x : i32
    linalg.yield %next : i32
  } -> tensor<3x2xi32>
  %joined = tensor.collapse_shape %sums [[0, 1]] : tensor<3x2xi32> into tensor<6xi32>
  %place = tensor.empty() : tensor<6xi8>
  %narrow = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%joined : tensor<6xi32>) outs(%place : tensor<6xi8>) {
  ^bb0(%x: i32, %out: i8):
    %byte = arith.trunci %x : i32 to i8
    linalg.yield %byte : i8
  } -> tensor<6xi8>
  return %joined, %narrow : tensor<6xi32>, tensor<6xi8>
}
