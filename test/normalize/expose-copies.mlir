// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-expose-copies)' | FileCheck %s

#element = affine_map<(c) -> (c)>

// An argument has a place of its own, and so has what somebody else reads as well: both are copied
// into the concatenation, by an operation that can become a kernel.
// CHECK-LABEL: func.func @concatenate(
// CHECK-SAME: %[[LEFT:.*]]: tensor<3xi8>, %[[RIGHT:.*]]: tensor<4xi8>
// CHECK: %[[SHARED:.*]] = linalg.generic {{.*}} ins(%[[RIGHT]] : tensor<4xi8>)
// CHECK: arith.addi
// CHECK: %[[FIRST:.*]] = linalg.generic {{.*}} ins(%[[LEFT]] : tensor<3xi8>)
// CHECK-NEXT: ^bb0(%[[X:.*]]: i8, %{{.*}}: i8):
// CHECK-NEXT: linalg.yield %[[X]]
// CHECK: tensor.insert_slice %[[FIRST]] into %{{.*}}[0] [3] [1]
// CHECK: %[[SECOND:.*]] = linalg.generic {{.*}} ins(%[[SHARED]] : tensor<4xi8>)
// CHECK: tensor.insert_slice %[[SECOND]] into %{{.*}}[3] [4] [1]
func.func @concatenate(%left: tensor<3xi8>, %right: tensor<4xi8>)
    -> (tensor<7xi8>, tensor<4xi8>) {
  %place = tensor.empty() : tensor<4xi8>
  %twice = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%right : tensor<4xi8>) outs(%place : tensor<4xi8>) {
  ^bb0(%x: i8, %out: i8):
    %sum = arith.addi %x, %x : i8
    linalg.yield %sum : i8
  } -> tensor<4xi8>
  %empty = tensor.empty() : tensor<7xi8>
  %one = tensor.insert_slice %left into %empty[0] [3] [1] : tensor<3xi8> into tensor<7xi8>
  %both = tensor.insert_slice %twice into %one[3] [4] [1] : tensor<4xi8> into tensor<7xi8>
  return %both, %twice : tensor<7xi8>, tensor<4xi8>
}

// A concatenation inside of another: its parts go straight into the outer tensor.
// CHECK-LABEL: func.func @nested(
// CHECK-NOT: into tensor<5xi8>
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[4] [2] [1] : tensor<2xi8> into tensor<9xi8>
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[6] [3] [1] : tensor<3xi8> into tensor<9xi8>
// CHECK: return
func.func @nested(%two: tensor<2xi8>, %three: tensor<3xi8>, %four: tensor<4xi8>) -> tensor<9xi8> {
  %small = tensor.empty() : tensor<5xi8>
  %inner_part = tensor.insert_slice %two into %small[0] [2] [1] : tensor<2xi8> into tensor<5xi8>
  %inner = tensor.insert_slice %three into %inner_part[2] [3] [1]
      : tensor<3xi8> into tensor<5xi8>
  %large = tensor.empty() : tensor<9xi8>
  %outer_part = tensor.insert_slice %four into %large[0] [4] [1] : tensor<4xi8> into tensor<9xi8>
  %outer = tensor.insert_slice %inner into %outer_part[4] [5] [1] : tensor<5xi8> into tensor<9xi8>
  return %outer : tensor<9xi8>
}

// The caller finds outputs in the arena, whole: constants and slices are copied there.
// CHECK-LABEL: func.func @outputs(
// CHECK: %[[CONSTANT:.*]] = arith.constant dense<{{.*}}> : tensor<3xi8>
// CHECK: %[[SLICE:.*]] = tensor.extract_slice
// CHECK: %[[FIRST:.*]] = linalg.generic {{.*}} ins(%[[SLICE]] : tensor<2xi8>)
// CHECK: %[[SECOND:.*]] = linalg.generic {{.*}} ins(%[[CONSTANT]] : tensor<3xi8>)
// CHECK: return %[[FIRST]], %[[SECOND]]
func.func @outputs(%input: tensor<5xi8>) -> (tensor<2xi8>, tensor<3xi8>) {
  %constant = arith.constant dense<[1, 2, 3]> : tensor<3xi8>
  %slice = tensor.extract_slice %input[1] [2] [1] : tensor<5xi8> to tensor<2xi8>
  return %slice, %constant : tensor<2xi8>, tensor<3xi8>
}

// The columns of a slice do not follow each other in memory: flattening them moves data.
// CHECK-LABEL: func.func @flattened(
// CHECK: %[[SLICE:.*]] = tensor.extract_slice
// CHECK: %[[COPY:.*]] = linalg.generic {{.*}} ins(%[[SLICE]] : tensor<2x3xi8>)
// CHECK: tensor.collapse_shape %[[COPY]]
func.func @flattened(%input: tensor<2x5xi8>) -> tensor<6xi8> {
  %columns = tensor.extract_slice %input[0, 1] [2, 3] [1, 1] : tensor<2x5xi8> to tensor<2x3xi8>
  %flat = tensor.collapse_shape %columns [[0, 1]] : tensor<2x3xi8> into tensor<6xi8>
  return %flat : tensor<6xi8>
}
