// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-make-batch-static)' \
// RUN:   --split-input-file --verify-diagnostics

// Only the batch has an obvious size; guessing a height would change the model.
// expected-error@+2 {{argument 0 of @image is tensor<?x?x8xi8>: dimension 1 not fixed}}
// expected-error@+1 {{hint: export the model with a fixed input shape}}
func.func @image(%image: tensor<?x?x8xi8>, %other: tensor<?x?x?xi8>) {
  return
}
