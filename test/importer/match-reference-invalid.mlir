// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-match-reference)' \
// RUN:   --split-input-file --verify-diagnostics

// How many elements a window has is not known: the exact division cannot be written down.
func.func @dynamic(%image: tensor<?x4x6x5xi8>, %zero: tensor<1xi8>) -> tensor<?x2x2x5xi8> {
  // expected-error@+1 {{an average pool of tensor<?x4x6x5xi8> needs a static shape}}
  %mean = tosa.avg_pool2d %image, %zero, %zero kernel([2, 3]) stride([2, 3]) pad([0, 0, 0, 0])
      acc_type(i32) {fdt.source = "AVERAGE_POOL_2D"}
      : (tensor<?x4x6x5xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<?x2x2x5xi8>
  return %mean : tensor<?x2x2x5xi8>
}
