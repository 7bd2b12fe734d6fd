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

// -----

// expected-error@+1 {{the buffers need at least 8 bytes, but the memories have 7 together (fast 4, slow 3)}}
func.func @no_memory(%input: memref<5xi8>) -> memref<3xi8> attributes { fdt.keep_inputs,
    fdt.memories = [{capacity_bytes = 4 : i64, name = "fast"}, {capacity_bytes = 3 : i64, name = "slow"}]} {
  %output = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.layer = "dense", fdt.kind = "dense", fdt.macs = 15 : i64,
      fdt.dims = array<i64: 3, 5>, fdt.result_dims = 1 : i64, fdt.stages = [],
      fdt.maps = [affine_map<(o, i) -> (i)>, affine_map<(o, i) -> (o)>]} "dense"
      ins(%input : memref<5xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}
