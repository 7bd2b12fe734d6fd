// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-lower-point-pads)' | FileCheck %s
// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-lower-point-pads,iree-tosa-input-transformation-pipeline)' \
// RUN:   | FileCheck %s --check-prefix=LOWERED

// A pad before a depthwise convolution of 1x1 elements, and a border of its own: both are
// operations of their own, which MLIR does not fold into the product that it makes of it.
// CHECK-LABEL: func.func @points(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x4x2xi8>
// CHECK: %[[PADDED:.*]] = tensor.pad %[[X]] low[0, 2, 0, 0] high[0, 0, 0, 0]
// CHECK: tensor<1x4x4x2xi8> to tensor<1x6x4x2xi8>
// CHECK: %[[BORDER:.*]] = arith.constant 1 : i8
// CHECK: %[[BORDERED:.*]] = tensor.pad %[[PADDED]] low[0, 0, 1, 0] high[0, 0, 2, 0]
// CHECK: tensor.yield %[[BORDER]]
// CHECK: tosa.depthwise_conv2d %[[BORDERED]], {{.*}} pad([0, 0, 0, 0])
// LOWERED-LABEL: func.func @points(
// LOWERED-NOT: tosa.
func.func @points(%x: tensor<1x4x4x2xi8>, %w: tensor<1x1x2x1xi8>, %b: tensor<2xi32>) -> tensor<1x6x7x2xi32> {
  %border = "tosa.const"() <{values = dense<1> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zero = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %extents = "tosa.const_shape"() <{values = dense<[0, 0, 2, 0, 0, 0, 0, 0]> : tensor<8xindex>}> : () -> !tosa.shape<8>
  %padded = tosa.pad %x, %extents, %border : (tensor<1x4x4x2xi8>, !tosa.shape<8>, tensor<1xi8>) -> tensor<1x6x4x2xi8>
  %sums = "tosa.depthwise_conv2d"(%padded, %w, %b, %border, %zero) <{acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 1, 2>, stride = array<i64: 1, 1>}> : (tensor<1x6x4x2xi8>, tensor<1x1x2x1xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x6x7x2xi32>
  return %sums : tensor<1x6x7x2xi32>
}

// Floats pad as they are, and windows of more than one element are no products.
// CHECK-LABEL: func.func @windows(
// CHECK-NOT: tensor.pad
// CHECK: tosa.depthwise_conv2d {{.*}} pad([1, 0, 0, 0])
func.func @windows(%x: tensor<1x4x4x2xi8>, %w: tensor<2x1x2x1xi8>, %b: tensor<2xi32>) -> tensor<1x4x4x2xi32> {
  %zero = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %sums = "tosa.depthwise_conv2d"(%x, %w, %b, %zero, %zero) <{acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 0, 0, 0>, stride = array<i64: 1, 1>}> : (tensor<1x4x4x2xi8>, tensor<2x1x2x1xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x2xi32>
  return %sums : tensor<1x4x4x2xi32>
}
