// RUN: fdt-opt %s --fdt-tile-and-fuse | FileCheck %s

// Fan-Out, pass-through and Fan-In: 8 channels between a and c are never whole. Every operation of
// the path occurs once, weights are slices, the start value comes before the loop and the epilogue
// after it.
#pixels_in = affine_map<(p, o, i) -> (p, i)>
#weights = affine_map<(p, o, i) -> (o, i)>
#pixels_out = affine_map<(p, o, i) -> (p, o)>
#point = affine_map<(p, o) -> (p, o)>
#channel = affine_map<(p, o) -> (o)>
#rows = affine_map<(p, o, k) -> (p + k, o)>
#taps = affine_map<(p, o, k) -> (k, o)>
#element = affine_map<(o) -> (o)>
#vector_in = affine_map<(o, i) -> (i)>
#matrix = affine_map<(o, i) -> (o, i)>
#vector_out = affine_map<(o, i) -> (o)>
#window = affine_map<(p, o, k) -> (p * 2 + k, o)>
#extent = affine_map<(p, o, k) -> (k)>

// CHECK-LABEL: func.func @fan_in(
// CHECK-NOT: fdt.paths
// CHECK: %[[START:.*]] = linalg.generic {{.*}} ins(%arg4 : tensor<10xi32>) {{.*}}fdt.layer = "c_init", fdt.role = "init"
// CHECK: %[[TOTAL:.*]] = scf.for %[[TILE:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[SUM:.*]] = %[[START]])
// CHECK: %[[A_WEIGHTS:.*]] = tensor.extract_slice %arg1[%[[TILE]], 0] [2, 6]
// CHECK: ins(%arg0, %[[A_WEIGHTS]] : tensor<5x6xi8>, tensor<2x6xi8>) {{.*}}fdt.layer = "a", fdt.role = "reduce"
// CHECK: fdt.layer = "a", fdt.role = "map"
// CHECK: } -> tensor<5x2xi8>
// CHECK: tensor.pad {{.*}} low[1, 0] high[1, 0]
// CHECK: {fdt.layer = "b", fdt.role = "pad"} : tensor<5x2xi8> to tensor<7x2xi8>
// CHECK: fdt.layer = "b", fdt.role = "reduce"
// CHECK: fdt.layer = "b", fdt.role = "map"
// CHECK: %[[C_WEIGHTS:.*]] = tensor.extract_slice %arg3[0, %[[TILE]]] [10, 2]
// CHECK: %[[NEXT:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[C_WEIGHTS]] : {{.*}}) outs(%[[SUM]] : tensor<5x10xi32>) {{.*}}fdt.layer = "c", fdt.role = "reduce"
// CHECK: scf.yield %[[NEXT]]
// CHECK-NEXT: } {fdt.path = 0 : i64}
// CHECK: ins(%[[TOTAL]] : tensor<5x10xi32>) {{.*}}fdt.layer = "c_finish", fdt.role = "map"
// CHECK-NOT: fdt.layer
// CHECK: return
func.func @fan_in(%input: tensor<5x6xi8>, %a_weights: tensor<8x6xi8>, %b_weights: tensor<3x8xi8>,
    %c_weights: tensor<10x8xi8>, %bias: tensor<10xi32>) -> tensor<5x10xi8>
    attributes {fdt.paths = [{family = "fdt", layers = ["a", "b", "c"], dims = array<i64: 2>,
                              tiles = array<i64: 2>, glyph = "<=>"}]} {
  %zero = arith.constant 0 : i32
  %zero_point = arith.constant 3 : i8
  %empty = tensor.empty() : tensor<5x8xi32>
  %narrow = tensor.empty() : tensor<5x8xi8>
  %wide_out = tensor.empty() : tensor<5x10xi32>
  %out = tensor.empty() : tensor<5x10xi8>
  %a_start = linalg.generic {indexing_maps = [#point], iterator_types = ["parallel", "parallel"]}
      outs(%empty : tensor<5x8xi32>) attrs = {fdt.layer = "a", fdt.role = "init"} {
    ^bb0(%old: i32):
      linalg.yield %zero : i32
  } -> tensor<5x8xi32>
  %a_sum = linalg.generic {indexing_maps = [#pixels_in, #weights, #pixels_out],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%input, %a_weights : tensor<5x6xi8>, tensor<8x6xi8>) outs(%a_start : tensor<5x8xi32>)
      attrs = {fdt.layer = "a", fdt.role = "reduce"} {
    ^bb0(%x: i8, %w: i8, %sum: i32):
      %wide_x = arith.extsi %x : i8 to i32
      %wide_w = arith.extsi %w : i8 to i32
      %product = arith.muli %wide_x, %wide_w : i32
      %next = arith.addi %sum, %product : i32
      linalg.yield %next : i32
  } -> tensor<5x8xi32>
  %a = linalg.generic {indexing_maps = [#point, #point], iterator_types = ["parallel", "parallel"]}
      ins(%a_sum : tensor<5x8xi32>) outs(%narrow : tensor<5x8xi8>)
      attrs = {fdt.layer = "a", fdt.role = "map"} {
    ^bb0(%sum: i32, %old: i8):
      %byte = arith.trunci %sum : i32 to i8
      linalg.yield %byte : i8
  } -> tensor<5x8xi8>
  %padded = tensor.pad %a low[1, 0] high[1, 0] {
    ^bb0(%i: index, %j: index):
      tensor.yield %zero_point : i8
  } {fdt.layer = "b", fdt.role = "pad"} : tensor<5x8xi8> to tensor<7x8xi8>
  %b_start = linalg.generic {indexing_maps = [#point], iterator_types = ["parallel", "parallel"]}
      outs(%empty : tensor<5x8xi32>) attrs = {fdt.layer = "b", fdt.role = "init"} {
    ^bb0(%old: i32):
      linalg.yield %zero : i32
  } -> tensor<5x8xi32>
  %b_sum = linalg.generic {indexing_maps = [#rows, #taps, #pixels_out],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%padded, %b_weights : tensor<7x8xi8>, tensor<3x8xi8>) outs(%b_start : tensor<5x8xi32>)
      attrs = {fdt.layer = "b", fdt.role = "reduce"} {
    ^bb0(%x: i8, %w: i8, %sum: i32):
      %wide_x = arith.extsi %x : i8 to i32
      %wide_w = arith.extsi %w : i8 to i32
      %product = arith.muli %wide_x, %wide_w : i32
      %next = arith.addi %sum, %product : i32
      linalg.yield %next : i32
  } -> tensor<5x8xi32>
  %b = linalg.generic {indexing_maps = [#point, #point], iterator_types = ["parallel", "parallel"]}
      ins(%b_sum : tensor<5x8xi32>) outs(%narrow : tensor<5x8xi8>)
      attrs = {fdt.layer = "b", fdt.role = "map"} {
    ^bb0(%sum: i32, %old: i8):
      %byte = arith.trunci %sum : i32 to i8
      linalg.yield %byte : i8
  } -> tensor<5x8xi8>
  %c_start = linalg.generic {indexing_maps = [#channel, #point],
      iterator_types = ["parallel", "parallel"]}
      ins(%bias : tensor<10xi32>) outs(%wide_out : tensor<5x10xi32>)
      attrs = {fdt.layer = "c", fdt.role = "init"} {
    ^bb0(%value: i32, %old: i32):
      linalg.yield %value : i32
  } -> tensor<5x10xi32>
  %c_sum = linalg.generic {indexing_maps = [#pixels_in, #weights, #pixels_out],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%b, %c_weights : tensor<5x8xi8>, tensor<10x8xi8>) outs(%c_start : tensor<5x10xi32>)
      attrs = {fdt.layer = "c", fdt.role = "reduce"} {
    ^bb0(%x: i8, %w: i8, %sum: i32):
      %wide_x = arith.extsi %x : i8 to i32
      %wide_w = arith.extsi %w : i8 to i32
      %product = arith.muli %wide_x, %wide_w : i32
      %next = arith.addi %sum, %product : i32
      linalg.yield %next : i32
  } -> tensor<5x10xi32>
  %c = linalg.generic {indexing_maps = [#point, #point], iterator_types = ["parallel", "parallel"]}
      ins(%c_sum : tensor<5x10xi32>) outs(%out : tensor<5x10xi8>)
      attrs = {fdt.layer = "c", fdt.role = "map"} {
    ^bb0(%sum: i32, %old: i8):
      %byte = arith.trunci %sum : i32 to i8
      linalg.yield %byte : i8
  } -> tensor<5x10xi8>
  return %c : tensor<5x10xi8>
}
// A constant that an accumulator starts with is copied first: the loop writes into its start value.
// CHECK-LABEL: func.func @dense(
// CHECK: %[[CONSTANT:.*]] = arith.constant dense<[1.0{{.*}}, 2.0{{.*}}, 3.0{{.*}}]>
// CHECK: %[[START:.*]] = linalg.generic {{.*}} ins(%[[CONSTANT]] : tensor<3xf32>) {{.*}}fdt.layer = "e_init", fdt.role = "init"
// CHECK: %[[TOTAL:.*]] = scf.for {{.*}} iter_args(%[[SUM:.*]] = %[[START]])
// CHECK: fdt.layer = "d", fdt.role = "reduce"
// CHECK: outs(%[[SUM]] : tensor<3xf32>) {{.*}}fdt.layer = "e", fdt.role = "reduce"
// CHECK: return %[[TOTAL]]
func.func @dense(%input: tensor<4xf32>, %d_weights: tensor<6x4xf32>, %e_weights: tensor<3x6xf32>)
    -> tensor<3xf32> attributes {fdt.paths = [{family = "fdt", layers = ["d", "e"],
                                               dims = array<i64: 1>, tiles = array<i64: 3>}]} {
  %d_start = arith.constant dense<0.5> : tensor<6xf32>
  %e_start = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %d = linalg.generic {indexing_maps = [#vector_in, #matrix, #vector_out],
      iterator_types = ["parallel", "reduction"]}
      ins(%input, %d_weights : tensor<4xf32>, tensor<6x4xf32>) outs(%d_start : tensor<6xf32>)
      attrs = {fdt.layer = "d", fdt.role = "reduce"} {
    ^bb0(%x: f32, %w: f32, %sum: f32):
      %product = arith.mulf %x, %w : f32
      %next = arith.addf %sum, %product : f32
      linalg.yield %next : f32
  } -> tensor<6xf32>
  %e = linalg.generic {indexing_maps = [#vector_in, #matrix, #vector_out],
      iterator_types = ["parallel", "reduction"]}
      ins(%d, %e_weights : tensor<6xf32>, tensor<3x6xf32>) outs(%e_start : tensor<3xf32>)
      attrs = {fdt.layer = "e", fdt.role = "reduce"} {
    ^bb0(%x: f32, %w: f32, %sum: f32):
      %product = arith.mulf %x, %w : f32
      %next = arith.addf %sum, %product : f32
      linalg.yield %next : f32
  } -> tensor<3xf32>
  return %e : tensor<3xf32>
}

// A concat end writes its slice of the result in place. The other operations have destinations of
// their own, though all of them started from one empty tensor. What two branches need is computed
// once for both.
// CHECK-LABEL: func.func @join(
// CHECK: %[[ALL:.*]] = scf.for %[[TILE:.*]] = {{.*}} iter_args(%[[RESULT:.*]] = %{{.*}})
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[RESULT]][%[[TILE]]] [3] [1]
// CHECK: %[[STEM:.*]] = linalg.generic {{.*}} outs(%[[OWN:.*]] : tensor<3xf32>) {{.*}}fdt.layer = "f"
// CHECK-NOT: fdt.layer = "f"
// CHECK: fdt.layer = "g"
// CHECK: %[[DONE:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[STEM]] : {{.*}}) outs(%[[SLICE]] : {{.*}}) {{.*}}fdt.layer = "h"
// CHECK: %[[NEXT:.*]] = tensor.insert_slice %[[DONE]] into %[[RESULT]][%[[TILE]]] [3] [1]
// CHECK: scf.yield %[[NEXT]]
func.func @join(%input: tensor<6xf32>) -> tensor<6xf32> attributes {fdt.paths = [
    {family = "fdt", layers = ["f", "g", "h"], dims = array<i64: 0>, tiles = array<i64: 3>}]} {
  %empty = tensor.empty() : tensor<6xf32>
  %f = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "f", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.exp %x : f32
      linalg.yield %y : f32
  } -> tensor<6xf32>
  %g = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%f : tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "g", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.tanh %x : f32
      linalg.yield %y : f32
  } -> tensor<6xf32>
  %h = linalg.generic {indexing_maps = [#element, #element, #element],
      iterator_types = ["parallel"]}
      ins(%g, %f : tensor<6xf32>, tensor<6xf32>) outs(%empty : tensor<6xf32>)
      attrs = {fdt.layer = "h", fdt.role = "map"} {
    ^bb0(%x: f32, %y: f32, %old: f32):
      %z = arith.addf %x, %y : f32
      linalg.yield %z : f32
  } -> tensor<6xf32>
  return %h : tensor<6xf32>
}

// A row path is annotated only; the loops of the end layer count its result first.
// CHECK-LABEL: func.func @rows(
// CHECK-NOT: scf.for
// CHECK: fdt.layer = "i", fdt.role = "map", fdt.row_path = 3 : i64}
// CHECK: fdt.layer = "j", fdt.role = "reduce", fdt.row_dims = array<i64: 0>, fdt.row_path = 3 : i64, fdt.row_tiles = array<i64: 2>}
func.func @rows(%input: tensor<6x4xf32>) -> tensor<3x4xf32> attributes {fdt.paths = [
    {family = "ffmt", layers = ["i", "j"], dims = array<i64: 0>, tiles = array<i64: 2>}]} {
  %low = arith.constant -1.0 : f32
  %taps = tensor.empty() : tensor<2xf32>
  %whole = tensor.empty() : tensor<6x4xf32>
  %half = tensor.empty() : tensor<3x4xf32>
  %i = linalg.generic {indexing_maps = [#point, #point], iterator_types = ["parallel", "parallel"]}
      ins(%input : tensor<6x4xf32>) outs(%whole : tensor<6x4xf32>)
      attrs = {fdt.layer = "i", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.exp %x : f32
      linalg.yield %y : f32
  } -> tensor<6x4xf32>
  %j_start = linalg.generic {indexing_maps = [#point], iterator_types = ["parallel", "parallel"]}
      outs(%half : tensor<3x4xf32>) attrs = {fdt.layer = "j", fdt.role = "init"} {
    ^bb0(%old: f32):
      linalg.yield %low : f32
  } -> tensor<3x4xf32>
  %j = linalg.generic {indexing_maps = [#window, #extent, #pixels_out],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%i, %taps : tensor<6x4xf32>, tensor<2xf32>) outs(%j_start : tensor<3x4xf32>)
      attrs = {fdt.layer = "j", fdt.role = "reduce"} {
    ^bb0(%x: f32, %tap: f32, %most: f32):
      %next = arith.maximumf %x, %most : f32
      linalg.yield %next : f32
  } -> tensor<3x4xf32>
  return %j : tensor<3x4xf32>
}

// Where the end is a reduction whose result is tiled, each tile gets its start value in the loop,
// and what leads to it. Tiles of a part of a tensor, two rows apart, begin at positions in plain arithmetic.
// CHECK-LABEL: func.func @pool(
// CHECK-NOT: linalg.generic
// CHECK: scf.for %[[TILE:.*]] = {{.*}} iter_args(%[[RESULT:.*]] = %{{.*}})
// CHECK-NEXT: %[[TWICE:.*]] = arith.muli %[[TILE]], %[[TWO:.*]] overflow<nsw>
// CHECK-NEXT: %[[ROW:.*]] = arith.addi %[[TWICE]], %[[TWO]]
// CHECK-NEXT: tensor.extract_slice %arg0[%[[ROW]], 0] [2, 4] [1, 1]
// CHECK: fdt.layer = "l", fdt.role = "map"
// CHECK: %[[PLACE:.*]] = tensor.extract_slice %[[RESULT]][%[[TILE]], 0] [1, 4] [1, 1]
// CHECK: %[[BIAS:.*]] = tensor.extract_slice %arg1[0] [4] [1]
// CHECK: %[[GIVEN:.*]] = linalg.generic {{.*}} ins(%[[BIAS]] : tensor<4xf32>) {{.*}}fdt.layer = "m", fdt.role = "given"
// CHECK: %[[START:.*]] = linalg.generic {{.*}} ins(%[[GIVEN]] : tensor<4xf32>) outs(%[[PLACE]] : {{.*}}) {{.*}}fdt.layer = "m", fdt.role = "init"
// CHECK: outs(%[[START]] : tensor<1x4xf32>) {{.*}}fdt.layer = "m", fdt.role = "reduce"
func.func @pool(%input: tensor<8x4xf32>, %bias: tensor<4xf32>) -> tensor<3x4xf32>
    attributes {fdt.paths = [
      {family = "fdt", layers = ["l", "m"], dims = array<i64: 0>, tiles = array<i64: 1>}]} {
  %taps = tensor.empty() : tensor<2xf32>
  %whole = tensor.empty() : tensor<8x4xf32>
  %half = tensor.empty() : tensor<3x4xf32>
  %l = linalg.generic {indexing_maps = [#point, #point], iterator_types = ["parallel", "parallel"]}
      ins(%input : tensor<8x4xf32>) outs(%whole : tensor<8x4xf32>)
      attrs = {fdt.layer = "l", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.exp %x : f32
      linalg.yield %y : f32
  } -> tensor<8x4xf32>
  %part = tensor.extract_slice %l[2, 0] [6, 4] [1, 1] : tensor<8x4xf32> to tensor<6x4xf32>
  %channels = tensor.empty() : tensor<4xf32>
  %given = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%bias : tensor<4xf32>) outs(%channels : tensor<4xf32>)
      attrs = {fdt.layer = "m", fdt.role = "given"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.tanh %x : f32
      linalg.yield %y : f32
  } -> tensor<4xf32>
  %m_start = linalg.generic {indexing_maps = [#channel, #point],
      iterator_types = ["parallel", "parallel"]}
      ins(%given : tensor<4xf32>) outs(%half : tensor<3x4xf32>)
      attrs = {fdt.layer = "m", fdt.role = "init"} {
    ^bb0(%value: f32, %old: f32):
      linalg.yield %value : f32
  } -> tensor<3x4xf32>
  %m = linalg.generic {indexing_maps = [#window, #extent, #pixels_out],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%part, %taps : tensor<6x4xf32>, tensor<2xf32>) outs(%m_start : tensor<3x4xf32>)
      attrs = {fdt.layer = "m", fdt.role = "reduce"} {
    ^bb0(%x: f32, %tap: f32, %most: f32):
      %next = arith.maximumf %x, %most : f32
      linalg.yield %next : f32
  } -> tensor<3x4xf32>
  return %m : tensor<3x4xf32>
}

// Two layers become one: their operations, and the slice between them, get its name and roles of
// their own. The path that follows tiles it: three rows of the result need six of the input.
// CHECK-LABEL: func.func @merged(
// CHECK-NOT: fdt.paths
// CHECK: scf.for
// CHECK: tensor.extract_slice %arg0{{.*}} [6, 2]
// CHECK: fdt.layer = "m_n", fdt.role = "map"
// CHECK: fdt.layer = "m_n", fdt.role = "init"
// CHECK: fdt.layer = "m_n", fdt.role = "reduce"
// CHECK-NOT: fdt.layer
// CHECK: {fdt.path = 6 : i64}
#image = affine_map<(p, o) -> (p, o)>
func.func @merged(%input: tensor<13x2xi32>) -> tensor<6x2xi32>
    attributes {fdt.paths = [
      {family = "merge", layers = ["m", "n"], dims = array<i64>, tiles = array<i64>, glyph = "()"},
      {family = "fdt", layers = ["m_n"], dims = array<i64: 0>, tiles = array<i64: 3>}]} {
  %least = arith.constant -2147483648 : i32
  %empty = tensor.empty() : tensor<13x2xi32>
  %extent = tensor.empty() : tensor<2xi32>
  %out = tensor.empty() : tensor<6x2xi32>
  %a = linalg.generic {indexing_maps = [#image, #image], iterator_types = ["parallel", "parallel"]}
      ins(%input : tensor<13x2xi32>) outs(%empty : tensor<13x2xi32>)
      attrs = {fdt.layer = "m", fdt.role = "map"} {
    ^bb0(%x: i32, %old: i32):
      %y = arith.addi %x, %x : i32
      linalg.yield %y : i32
  } -> tensor<13x2xi32>
  %even = tensor.extract_slice %a[0, 0] [12, 2] [1, 1] : tensor<13x2xi32> to tensor<12x2xi32>
  %start = linalg.generic {indexing_maps = [#point], iterator_types = ["parallel", "parallel"]}
      outs(%out : tensor<6x2xi32>) attrs = {fdt.layer = "n", fdt.role = "init"} {
    ^bb0(%old: i32):
      linalg.yield %least : i32
  } -> tensor<6x2xi32>
  %b = linalg.generic {indexing_maps = [#window, #extent, #pixels_out],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%even, %extent : tensor<12x2xi32>, tensor<2xi32>) outs(%start : tensor<6x2xi32>)
      attrs = {fdt.layer = "n", fdt.role = "reduce"} {
    ^bb0(%x: i32, %unused: i32, %most: i32):
      %next = arith.maxsi %most, %x : i32
      linalg.yield %next : i32
  } -> tensor<6x2xi32>
  return %b : tensor<6x2xi32>
}

// What the start value and the epilogue of a Fan-In are computed from stands before both in the
// program; it belongs to what runs before the loop, and after it.
// CHECK-LABEL: func.func @residual(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[SHORTCUT:.*]]: tensor<3xf32>, %[[BIAS:.*]]: tensor<3xf32>,
// CHECK: %[[OTHER:.*]] = linalg.generic {{.*}} ins(%[[SHORTCUT]] : tensor<3xf32>) {{.*}}fdt.layer = "r_finish", fdt.role = "map"
// CHECK: %[[GIVEN:.*]] = linalg.generic {{.*}} ins(%[[BIAS]] : tensor<3xf32>) {{.*}}fdt.layer = "r_init", fdt.role = "map_1"
// CHECK: %[[START:.*]] = linalg.generic {{.*}} ins(%[[GIVEN]] : tensor<3xf32>) {{.*}}fdt.layer = "r_init", fdt.role = "init"
// CHECK: %[[TOTAL:.*]] = scf.for {{.*}} iter_args(%[[SUM:.*]] = %[[START]])
// CHECK: fdt.layer = "q", fdt.role = "reduce"
// CHECK: outs(%[[SUM]] : tensor<3xf32>) {{.*}}fdt.layer = "r", fdt.role = "reduce"
// CHECK: ins(%[[TOTAL]], %[[OTHER]] : {{.*}}) {{.*}}fdt.layer = "r_finish", fdt.role = "map_2"
func.func @residual(%input: tensor<4xf32>, %shortcut: tensor<3xf32>, %bias: tensor<3xf32>,
    %q_weights: tensor<6x4xf32>, %r_weights: tensor<3x6xf32>) -> tensor<3xf32>
    attributes {fdt.paths = [{family = "fdt", layers = ["q", "r"], dims = array<i64: 1>,
                              tiles = array<i64: 3>}]} {
  %q_start = arith.constant dense<0.5> : tensor<6xf32>
  %empty = tensor.empty() : tensor<3xf32>
  %other = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%shortcut : tensor<3xf32>) outs(%empty : tensor<3xf32>)
      attrs = {fdt.layer = "r", fdt.role = "map"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.tanh %x : f32
      linalg.yield %y : f32
  } -> tensor<3xf32>
  %given = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%bias : tensor<3xf32>) outs(%empty : tensor<3xf32>)
      attrs = {fdt.layer = "r", fdt.role = "map_1"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.exp %x : f32
      linalg.yield %y : f32
  } -> tensor<3xf32>
  %r_start = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%given : tensor<3xf32>) outs(%empty : tensor<3xf32>)
      attrs = {fdt.layer = "r", fdt.role = "init"} {
    ^bb0(%x: f32, %old: f32):
      %y = math.tanh %x : f32
      linalg.yield %y : f32
  } -> tensor<3xf32>
  %q = linalg.generic {indexing_maps = [#vector_in, #matrix, #vector_out],
      iterator_types = ["parallel", "reduction"]}
      ins(%input, %q_weights : tensor<4xf32>, tensor<6x4xf32>) outs(%q_start : tensor<6xf32>)
      attrs = {fdt.layer = "q", fdt.role = "reduce"} {
    ^bb0(%x: f32, %w: f32, %sum: f32):
      %product = arith.mulf %x, %w : f32
      %next = arith.addf %sum, %product : f32
      linalg.yield %next : f32
  } -> tensor<6xf32>
  %r = linalg.generic {indexing_maps = [#vector_in, #matrix, #vector_out],
      iterator_types = ["parallel", "reduction"]}
      ins(%q, %r_weights : tensor<6xf32>, tensor<3x6xf32>) outs(%r_start : tensor<3xf32>)
      attrs = {fdt.layer = "r", fdt.role = "reduce"} {
    ^bb0(%x: f32, %w: f32, %sum: f32):
      %product = arith.mulf %x, %w : f32
      %next = arith.addf %sum, %product : f32
      linalg.yield %next : f32
  } -> tensor<3xf32>
  %sum = linalg.generic {indexing_maps = [#element, #element, #element],
      iterator_types = ["parallel"]}
      ins(%r, %other : tensor<3xf32>, tensor<3xf32>) outs(%empty : tensor<3xf32>)
      attrs = {fdt.layer = "r", fdt.role = "map_2"} {
    ^bb0(%x: f32, %y: f32, %old: f32):
      %z = arith.addf %x, %y : f32
      linalg.yield %z : f32
  } -> tensor<3xf32>
  return %sum : tensor<3xf32>
}
