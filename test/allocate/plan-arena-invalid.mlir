// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-plan-arena)' \
// RUN:   --split-input-file --verify-diagnostics

// expected-error@+1 {{argument tensor<3xi8> is no memory of known size}}
func.func @tensors(%input: tensor<3xi8>) -> tensor<3xi8> {
  return %input : tensor<3xi8>
}

// -----

// expected-error@+1 {{hint: run one-shot-bufferize, with function boundaries, first}}
func.func @dynamic(%input: memref<?xi8>) {
  return
}

// -----

// A buffer has its name and its first step from the call that writes it.
func.func @unwritten() -> memref<3xi8> {
  // expected-error@+1 {{no kernel call writes this buffer}}
  %buffer = memref.alloc() : memref<3xi8>
  return %buffer : memref<3xi8>
}

// -----

func.func @unknown(%input: memref<3xi8>, %output: memref<5xi8>) {
  // expected-error@+1 {{the kernel call lacks fdt.kind, fdt.macs}}
  iree_codegen.ukernel.generic {fdt.layer = "mystery"} "mystery"
      ins(%input : memref<3xi8>) outs(%output : memref<5xi8>)
  return
}
