// RUN: fdt-opt %s --split-input-file --verify-diagnostics --fdt-stream-input

// What the caller reads is the input itself.
func.func @returned(%x: tensor<6x4xi8>) -> tensor<6x4xi8> attributes {fdt.stream_input = 0 : i64} {
  // expected-error@+1 {{the input cannot be streamed: 'func.return' needs all of it at once}}
  return %x : tensor<6x4xi8>
}

// -----

// expected-error@+1 {{the input cannot be streamed: nothing reads it}}
func.func @unread(%x: tensor<6x4xi8>) attributes {fdt.stream_input = 0 : i64} {
  return
}
