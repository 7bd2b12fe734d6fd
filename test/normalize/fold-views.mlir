// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-fold-views)' | FileCheck %s

// The batch that the reshape adds plays no role for the slice.
// CHECK-LABEL: func.func @slice(
// CHECK-NEXT: %[[PART:.*]] = tensor.extract_slice %arg0[1, 0, 4] [3, 5, 2] [1, 2, 1] : tensor<7x9x6xf32> to tensor<3x5x2xf32>
// CHECK-NEXT: return %[[PART]]
func.func @slice(%x: tensor<7x9x6xf32>) -> tensor<3x5x2xf32> {
  %batch = tensor.expand_shape %x [[0, 1], [2], [3]] output_shape [1, 7, 9, 6]
    : tensor<7x9x6xf32> into tensor<1x7x9x6xf32>
  %part = tensor.extract_slice %batch[0, 1, 0, 4] [1, 3, 5, 2] [1, 1, 2, 1]
    : tensor<1x7x9x6xf32> to tensor<3x5x2xf32>
  return %part : tensor<3x5x2xf32>
}

// Another reader keeps the reshape.
// CHECK-LABEL: func.func @shared(
// CHECK: %[[BATCH:.*]] = tensor.expand_shape %arg0
// CHECK: %[[PART:.*]] = tensor.extract_slice %arg0[2] [3] [1]
// CHECK: return %[[PART]], %[[BATCH]]
func.func @shared(%x: tensor<7xf32>) -> (tensor<3xf32>, tensor<1x7xf32>) {
  %batch = tensor.expand_shape %x [[0, 1]] output_shape [1, 7]
    : tensor<7xf32> into tensor<1x7xf32>
  %part = tensor.extract_slice %batch[0, 2] [1, 3] [1, 1] : tensor<1x7xf32> to tensor<3xf32>
  return %part, %batch : tensor<3xf32>, tensor<1x7xf32>
}
