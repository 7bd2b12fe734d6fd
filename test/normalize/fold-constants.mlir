// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-fold-constants,canonicalize)' | FileCheck %s

// Weights become HWIO (here: rows and columns exchanged) in flash, not at run time.
// CHECK-LABEL: func.func @weights(
// CHECK-NEXT: %[[FOLDED:.*]] = arith.constant dense<{{\[\[}}1, 4], [2, 5], [3, 6]]> : tensor<3x2xi8>
// CHECK-NEXT: return %[[FOLDED]]
func.func @weights() -> tensor<3x2xi8> {
  %weights = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8>
  %place = tensor.empty() : tensor<3x2xi8>
  %transposed = linalg.transpose ins(%weights : tensor<2x3xi8>) outs(%place : tensor<3x2xi8>)
      permutation = [1, 0]
  return %transposed : tensor<3x2xi8>
}

// A transpose of a transpose folds as well; a splat stays a splat.
// CHECK-LABEL: func.func @chain(
// CHECK-NEXT: %[[SPLAT:.*]] = arith.constant dense<1.500000e+00> : tensor<4x2x3xf32>
// CHECK-NEXT: return %[[SPLAT]]
func.func @chain() -> tensor<4x2x3xf32> {
  %weights = arith.constant dense<1.5> : tensor<2x3x4xf32>
  %place = tensor.empty() : tensor<4x3x2xf32>
  %back = linalg.transpose ins(%weights : tensor<2x3x4xf32>) outs(%place : tensor<4x3x2xf32>)
      permutation = [2, 1, 0]
  %end = tensor.empty() : tensor<4x2x3xf32>
  %forth = linalg.transpose ins(%back : tensor<4x3x2xf32>) outs(%end : tensor<4x2x3xf32>)
      permutation = [0, 2, 1]
  return %forth : tensor<4x2x3xf32>
}

// Who reads the constant as it was keeps it.
// CHECK-LABEL: func.func @shared(
// CHECK-DAG: %[[PLAIN:.*]] = arith.constant dense<{{\[\[}}1, 2]]> : tensor<1x2xi32>
// CHECK-DAG: %[[TURNED:.*]] = arith.constant dense<{{\[\[}}1], [2]]> : tensor<2x1xi32>
// CHECK: return %[[PLAIN]], %[[TURNED]]
func.func @shared() -> (tensor<1x2xi32>, tensor<2x1xi32>) {
  %constant = arith.constant dense<[[1, 2]]> : tensor<1x2xi32>
  %place = tensor.empty() : tensor<2x1xi32>
  %turned = linalg.transpose ins(%constant : tensor<1x2xi32>) outs(%place : tensor<2x1xi32>)
      permutation = [1, 0]
  return %constant, %turned : tensor<1x2xi32>, tensor<2x1xi32>
}

// What is known at run time only is transposed at run time.
// CHECK-LABEL: func.func @activation(
// CHECK: linalg.transpose
func.func @activation(%input: tensor<2x3xi8>) -> tensor<3x2xi8> {
  %place = tensor.empty() : tensor<3x2xi8>
  %transposed = linalg.transpose ins(%input : tensor<2x3xi8>) outs(%place : tensor<3x2xi8>)
      permutation = [1, 0]
  return %transposed : tensor<3x2xi8>
}

// The weights of a group, cut out of those of a grouped convolution, are a constant of their own.
// CHECK-LABEL: func.func @group(
// CHECK-NEXT: %[[GROUP:.*]] = arith.constant dense<{{\[\[}}4, 6]]> : tensor<1x2xi8>
// CHECK-NEXT: return %[[GROUP]]
func.func @group() -> tensor<1x2xi8> {
  %weights = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8>
  %group = tensor.extract_slice %weights[1, 0] [1, 2] [1, 2] : tensor<2x3xi8> to tensor<1x2xi8>
  return %group : tensor<1x2xi8>
}

// A clamp that leaves one number is that number; what it was of need not be computed.
// CHECK-LABEL: func.func @number(
// CHECK-NEXT: %[[NUMBER:.*]] = arith.constant dense<127> : tensor<2x3xi8>
// CHECK-NEXT: return %[[NUMBER]]
func.func @number(%input: tensor<2x3xi8>) -> tensor<2x3xi8> {
  %greatest = arith.constant 127 : i8
  %place = tensor.empty() : tensor<2x3xi8>
  %clamped = linalg.generic {
      indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%input : tensor<2x3xi8>) outs(%place : tensor<2x3xi8>) {
  ^bb0(%element: i8, %before: i8):
    linalg.yield %greatest : i8
  } -> tensor<2x3xi8>
  return %clamped : tensor<2x3xi8>
}
