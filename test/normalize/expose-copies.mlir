// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-expose-copies)' | FileCheck %s

#each = affine_map<(y, c) -> (y, c)>

// What is computed for its place alone is written there; an argument has to be copied.
// CHECK-LABEL: func.func @concat(
// CHECK-SAME: %[[X:.*]]: tensor<6x4xi8>, %[[Y:.*]]: tensor<6x2xi8>
// CHECK: %[[COMPUTED:.*]] = linalg.generic {{.*}} ins(%[[X]]
// CHECK: %[[FIRST:.*]] = tensor.insert_slice %[[COMPUTED]] into
// CHECK: %[[COPY:.*]] = linalg.generic {{.*}} ins(%[[Y]]
// CHECK-NEXT: ^bb0(%[[ELEMENT:.*]]: i8, %{{.*}}: i8):
// CHECK-NEXT: linalg.yield %[[ELEMENT]]
// CHECK: tensor.insert_slice %[[COPY]] into %[[FIRST]]
func.func @concat(%x: tensor<6x4xi8>, %y: tensor<6x2xi8>) -> tensor<6x6xi8> {
  %made = tensor.empty() : tensor<6x4xi8>
  %doubled = linalg.generic {indexing_maps = [#each, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<6x4xi8>) outs(%made : tensor<6x4xi8>) {
  ^bb0(%in: i8, %out: i8):
    %sum = arith.addi %in, %in : i8
    linalg.yield %sum : i8
  } -> tensor<6x4xi8>
  %dest = tensor.empty() : tensor<6x6xi8>
  %first = tensor.insert_slice %doubled into %dest[0, 0] [6, 4] [1, 1]
      : tensor<6x4xi8> into tensor<6x6xi8>
  %last = tensor.insert_slice %y into %first[0, 4] [6, 2] [1, 1]
      : tensor<6x2xi8> into tensor<6x6xi8>
  return %last : tensor<6x6xi8>
}

// Parts of parts are inserted at once, at the sum of both offsets.
// CHECK-LABEL: func.func @nested(
// CHECK-NOT: tensor<5x2xi8> into
// CHECK-DAG: tensor.insert_slice %{{.*}} into %{{.*}}[1, 0] [2, 2] [1, 1]
// CHECK-DAG: tensor.insert_slice %{{.*}} into %{{.*}}[3, 0] [3, 2] [1, 1]
func.func @nested(%x: tensor<1x2xi8>, %y: tensor<2x2xi8>, %z: tensor<3x2xi8>) -> tensor<6x2xi8> {
  %inner = tensor.empty() : tensor<5x2xi8>
  %top = tensor.insert_slice %y into %inner[0, 0] [2, 2] [1, 1]
      : tensor<2x2xi8> into tensor<5x2xi8>
  %both = tensor.insert_slice %z into %top[2, 0] [3, 2] [1, 1]
      : tensor<3x2xi8> into tensor<5x2xi8>
  %outer = tensor.empty() : tensor<6x2xi8>
  %first = tensor.insert_slice %x into %outer[0, 0] [1, 2] [1, 1]
      : tensor<1x2xi8> into tensor<6x2xi8>
  %last = tensor.insert_slice %both into %first[1, 0] [5, 2] [1, 1]
      : tensor<5x2xi8> into tensor<6x2xi8>
  return %last : tensor<6x2xi8>
}

// A result lies in a buffer of its own; an argument is one.
// CHECK-LABEL: func.func @results(
// CHECK-SAME: %[[X:.*]]: tensor<6x4xi8>
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[X]]
// CHECK: %[[LINE:.*]] = tensor.collapse_shape %[[X]]
// CHECK: %[[COPY:.*]] = linalg.generic {{.*}} ins(%[[SLICE]]
// CHECK: return %[[COPY]], %[[X]], %[[LINE]]
func.func @results(%x: tensor<6x4xi8>) -> (tensor<6x3xi8>, tensor<6x4xi8>, tensor<24xi8>) {
  %slice = tensor.extract_slice %x[0, 1] [6, 3] [1, 1] : tensor<6x4xi8> to tensor<6x3xi8>
  %line = tensor.collapse_shape %x [[0, 1]] : tensor<6x4xi8> into tensor<24xi8>
  return %slice, %x, %line : tensor<6x3xi8>, tensor<6x4xi8>, tensor<24xi8>
}

// What a state held before is overwritten at the end, so only that state may be returned as it is.
// CHECK-LABEL: func.func @states(
// CHECK-SAME: %[[X:.*]]: tensor<3xi8>, %[[KEPT:.*]]: tensor<3xi8>, %[[MOVED:.*]]: tensor<3x1xi8>
// CHECK: %[[LINE:.*]] = tensor.collapse_shape %[[MOVED]]
// CHECK: %[[COPY:.*]] = linalg.generic {{.*}} ins(%[[LINE]]
// CHECK: return %[[COPY]], %[[KEPT]], %[[X]]
func.func @states(%x: tensor<3xi8>, %kept: tensor<3xi8>, %moved: tensor<3x1xi8>)
    -> (tensor<3xi8>, tensor<3xi8>, tensor<3xi8>) attributes {fdt.states = array<i64: 0, 0>} {
  %line = tensor.collapse_shape %moved [[0, 1]] : tensor<3x1xi8> into tensor<3xi8>
  return %line, %kept, %x : tensor<3xi8>, tensor<3xi8>, tensor<3xi8>
}

// Three of four columns in a line are no view; two rows are.
// CHECK-LABEL: func.func @reshapes(
// CHECK: %[[COLUMNS:.*]] = tensor.extract_slice %{{.*}}[0, 1]
// CHECK: %[[COPY:.*]] = linalg.generic {{.*}} ins(%[[COLUMNS]]
// CHECK: tensor.collapse_shape %[[COPY]]
// CHECK: %[[ROWS:.*]] = tensor.extract_slice %{{.*}}[2, 0]
// CHECK: tensor.collapse_shape %[[ROWS]]
func.func @reshapes(%x: tensor<6x4xi8>) -> (tensor<18xi8>, tensor<8xi8>) {
  %columns = tensor.extract_slice %x[0, 1] [6, 3] [1, 1] : tensor<6x4xi8> to tensor<6x3xi8>
  %line = tensor.collapse_shape %columns [[0, 1]] : tensor<6x3xi8> into tensor<18xi8>
  %rows = tensor.extract_slice %x[2, 0] [2, 4] [1, 1] : tensor<6x4xi8> to tensor<2x4xi8>
  %block = tensor.collapse_shape %rows [[0, 1]] : tensor<2x4xi8> into tensor<8xi8>
  return %line, %block : tensor<18xi8>, tensor<8xi8>
}
