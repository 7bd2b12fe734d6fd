// RUN: fdt-opt %s --fdt-tile-and-fuse | FileCheck %s

// NOTE: a function whose tiles begin at computed positions would have the module simplified once
// more, which hides what is left behind here.
#point = affine_map<(p, o) -> (p, o)>

// A layer that copies is kept through simplifications. Fused into the loop, nothing of it is left
// outside: neither the copy nor what it reads.
// CHECK-LABEL: func.func @copied(
// CHECK-NOT: fdt.layer
// CHECK: scf.for
// CHECK: fdt.layer = "o", fdt.role = "map"
// CHECK: fdt.layer = "o", fdt.role = "map_1"
// CHECK-NEXT: ^bb0(%[[VALUE:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: linalg.yield %[[VALUE]]
// CHECK: fdt.layer = "p", fdt.role = "map"
// CHECK-NOT: fdt.layer
// CHECK: return
func.func @copied(%input: tensor<6x4xf32>) -> tensor<6x4xf32> attributes {fdt.paths = [
    {family = "fdt", layers = ["o", "p"], dims = array<i64: 0>, tiles = array<i64: 3>}]} {
  %empty = tensor.empty() : tensor<6x4xf32>
  %a = linalg.generic {indexing_maps = [#point, #point], iterator_types = ["parallel", "parallel"]}
      ins(%input : tensor<6x4xf32>) outs(%empty : tensor<6x4xf32>)
      attrs = {fdt.layer = "o", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.exp %x : f32
      linalg.yield %y : f32
  } -> tensor<6x4xf32>
  %o = linalg.generic {indexing_maps = [#point, #point],
      iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<6x4xf32>) outs(%empty : tensor<6x4xf32>)
      attrs = {fdt.layer = "o", fdt.role = "map_1"} {
    ^bb0(%x: f32, %old: f32):
      linalg.yield %x : f32
  } -> tensor<6x4xf32>
  %p = linalg.generic {indexing_maps = [#point, #point], iterator_types = ["parallel", "parallel"]}
      ins(%o : tensor<6x4xf32>) outs(%empty : tensor<6x4xf32>)
      attrs = {fdt.layer = "p", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.tanh %x : f32
      linalg.yield %y : f32
  } -> tensor<6x4xf32>
  return %p : tensor<6x4xf32>
}
