// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-fold-views)' | FileCheck %s

// The pass never fails; here is what it must leave alone.

// A reshape that cuts a dimension in two: its slice is no slice of the tensor.
// CHECK-LABEL: func.func @cut(
// CHECK: %[[CUT:.*]] = tensor.expand_shape
// CHECK: tensor.extract_slice %[[CUT]]
func.func @cut(%input: tensor<6xi8>) -> tensor<2xi8> {
  %rows = tensor.expand_shape %input [[0, 1]] output_shape [2, 3] : tensor<6xi8> into tensor<2x3xi8>
  %column = tensor.extract_slice %rows[0, 1] [2, 1] [1, 1] : tensor<2x3xi8> to tensor<2xi8>
  return %column : tensor<2xi8>
}

// A slice that keeps the added dimension has more dimensions than the tensor.
// CHECK-LABEL: func.func @kept(
// CHECK: %[[ROW:.*]] = tensor.expand_shape
// CHECK: tensor.extract_slice %[[ROW]]
func.func @kept(%input: tensor<5xi8>) -> tensor<1x3xi8> {
  %row = tensor.expand_shape %input [[0, 1]] output_shape [1, 5] : tensor<5xi8> into tensor<1x5xi8>
  %part = tensor.extract_slice %row[0, 1] [1, 3] [1, 1] : tensor<1x5xi8> to tensor<1x3xi8>
  return %part : tensor<1x3xi8>
}

// A position that the model computes.
// CHECK-LABEL: func.func @moving(
// CHECK: %[[ROW:.*]] = tensor.expand_shape
// CHECK: tensor.extract_slice %[[ROW]]
func.func @moving(%input: tensor<5xi8>, %first: index) -> tensor<3xi8> {
  %row = tensor.expand_shape %input [[0, 1]] output_shape [1, 5] : tensor<5xi8> into tensor<1x5xi8>
  %part = tensor.extract_slice %row[0, %first] [1, 3] [1, 1] : tensor<1x5xi8> to tensor<3xi8>
  return %part : tensor<3xi8>
}
