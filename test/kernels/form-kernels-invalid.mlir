// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-form-kernels)' \
// RUN:   --split-input-file --verify-diagnostics

#element = affine_map<(c) -> (c)>

func.func @unmarked(%input: tensor<3xf32>) -> tensor<3xf32> {
  %place = tensor.empty() : tensor<3xf32>
  // expected-error@+1 {{'linalg.generic' belongs to no layer}}
  %copy = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xf32>) outs(%place : tensor<3xf32>) {
  ^bb0(%x: f32, %out: f32):
    linalg.yield %x : f32
  } -> tensor<3xf32>
  return %copy : tensor<3xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// A layer is what becomes one call, and a call writes one tensor.
func.func @two_results(%input: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %place = tensor.empty() : tensor<3xf32>
  %sum = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xf32>) outs(%place : tensor<3xf32>) attrs = {fdt.layer = "pair"} {
  ^bb0(%x: f32, %out: f32):
    %twice = arith.addf %x, %x : f32
    linalg.yield %twice : f32
  } -> tensor<3xf32>
  // expected-error@+1 {{layer 'pair' has 2 results that others read, a kernel has one}}
  %square = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xf32>) outs(%place : tensor<3xf32>) attrs = {fdt.layer = "pair"} {
  ^bb0(%x: f32, %out: f32):
    %product = arith.mulf %x, %x : f32
    linalg.yield %product : f32
  } -> tensor<3xf32>
  return %sum, %square : tensor<3xf32>, tensor<3xf32>
}

// -----

// A mark does not make a kernel of what has no loops.
func.func @marked(%input: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{operation 'tosa.exp' cannot be compiled}}
  %large = tosa.exp %input {fdt.layer = "exp"} : (tensor<3xf32>) -> tensor<3xf32>
  return %large : tensor<3xf32>
}
