// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-fold-constants)' \
// RUN:   --split-input-file --verify-diagnostics

// Exporters keep large weights apart from the IR; then there is nothing to transpose.
func.func @apart() -> tensor<3x2xi8> {
  // expected-error@+1 {{the data of a constant tensor<2x3xi8> cannot be read}}
  %weights = arith.constant dense_resource<weights> : tensor<2x3xi8>
  %place = tensor.empty() : tensor<3x2xi8>
  %transposed = linalg.transpose ins(%weights : tensor<2x3xi8>) outs(%place : tensor<3x2xi8>)
      permutation = [1, 0]
  return %transposed : tensor<3x2xi8>
}

{-# dialect_resources: { builtin: { weights: "0x08000000010203040506" } } #-}

// -----

// No machine has elements of four bits: which way they lie in memory is not agreed.
func.func @nibbles() -> tensor<3x2xi4> {
  // expected-error@+1 {{hint: write it as dense<...> of i1, i8}}
  %weights = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi4>
  %place = tensor.empty() : tensor<3x2xi4>
  %transposed = linalg.transpose ins(%weights : tensor<2x3xi4>) outs(%place : tensor<3x2xi4>)
      permutation = [1, 0]
  return %transposed : tensor<3x2xi4>
}
