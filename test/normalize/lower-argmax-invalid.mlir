// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-lower-argmax)' \
// RUN:   --split-input-file --verify-diagnostics

func.func @dynamic(%input: tensor<?x3xi8>) -> tensor<?xi32> {
  // expected-error@+1 {{an argmax of tensor<?x3xi8> needs a static shape}}
  %place = tosa.argmax %input axis(1) : (tensor<?x3xi8>) -> tensor<?xi32>
  return %place : tensor<?xi32>
}
