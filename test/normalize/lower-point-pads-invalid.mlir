// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-lower-point-pads)' \
// RUN:   --split-input-file --verify-diagnostics

func.func @dynamic(%x: tensor<?x4x4x2xi8>, %w: tensor<1x1x2x1xi8>, %b: tensor<2xi32>) -> tensor<?x4x5x2xi32> {
  %zero = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  // expected-error@+1 {{a convolution of tensor<?x4x4x2xi8> needs a static shape}}
  %sums = "tosa.depthwise_conv2d"(%x, %w, %b, %zero, %zero) <{acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 1, 0>, stride = array<i64: 1, 1>}> : (tensor<?x4x4x2xi8>, tensor<1x1x2x1xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<?x4x5x2xi32>
  return %sums : tensor<?x4x5x2xi32>
}
