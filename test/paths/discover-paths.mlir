// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-discover-paths)' --split-input-file \
// RUN:   | FileCheck %s
// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-discover-paths{strategy=ffmt})' \
// RUN:   --split-input-file | FileCheck %s --check-prefix=FFMT
// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-discover-paths{strategy=none})' \
// RUN:   --split-input-file | FileCheck %s --check-prefix=NONE

// Dense, dense: Fan-Out and Fan-In along the units between them, which are a reduction of the
// last layer. There are no rows, so FFMT finds nothing. The layers themselves stay as they are.
// CHECK-LABEL: func.func @dense(
// CHECK-SAME: fdt.paths = [{dims = array<i64: 1>, family = "fdt", glyph = "<>", layers = ["wide", "narrow"], tiles = array<i64: 1>}]
// CHECK-COUNT-2: linalg.generic
// FFMT-LABEL: func.func @dense(
// FFMT-SAME: fdt.paths = []
// NONE-LABEL: func.func @dense(
// NONE-SAME: fdt.paths = []
#vector = affine_map<(d0, d1) -> (d1)>
#weights = affine_map<(d0, d1) -> (d0, d1)>
#result = affine_map<(d0, d1) -> (d0)>
func.func @dense(%x: tensor<3xf32>) -> tensor<2xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0], [0.1, 0.2, 0.3],
                             [0.4, 0.5, 0.6], [0.7, 0.8, 0.9], [1.1, 1.2, 1.3]]> : tensor<7x3xf32>
  %v = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
                             [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]]> : tensor<2x7xf32>
  %b = arith.constant dense<[0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]> : tensor<7xf32>
  %c = arith.constant dense<[-1.0, 1.0]> : tensor<2xf32>
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
  return %narrow : tensor<2xf32>
}

// -----

// Widen, then take the maximum of each two rows: each element of what is wide is needed once, so the
// two become one layer. Without that, one row of the result at a time costs no work. The unit batch
// of the input is a view.
// CHECK-LABEL: func.func @rows(
// CHECK-SAME: fdt.paths = [{dims = array<i64>, family = "merge", glyph = "()", layers = ["widen", "pool"], tiles = array<i64>}]
// FFMT-LABEL: func.func @rows(
// FFMT-SAME: fdt.paths = [{dims = array<i64: 0, 1>, family = "ffmt", glyph = "[]", layers = ["widen", "pool"], tiles = array<i64: 1, 1>}]
// NONE-LABEL: func.func @rows(
// NONE-SAME: fdt.paths = []
#same = affine_map<(d0, d1) -> (d0, d1)>
#windows = affine_map<(d0, d1, d2) -> (d0 * 2 + d2, d1)>
#window = affine_map<(d0, d1, d2) -> (d2)>
#pooled = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func @rows(%x: tensor<1x12x5xi8>) -> tensor<6x5xi32> {
  %image = tensor.collapse_shape %x [[0, 1], [2]] : tensor<1x12x5xi8> into tensor<12x5xi8>
  %space = tensor.empty() : tensor<12x5xi32>
  %wide = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%image : tensor<12x5xi8>) outs(%space : tensor<12x5xi32>)
      attrs = {fdt.layer = "widen", fdt.role = "map"} {
  ^bb0(%e: i8, %out: i32):
    %w = arith.extsi %e : i8 to i32
    linalg.yield %w : i32
  } -> tensor<12x5xi32>
  %least = arith.constant dense<-2147483648> : tensor<6x5xi32>
  %extent = tensor.empty() : tensor<2xi32>
  %pool = linalg.generic {indexing_maps = [#windows, #window, #pooled], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%wide, %extent : tensor<12x5xi32>, tensor<2xi32>) outs(%least : tensor<6x5xi32>)
      attrs = {fdt.layer = "pool", fdt.role = "reduce"} {
  ^bb0(%e: i32, %unused: i32, %acc: i32):
    %m = arith.maxsi %acc, %e : i32
    linalg.yield %m : i32
  } -> tensor<6x5xi32>
  return %pool : tensor<6x5xi32>
}

// -----

// Windows of three rows overlap: a stream keeps the row that two of them need, and its result lies
// over the rows of the input that are done. Tiles of feature maps widen that row twice.
// CHECK-LABEL: func.func @overlapping(
// CHECK-SAME: fdt.paths = [{dims = array<i64: 0, 1>, family = "pixel_stream", glyph = "||", layers = ["widen", "pool"], tiles = array<i64: 1, 1>}]
// FFMT-LABEL: func.func @overlapping(
// FFMT-SAME: fdt.paths = [{dims = array<i64: 0, 1>, family = "ffmt", glyph = "[]", layers = ["widen", "pool"], tiles = array<i64: 1, 1>}]
// NONE-LABEL: func.func @overlapping(
// NONE-SAME: fdt.paths = []
#same = affine_map<(d0, d1) -> (d0, d1)>
#windows = affine_map<(d0, d1, d2) -> (d0 * 2 + d2, d1)>
#window = affine_map<(d0, d1, d2) -> (d2)>
#pooled = affine_map<(d0, d1, d2) -> (d0, d1)>
func.func @overlapping(%x: tensor<1x13x5xi8>) -> tensor<6x5xi32> {
  %image = tensor.collapse_shape %x [[0, 1], [2]] : tensor<1x13x5xi8> into tensor<13x5xi8>
  %space = tensor.empty() : tensor<13x5xi32>
  %wide = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%image : tensor<13x5xi8>) outs(%space : tensor<13x5xi32>)
      attrs = {fdt.layer = "widen", fdt.role = "map"} {
  ^bb0(%e: i8, %out: i32):
    %w = arith.extsi %e : i8 to i32
    linalg.yield %w : i32
  } -> tensor<13x5xi32>
  %least = arith.constant dense<-2147483648> : tensor<6x5xi32>
  %extent = tensor.empty() : tensor<3xi32>
  %pool = linalg.generic {indexing_maps = [#windows, #window, #pooled], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%wide, %extent : tensor<13x5xi32>, tensor<3xi32>) outs(%least : tensor<6x5xi32>)
      attrs = {fdt.layer = "pool", fdt.role = "reduce"} {
  ^bb0(%e: i32, %unused: i32, %acc: i32):
    %m = arith.maxsi %acc, %e : i32
    linalg.yield %m : i32
  } -> tensor<6x5xi32>
  return %pool : tensor<6x5xi32>
}
