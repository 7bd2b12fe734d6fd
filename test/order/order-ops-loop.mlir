// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-tile-and-fuse,fdt-form-kernels,fdt-place-parts,canonicalize,cse,fdt-build-row-loops,canonicalize,cse,fdt-order-ops)' \
// RUN:   | FileCheck %s

#vector = affine_map<(d0, d1) -> (d1)>
#weights = affine_map<(d0, d1) -> (d0, d1)>
#result = affine_map<(d0, d1) -> (d0)>
#same = affine_map<(d0) -> (d0)>

// A tile loop is one step, which goes ahead of what grows: 'big' and the loop's tile do not meet.
// CHECK-LABEL: func.func @loop(
// CHECK: scf.for
// CHECK: fdt.layer = "wide"
// CHECK: fdt.layer = "narrow"
// CHECK: scf.yield
// CHECK: fdt.layer = "big"
// CHECK: fdt.layer = "join"
func.func @loop(%x: tensor<3xf32>, %y: tensor<2xf32>) -> tensor<2xf32> attributes {
    fdt.paths = [{family = "fdt", layers = ["wide", "narrow"], dims = array<i64: 1>,
                  tiles = array<i64: 1>, glyph = "<>"}]} {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [0.1, 0.2, 0.3],
                             [0.4, 0.5, 0.6], [0.7, 0.8, 0.9], [1.1, 1.2, 1.3]]> : tensor<7x3xf32>
  %v = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
                             [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]]> : tensor<2x7xf32>
  %b = arith.constant dense<[0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]> : tensor<7xf32>
  %c = arith.constant dense<[-1.0, 1.0]> : tensor<2xf32>
  %z = arith.constant dense<0.0> : tensor<2xf32>
  %space = tensor.empty() : tensor<2x9xf32>
  %big = linalg.generic {indexing_maps = [#result, #weights], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<2xf32>) outs(%space : tensor<2x9xf32>)
      attrs = {fdt.layer = "big", fdt.role = "map"} {
  ^bb0(%e: f32, %out: f32):
    linalg.yield %e : f32
  } -> tensor<2x9xf32>
  %wide = linalg.generic {indexing_maps = [#vector, #weights, #result], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<3xf32>, tensor<7x3xf32>) outs(%b : tensor<7xf32>)
      attrs = {fdt.layer = "wide", fdt.role = "reduce"} {
  ^bb0(%e: f32, %f: f32, %acc: f32):
    %p = arith.mulf %e, %f : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<7xf32>
  %narrow = linalg.generic {indexing_maps = [#vector, #weights, #result], iterator_types = ["parallel", "reduction"]}
      ins(%wide, %v : tensor<7xf32>, tensor<2x7xf32>) outs(%c : tensor<2xf32>)
      attrs = {fdt.layer = "narrow", fdt.role = "reduce"} {
  ^bb0(%e: f32, %f: f32, %acc: f32):
    %p = arith.mulf %e, %f : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  %joined = tensor.empty() : tensor<2xf32>
  %most = linalg.generic {indexing_maps = [#weights, #result, #result], iterator_types = ["parallel", "reduction"]}
      ins(%big, %narrow : tensor<2x9xf32>, tensor<2xf32>) outs(%z : tensor<2xf32>)
      attrs = {fdt.layer = "join", fdt.role = "reduce"} {
  ^bb0(%e: f32, %f: f32, %acc: f32):
    %p = arith.addf %e, %f : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  return %most : tensor<2xf32>
}
