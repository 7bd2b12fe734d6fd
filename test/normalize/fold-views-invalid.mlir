// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-fold-views)' | FileCheck %s

// A slice of more dimensions than the tensor is no slice of the tensor.
// CHECK-LABEL: func.func @wider(
// CHECK: tensor.expand_shape
// CHECK: tensor.extract_slice %{{.*}}[0, 2] [1, 3] [1, 1] : tensor<1x7xf32> to tensor<1x3xf32>
func.func @wider(%x: tensor<7xf32>) -> tensor<1x3xf32> {
  %batch = tensor.expand_shape %x [[0, 1]] output_shape [1, 7]
    : tensor<7xf32> into tensor<1x7xf32>
  %part = tensor.extract_slice %batch[0, 2] [1, 3] [1, 1] : tensor<1x7xf32> to tensor<1x3xf32>
  return %part : tensor<1x3xf32>
}

// Nor can a slice be followed through a reshape that splits a dimension.
// CHECK-LABEL: func.func @split(
// CHECK: tensor.expand_shape
// CHECK: tensor.extract_slice %{{.*}}[1, 0] [1, 4] [1, 1] : tensor<2x4xf32> to tensor<4xf32>
func.func @split(%x: tensor<8xf32>) -> tensor<4xf32> {
  %rows = tensor.expand_shape %x [[0, 1]] output_shape [2, 4]
    : tensor<8xf32> into tensor<2x4xf32>
  %row = tensor.extract_slice %rows[1, 0] [1, 4] [1, 1] : tensor<2x4xf32> to tensor<4xf32>
  return %row : tensor<4xf32>
}
