// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-order-ops)' \
// RUN:   --split-input-file --verify-diagnostics

#same = affine_map<(d0) -> (d0)>

// Layers are what is ordered.
func.func @unmarked(%x: tensor<3xi8>) -> tensor<3xi8> {
  %space = tensor.empty() : tensor<3xi8>
  // expected-error@+1 {{'linalg.generic' is part of no layer}}
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]}
      ins(%x : tensor<3xi8>) outs(%space : tensor<3xi8>) {
  ^bb0(%e: i8, %out: i8):
    linalg.yield %e : i8
  } -> tensor<3xi8>
  return %y : tensor<3xi8>
}

// -----

// What shares memory must not be moved.
func.func @memory(%x: memref<3xi8>) {
  // expected-error@+1 {{the order is fixed once there is memory}}
  %buffer = memref.alloc() : memref<3xi8>
  return
}
