// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-fold-views)' | FileCheck %s

// The slice reads the tensor itself: the dimension of extent 1 between them is gone.
// CHECK-LABEL: func.func @rows(
// CHECK-SAME: %[[INPUT:.*]]: tensor<5x6xi8>
// CHECK-NOT: tensor.expand_shape
// CHECK: tensor.extract_slice %[[INPUT]][2, 0] [3, 6] [1, 1] : tensor<5x6xi8> to tensor<3x6xi8>
func.func @rows(%input: tensor<5x6xi8>) -> tensor<3x6xi8> {
  %image = tensor.expand_shape %input [[0, 1], [2]] output_shape [1, 5, 6]
      : tensor<5x6xi8> into tensor<1x5x6xi8>
  %rows = tensor.extract_slice %image[0, 2, 0] [1, 3, 6] [1, 1, 1]
      : tensor<1x5x6xi8> to tensor<3x6xi8>
  return %rows : tensor<3x6xi8>
}

// Who reads the reshape as it is keeps it.
// CHECK-LABEL: func.func @shared(
// CHECK-SAME: %[[INPUT:.*]]: tensor<5xi8>
// CHECK: %[[ROW:.*]] = tensor.expand_shape %[[INPUT]]
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[INPUT]][1] [2] [2]
// CHECK: return %[[ROW]], %[[PART]]
func.func @shared(%input: tensor<5xi8>) -> (tensor<1x5xi8>, tensor<2xi8>) {
  %row = tensor.expand_shape %input [[0, 1]] output_shape [1, 5] : tensor<5xi8> into tensor<1x5xi8>
  %part = tensor.extract_slice %row[0, 1] [1, 2] [1, 2] : tensor<1x5xi8> to tensor<2xi8>
  return %row, %part : tensor<1x5xi8>, tensor<2xi8>
}
