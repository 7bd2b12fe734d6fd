// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-expose-copies)' | FileCheck %s

#element = affine_map<(c) -> (c)>

// The pass never fails; here is what it must leave alone: every copy costs time and memory.

// A part that is computed for its place alone is written there.
// CHECK-LABEL: func.func @computed(
// CHECK: %[[PART:.*]] = linalg.generic
// CHECK: arith.addi
// CHECK-NOT: linalg.generic
// CHECK: tensor.insert_slice %[[PART]]
// CHECK: return
func.func @computed(%input: tensor<3xi8>) -> tensor<7xi8> {
  %place = tensor.empty() : tensor<3xi8>
  %twice = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xi8>) outs(%place : tensor<3xi8>) {
  ^bb0(%x: i8, %out: i8):
    %sum = arith.addi %x, %x : i8
    linalg.yield %sum : i8
  } -> tensor<3xi8>
  %empty = tensor.empty() : tensor<7xi8>
  %part = tensor.insert_slice %twice into %empty[4] [3] [1] : tensor<3xi8> into tensor<7xi8>
  return %part : tensor<7xi8>
}

// Whole rows do follow each other: flattened, they are a view; and a reshape of an input is the
// input.
// CHECK-LABEL: func.func @views(
// CHECK-NOT: linalg.generic {{.*}} tensor<2x3xi8>
// CHECK: tensor.collapse_shape
// CHECK: return
func.func @views(%input: tensor<5x3xi8>) -> (tensor<6xi8>, tensor<15xi8>) {
  %rows = tensor.extract_slice %input[1, 0] [2, 3] [1, 1] : tensor<5x3xi8> to tensor<2x3xi8>
  %flat = tensor.collapse_shape %rows [[0, 1]] : tensor<2x3xi8> into tensor<6xi8>
  %place = tensor.empty() : tensor<6xi8>
  %twice = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%flat : tensor<6xi8>) outs(%place : tensor<6xi8>) {
  ^bb0(%x: i8, %out: i8):
    %sum = arith.addi %x, %x : i8
    linalg.yield %sum : i8
  } -> tensor<6xi8>
  %all = tensor.collapse_shape %input [[0, 1]] : tensor<5x3xi8> into tensor<15xi8>
  return %twice, %all : tensor<6xi8>, tensor<15xi8>
}
