// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-make-batch-static)' \
// RUN:   --split-input-file --verify-diagnostics

// Only the batch has an obvious size; guessing a height would change the model.
// expected-error@+2 {{argument 0 of @image is tensor<?x?x8xi8>: dimension 1 not fixed}}
// expected-error@+1 {{hint: export the model with a fixed input shape}}
func.func @image(%image: tensor<?x?x8xi8>, %other: tensor<?x?x?xi8>) {
  return
}

// -----

func.func @unranked(%image: tensor<?x8xi8>) {
  // expected-error@+1 {{result 0 of tensor.cast is tensor<*xi8>, a tensor of unknown rank}}
  %cast = tensor.cast %image : tensor<?x8xi8> to tensor<*xi8>
  return
}

// -----

// Here the leading dimension is no batch: the constant says 24 rows.
func.func @rows(%image: tensor<?x4x6xi8>) -> tensor<?x8xi8> {
  %shape = "tosa.const_shape"() <{values = dense<[24, 8]> : tensor<2xindex>}> : () -> !tosa.shape<2>
  // expected-error@+1 {{hint: not every leading dimension can be 1}}
  %rows = tosa.reshape %image, %shape : (tensor<?x4x6xi8>, !tosa.shape<2>) -> tensor<?x8xi8>
  return %rows : tensor<?x8xi8>
}
