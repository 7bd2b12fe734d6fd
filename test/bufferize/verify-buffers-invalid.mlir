// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-verify-buffers)' \
// RUN:   --split-input-file --verify-diagnostics

// A copy costs RAM and time that no report would show; every one of them is named.
func.func @copies(%input: memref<3xi8>, %output: memref<3xi8>) {
  %buffer = memref.alloc() : memref<3xi8>
  // expected-error@+1 {{bufferization copies a whole tensor of type memref<3xi8>}}
  memref.copy %input, %buffer : memref<3xi8> to memref<3xi8>
  // expected-error@+1 {{bufferization copies a whole tensor of type memref<3xi8>}}
  memref.copy %buffer, %output : memref<3xi8> to memref<3xi8>
  return
}

// -----

func.func @dynamic(%size: index) {
  // expected-error@+1 {{a buffer of dynamic size cannot be planned: memref<?xi8>}}
  %buffer = memref.alloc(%size) : memref<?xi8>
  return
}

// -----

// The stack is RAM as well.
func.func @stack() {
  // expected-error@+1 {{'memref.alloca' uses memory, only kernel calls may}}
  %buffer = memref.alloca() : memref<3xi8>
  return
}

// -----

#element = affine_map<(c) -> (c)>

// Bufferized before it was a kernel: nothing would ever become C of it.
func.func @no_kernel(%input: memref<3xi8>, %output: memref<3xi8>) {
  // expected-error@+1 {{hint: run fdt-form-kernels before bufferization}}
  linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : memref<3xi8>) outs(%output : memref<3xi8>) {
  ^bb0(%x: i8, %out: i8):
    linalg.yield %x : i8
  }
  return
}
