// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-discover-paths{ram=30})' \
// RUN:   --split-input-file --verify-diagnostics

// The result takes the input's bytes, no tiling needs less; the step that needs most is named.
#same = affine_map<(d0) -> (d0)>
func.func @budget(%x: tensor<10xf32>) -> tensor<10xf32> {
  %space = tensor.empty() : tensor<10xf32>
  // expected-error@+1 {{no tiling fits 30 bytes of RAM: the smallest arena found is 40 bytes, at 0.0 % more multiply-accumulates; it is set by 'input_0' (40 bytes) in 'double'}}
  %doubled = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]}
      ins(%x : tensor<10xf32>) outs(%space : tensor<10xf32>)
      attrs = {fdt.layer = "double", fdt.role = "map"} {
  ^bb0(%e: f32, %out: f32):
    %s = arith.addf %e, %e : f32
    linalg.yield %s : f32
  } -> tensor<10xf32>
  return %doubled : tensor<10xf32>
}

// -----

// expected-error@+1 {{the module has 2 public functions with a body, one is needed}}
module {
  func.func @one() {
    return
  }
  func.func @other() {
    return
  }
}
