// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-mark-layers)' \
// RUN:   --split-input-file --verify-diagnostics

// Everything that is not ready for a kernel is named, not the first only.
func.func @not_lowered(%left: tensor<2x3xf32>, %right: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %start = arith.constant dense<0.0> : tensor<2x4xf32>
  // expected-error@+1 {{operation 'tosa.exp' cannot be compiled}}
  %large = tosa.exp %left : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-error@+1 {{hint: run linalg-generalize-named-ops first}}
  %product = linalg.matmul ins(%large, %right : tensor<2x3xf32>, tensor<3x4xf32>)
      outs(%start : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %product : tensor<2x4xf32>
}

// -----

// A kernel call is a step that always runs: there are no branches between them.
// expected-error@+1 {{the function has 2 blocks, one is needed}}
func.func @branch(%input: tensor<3xi8>) -> tensor<3xi8> {
  cf.br ^next
^next:
  return %input : tensor<3xi8>
}

// -----

#element = affine_map<(c) -> (c)>

// Memory is planned at compile time.
func.func @dynamic(%input: tensor<?xf32>, %place: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{tensor<?xf32> has no static shape}}
  %copy = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<?xf32>) outs(%place : tensor<?xf32>) {
  ^bb0(%x: f32, %out: f32):
    linalg.yield %x : f32
  } -> tensor<?xf32>
  return %copy : tensor<?xf32>
}

// -----

#element = affine_map<(c) -> (c)>

func.func @complex(%input: tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>> {
  %place = tensor.empty() : tensor<3xcomplex<f32>>
  // expected-error@+1 {{elements of tensor<3xcomplex<f32>> are no numbers that C knows}}
  %copy = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xcomplex<f32>>) outs(%place : tensor<3xcomplex<f32>>) {
  ^bb0(%x: complex<f32>, %out: complex<f32>):
    linalg.yield %x : complex<f32>
  } -> tensor<3xcomplex<f32>>
  return %copy : tensor<3xcomplex<f32>>
}

// -----

#element = affine_map<(c) -> (c)>

// Elements between the written ones would keep what the place held before.
func.func @scattered(%input: tensor<3xf32>) -> tensor<5xf32> {
  %place = tensor.empty() : tensor<5xf32>
  // expected-error@+1 {{the result is written through (d0) -> (d0 * 2), which is not one element}}
  %spread = linalg.generic {indexing_maps = [#element, affine_map<(c) -> (c * 2)>],
      iterator_types = ["parallel"]}
      ins(%input : tensor<3xf32>) outs(%place : tensor<5xf32>) {
  ^bb0(%x: f32, %out: f32):
    linalg.yield %x : f32
  } -> tensor<5xf32>
  return %spread : tensor<5xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// Kernels step through memory by constant strides.
func.func @wrapped(%input: tensor<2xf32>) -> tensor<4xf32> {
  %place = tensor.empty() : tensor<4xf32>
  // expected-error@+1 {{(d0) -> (d0 mod 2) is not linear in the loops}}
  %repeated = linalg.generic {indexing_maps = [affine_map<(c) -> (c mod 2)>, #element],
      iterator_types = ["parallel"]}
      ins(%input : tensor<2xf32>) outs(%place : tensor<4xf32>) {
  ^bb0(%x: f32, %out: f32):
    linalg.yield %x : f32
  } -> tensor<4xf32>
  return %repeated : tensor<4xf32>
}

// -----

// The border of a kernel is compiled in.
func.func @pad(%input: tensor<3xf32>, %border: f32) -> tensor<4xf32> {
  // expected-error@+1 {{a tensor is padded with a value that is not a constant}}
  %padded = tensor.pad %input low[1] high[0] {
  ^bb0(%c: index):
    tensor.yield %border : f32
  } : tensor<3xf32> to tensor<4xf32>
  return %padded : tensor<4xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// Kernels take memory, no scalars.
func.func @scalar(%input: tensor<3xf32>, %factor: f32) -> tensor<3xf32> {
  %place = tensor.empty() : tensor<3xf32>
  // expected-error@+1 {{an element is computed from a scalar that is not a constant}}
  %scaled = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xf32>) outs(%place : tensor<3xf32>) {
  ^bb0(%x: f32, %out: f32):
    %product = arith.mulf %x, %factor : f32
    linalg.yield %product : f32
  } -> tensor<3xf32>
  return %scaled : tensor<3xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// An element is one expression.
func.func @region(%input: tensor<3xf32>) -> tensor<3xf32> {
  %place = tensor.empty() : tensor<3xf32>
  %always = arith.constant true
  // expected-error@+1 {{'scf.if' inside of 'linalg.generic' cannot be compiled}}
  %chosen = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xf32>) outs(%place : tensor<3xf32>) {
  ^bb0(%x: f32, %out: f32):
    %either = scf.if %always -> f32 {
      scf.yield %x : f32
    } else {
      scf.yield %x : f32
    }
    linalg.yield %either : f32
  } -> tensor<3xf32>
  return %chosen : tensor<3xf32>
}
