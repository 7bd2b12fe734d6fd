// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-mark-layers)' | FileCheck %s

#pixel = affine_map<(n, y, x, f) -> (n, y, x, f)>
#channel = affine_map<(n, y, x, f) -> (f)>
#window = affine_map<(n, y, x, f, ky, kx, c) -> (n, y + ky, x + kx, c)>
#filter = affine_map<(n, y, x, f, ky, kx, c) -> (ky, kx, c, f)>
#sum = affine_map<(n, y, x, f, ky, kx, c) -> (n, y, x, f)>

// All from padding to the int8 result is one layer, named after the contraction. The accumulator
// (int32) is larger than the result and thus inside.
// CHECK-LABEL: func.func @conv(
// CHECK: tensor.pad
// CHECK: {fdt.layer = "stem", fdt.role = "pad"}
// CHECK: linalg.generic {{.*}}attrs = {fdt.layer = "stem", fdt.role = "init"}
// CHECK: linalg.generic {{.*}}attrs = {fdt.layer = "stem", fdt.role = "reduce"}
// CHECK: linalg.generic {{.*}}attrs = {fdt.layer = "stem", fdt.role = "map"}
func.func @conv(%image: tensor<1x5x6x2xi8>) -> tensor<1x5x6x4xi8> {
  %weights = arith.constant dense<3> : tensor<3x2x2x4xi8>
  %bias = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi32>
  %zero = arith.constant 0 : i8
  %padded = tensor.pad %image low[0, 1, 0, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %y: index, %x: index, %c: index):
    tensor.yield %zero : i8
  } : tensor<1x5x6x2xi8> to tensor<1x7x7x2xi8>
  %wide = tensor.empty() : tensor<1x5x6x4xi32>
  %start = linalg.generic {indexing_maps = [#channel, #pixel],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%bias : tensor<4xi32>) outs(%wide : tensor<1x5x6x4xi32>) {
  ^bb0(%b: i32, %out: i32):
    linalg.yield %b : i32
  } -> tensor<1x5x6x4xi32>
  %sums = linalg.generic {indexing_maps = [#window, #filter, #sum], iterator_types = ["parallel",
      "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%padded, %weights : tensor<1x7x7x2xi8>, tensor<3x2x2x4xi8>)
      outs(%start : tensor<1x5x6x4xi32>) {
  ^bb0(%p: i8, %w: i8, %acc: i32):
    %p32 = arith.extsi %p : i8 to i32
    %w32 = arith.extsi %w : i8 to i32
    %product = arith.muli %p32, %w32 : i32
    %next = arith.addi %acc, %product : i32
    linalg.yield %next : i32
  } -> tensor<1x5x6x4xi32> loc("net/stem/Conv2D")
  %narrow = tensor.empty() : tensor<1x5x6x4xi8>
  %scaled = linalg.generic {indexing_maps = [#pixel, #pixel],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%sums : tensor<1x5x6x4xi32>) outs(%narrow : tensor<1x5x6x4xi8>) {
  ^bb0(%s: i32, %out: i8):
    %byte = arith.trunci %s : i32 to i8
    linalg.yield %byte : i8
  } -> tensor<1x5x6x4xi8>
  return %scaled : tensor<1x5x6x4xi8>
}

#each = affine_map<(y, c) -> (y, c)>
#row = affine_map<(y, c) -> (y)>
#column = affine_map<(y, c) -> (c)>
#element = affine_map<(c) -> (c)>

// A depthwise convolution ends in a dimension of one filter; dropping it is no layer of its own.
// CHECK-LABEL: func.func @depthwise(
// CHECK: linalg.generic {{.*}}attrs = {fdt.layer = "[[NAME:depthwise]]", fdt.role = "reduce"}
// CHECK: tensor.collapse_shape {{.*}} {fdt.layer = "[[NAME]]", fdt.role = "reshape"}
// CHECK: linalg.generic {{.*}}attrs = {fdt.layer = "[[NAME]]", fdt.role = "map"}
func.func @depthwise(%image: tensor<6x3xi32>) -> tensor<4x3xi8> {
  %filters = arith.constant dense<2> : tensor<3x3x1xi32>
  %start = arith.constant dense<0> : tensor<4x3x1xi32>
  %sums = linalg.generic {indexing_maps = [affine_map<(y, c, m, k) -> (y + k, c)>,
      affine_map<(y, c, m, k) -> (k, c, m)>, affine_map<(y, c, m, k) -> (y, c, m)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%image, %filters : tensor<6x3xi32>, tensor<3x3x1xi32>)
      outs(%start : tensor<4x3x1xi32>) {
  ^bb0(%p: i32, %w: i32, %acc: i32):
    %product = arith.muli %p, %w : i32
    %next = arith.addi %acc, %product : i32
    linalg.yield %next : i32
  } -> tensor<4x3x1xi32>
  %flat = tensor.collapse_shape %sums [[0], [1, 2]] : tensor<4x3x1xi32> into tensor<4x3xi32>
  %narrow = tensor.empty() : tensor<4x3xi8>
  %scaled = linalg.generic {indexing_maps = [#each, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%flat : tensor<4x3xi32>) outs(%narrow : tensor<4x3xi8>) {
  ^bb0(%s: i32, %out: i8):
    %byte = arith.trunci %s : i32 to i8
    linalg.yield %byte : i8
  } -> tensor<4x3xi8>
  return %scaled : tensor<4x3xi8>
}

#inner = affine_map<(c, k) -> (k)>
#matrix = affine_map<(c, k) -> (c, k)>
#outer = affine_map<(c, k) -> (c)>

// The join of two contractions goes to the later one; the earlier result must exist anyway.
// CHECK-LABEL: func.func @join(
// CHECK: attrs = {fdt.layer = "[[FIRST:dense]]", fdt.role = "reduce"}
// CHECK: attrs = {fdt.layer = "[[SECOND:dense_1]]", fdt.role = "reduce"}
// CHECK: attrs = {fdt.layer = "[[SECOND]]", fdt.role = "map"}
func.func @join(%left: tensor<5xf32>, %right: tensor<7xf32>) -> tensor<3xf32> {
  %left_weights = arith.constant dense<1.0> : tensor<3x5xf32>
  %right_weights = arith.constant dense<2.0> : tensor<3x7xf32>
  %start = arith.constant dense<0.0> : tensor<3xf32>
  %early = linalg.generic {indexing_maps = [#inner, #matrix, #outer],
      iterator_types = ["parallel", "reduction"]}
      ins(%left, %left_weights : tensor<5xf32>, tensor<3x5xf32>) outs(%start : tensor<3xf32>) {
  ^bb0(%x: f32, %w: f32, %acc: f32):
    %product = arith.mulf %x, %w : f32
    %next = arith.addf %acc, %product : f32
    linalg.yield %next : f32
  } -> tensor<3xf32>
  %late = linalg.generic {indexing_maps = [#inner, #matrix, #outer],
      iterator_types = ["parallel", "reduction"]}
      ins(%right, %right_weights : tensor<7xf32>, tensor<3x7xf32>) outs(%start : tensor<3xf32>) {
  ^bb0(%x: f32, %w: f32, %acc: f32):
    %product = arith.mulf %x, %w : f32
    %next = arith.addf %acc, %product : f32
    linalg.yield %next : f32
  } -> tensor<3xf32>
  %place = tensor.empty() : tensor<3xf32>
  %sum = linalg.generic {indexing_maps = [#element, #element, #element],
      iterator_types = ["parallel"]}
      ins(%early, %late : tensor<3xf32>, tensor<3xf32>) outs(%place : tensor<3xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %both = arith.addf %a, %b : f32
    linalg.yield %both : f32
  } -> tensor<3xf32>
  return %sum : tensor<3xf32>
}

#shifted = affine_map<(c, k) -> (c + k)>

// Two poolings read one padded tensor: each gets a pad of its own, so neither is materialised.
// CHECK-LABEL: func.func @shared_pad(
// CHECK-DAG: {fdt.layer = "pool", fdt.role = "pad"}
// CHECK-DAG: {fdt.layer = "pool_1", fdt.role = "pad"}
// CHECK-DAG: attrs = {fdt.layer = "pool", fdt.role = "reduce"}
// CHECK-DAG: attrs = {fdt.layer = "pool_1", fdt.role = "reduce"}
func.func @shared_pad(%signal: tensor<7xf32>) -> (tensor<6xf32>, tensor<5xf32>) {
  %lowest = arith.constant 0xFF800000 : f32
  %padded = tensor.pad %signal low[1] high[0] {
  ^bb0(%c: index):
    tensor.yield %lowest : f32
  } : tensor<7xf32> to tensor<8xf32>
  %three = tensor.empty() : tensor<3xf32>
  %four = tensor.empty() : tensor<4xf32>
  %start = arith.constant dense<0xFF800000> : tensor<6xf32>
  %other_start = arith.constant dense<0xFF800000> : tensor<5xf32>
  %of_three = linalg.generic {indexing_maps = [#shifted, #inner, #outer],
      iterator_types = ["parallel", "reduction"]}
      ins(%padded, %three : tensor<8xf32>, tensor<3xf32>) outs(%start : tensor<6xf32>) {
  ^bb0(%x: f32, %unused: f32, %acc: f32):
    %next = arith.maximumf %acc, %x : f32
    linalg.yield %next : f32
  } -> tensor<6xf32>
  %of_four = linalg.generic {indexing_maps = [#shifted, #inner, #outer],
      iterator_types = ["parallel", "reduction"]}
      ins(%padded, %four : tensor<8xf32>, tensor<4xf32>) outs(%other_start : tensor<5xf32>) {
  ^bb0(%x: f32, %unused: f32, %acc: f32):
    %next = arith.maximumf %acc, %x : f32
    linalg.yield %next : f32
  } -> tensor<5xf32>
  return %of_three, %of_four : tensor<6xf32>, tensor<5xf32>
}

// Softmax is one layer: its passes run over a row, and no row of temporaries exists.
// CHECK-LABEL: func.func @softmax(
// CHECK: attrs = {fdt.layer = "softmax", fdt.role = "reduce"}
// CHECK: attrs = {fdt.layer = "softmax", fdt.role = "reduce_1"}
// CHECK: attrs = {fdt.layer = "softmax", fdt.role = "map"}
// CHECK-NOT: fdt.layer = "{{(softmax_|elementwise|reduce)}}
func.func @softmax(%logits: tensor<2x9xf32>) -> tensor<2x9xf32> {
  %lowest = arith.constant dense<0xFF800000> : tensor<2xf32>
  %none = arith.constant dense<0.0> : tensor<2xf32>
  %largest = linalg.generic {indexing_maps = [#each, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%logits : tensor<2x9xf32>) outs(%lowest : tensor<2xf32>) {
  ^bb0(%x: f32, %acc: f32):
    %next = arith.maximumf %acc, %x : f32
    linalg.yield %next : f32
  } -> tensor<2xf32>
  %total = linalg.generic {indexing_maps = [#each, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%logits : tensor<2x9xf32>) outs(%none : tensor<2xf32>) {
  ^bb0(%x: f32, %acc: f32):
    %next = arith.addf %acc, %x : f32
    linalg.yield %next : f32
  } -> tensor<2xf32>
  %place = tensor.empty() : tensor<2x9xf32>
  %scaled = linalg.generic {indexing_maps = [#each, #row, #row, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%logits, %largest, %total : tensor<2x9xf32>, tensor<2xf32>, tensor<2xf32>)
      outs(%place : tensor<2x9xf32>) {
  ^bb0(%x: f32, %m: f32, %t: f32, %out: f32):
    %less = arith.subf %x, %m : f32
    %share = arith.divf %less, %t : f32
    linalg.yield %share : f32
  } -> tensor<2x9xf32>
  return %scaled : tensor<2x9xf32>
}

// int8 widened to int32 for two readers: twice the cast costs nothing, the int32 tensor would.
// CHECK-LABEL: func.func @widened(
// CHECK: %[[ONE:.*]] = linalg.generic {{.*}}tensor<3xi8>){{.*}}fdt.layer = "[[FIRST:[a-z_0-9]+]]"
// CHECK: %[[TWO:.*]] = linalg.generic {{.*}}tensor<3xi8>){{.*}}fdt.layer = "[[SECOND:[a-z_0-9]+]]"
// CHECK-DAG: ins(%[[ONE]] : tensor<3xi32>){{.*}}fdt.layer = "[[FIRST]]"
// CHECK-DAG: ins(%[[TWO]] : tensor<3xi32>){{.*}}fdt.layer = "[[SECOND]]"
func.func @widened(%bytes: tensor<3xi8>) -> (tensor<3xi32>, tensor<3xi32>) {
  %place = tensor.empty() : tensor<3xi32>
  %wide = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%bytes : tensor<3xi8>) outs(%place : tensor<3xi32>) {
  ^bb0(%x: i8, %out: i32):
    %x32 = arith.extsi %x : i8 to i32
    linalg.yield %x32 : i32
  } -> tensor<3xi32>
  %twice = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%wide : tensor<3xi32>) outs(%place : tensor<3xi32>) {
  ^bb0(%x: i32, %out: i32):
    %sum = arith.addi %x, %x : i32
    linalg.yield %sum : i32
  } -> tensor<3xi32>
  %square = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%wide : tensor<3xi32>) outs(%place : tensor<3xi32>) {
  ^bb0(%x: i32, %out: i32):
    %product = arith.muli %x, %x : i32
    linalg.yield %product : i32
  } -> tensor<3xi32>
  return %twice, %square : tensor<3xi32>, tensor<3xi32>
}

// Of the chain int32 -> int8 -> int32 the int8 tensor is the one to keep in memory.
// CHECK-LABEL: func.func @cut(
// CHECK: attrs = {fdt.layer = "[[DENSE:dense]]", fdt.role = "reduce"}
// CHECK: tensor<3xi8>) attrs = {fdt.layer = "[[DENSE]]", fdt.role = "map"}
// CHECK: tensor<3xi32>) attrs = {fdt.layer = "elementwise", fdt.role = "map"}
func.func @cut(%input: tensor<4xi32>) -> tensor<3xi32> {
  %weights = arith.constant dense<5> : tensor<3x4xi32>
  %start = arith.constant dense<0> : tensor<3xi32>
  %sums = linalg.generic {indexing_maps = [#inner, #matrix, #outer],
      iterator_types = ["parallel", "reduction"]}
      ins(%input, %weights : tensor<4xi32>, tensor<3x4xi32>) outs(%start : tensor<3xi32>) {
  ^bb0(%x: i32, %w: i32, %acc: i32):
    %product = arith.muli %x, %w : i32
    %next = arith.addi %acc, %product : i32
    linalg.yield %next : i32
  } -> tensor<3xi32>
  %narrow = tensor.empty() : tensor<3xi8>
  %scaled = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%sums : tensor<3xi32>) outs(%narrow : tensor<3xi8>) {
  ^bb0(%s: i32, %out: i8):
    %byte = arith.trunci %s : i32 to i8
    linalg.yield %byte : i8
  } -> tensor<3xi8>
  %place = tensor.empty() : tensor<3xi32>
  %wide = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%scaled : tensor<3xi8>) outs(%place : tensor<3xi32>) {
  ^bb0(%s: i8, %out: i32):
    %s32 = arith.extsi %s : i8 to i32
    linalg.yield %s32 : i32
  } -> tensor<3xi32>
  return %wide : tensor<3xi32>
}

// A row that every leading index reads again is computed once, as a layer of its own.
// CHECK-LABEL: func.func @leading(
// CHECK: fdt.layer = "[[ROW:.*]]", fdt.role = "map"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.exp
// CHECK-NOT: fdt.layer = "[[ROW]]"
// CHECK: fdt.layer = "{{.*}}", fdt.role = "map"
func.func @leading(%row: tensor<3xf32>, %rows: tensor<8x3xf32>) -> tensor<8x3xf32> {
  %row_place = tensor.empty() : tensor<3xf32>
  %slow = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%row : tensor<3xf32>) outs(%row_place : tensor<3xf32>) {
  ^bb0(%x: f32, %out: f32):
    %e = math.exp %x : f32
    linalg.yield %e : f32
  } -> tensor<3xf32>
  %place = tensor.empty() : tensor<8x3xf32>
  %sum = linalg.generic {indexing_maps = [#each, #column, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%rows, %slow : tensor<8x3xf32>, tensor<3xf32>) outs(%place : tensor<8x3xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %both = arith.addf %a, %b : f32
    linalg.yield %both : f32
  } -> tensor<8x3xf32>
  return %sum : tensor<8x3xf32>
}

// What is read along the leading dimensions only is computed before the inner loop starts: fused.
// CHECK-LABEL: func.func @trailing(
// CHECK: fdt.layer = "[[NAME:elementwise]]", fdt.role = "map"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: math.exp
// CHECK: fdt.layer = "[[NAME]]", fdt.role = "map_1"
func.func @trailing(%scale: tensor<8xf32>, %rows: tensor<8x3xf32>) -> tensor<8x3xf32> {
  %scale_place = tensor.empty() : tensor<8xf32>
  %slow = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%scale : tensor<8xf32>) outs(%scale_place : tensor<8xf32>) {
  ^bb0(%x: f32, %out: f32):
    %e = math.exp %x : f32
    linalg.yield %e : f32
  } -> tensor<8xf32>
  %place = tensor.empty() : tensor<8x3xf32>
  %scaled = linalg.generic {indexing_maps = [#each, #row, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%rows, %slow : tensor<8x3xf32>, tensor<8xf32>) outs(%place : tensor<8x3xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %product = arith.mulf %a, %b : f32
    linalg.yield %product : f32
  } -> tensor<8x3xf32>
  return %scaled : tensor<8x3xf32>
}

// A mean that takes its sum in two steps is no softmax, for it only ever adds.
// CHECK-LABEL: func.func @sum_in_two_steps(
// CHECK: fdt.layer = "[[SUMS:reduce[a-z_0-9]*]]", fdt.role = "reduce"
// CHECK: fdt.layer = "[[SUMS]]", fdt.role = "reduce_1"
// CHECK-NOT: softmax
// CHECK: return
func.func @sum_in_two_steps(%rows: tensor<2x9xf32>) -> tensor<f32> {
  %none = arith.constant dense<0.0> : tensor<2xf32>
  %nothing = arith.constant dense<0.0> : tensor<f32>
  %sums = linalg.generic {indexing_maps = [#each, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%rows : tensor<2x9xf32>) outs(%none : tensor<2xf32>) {
  ^bb0(%x: f32, %acc: f32):
    %next = arith.addf %acc, %x : f32
    linalg.yield %next : f32
  } -> tensor<2xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>],
      iterator_types = ["reduction"]}
      ins(%sums : tensor<2xf32>) outs(%nothing : tensor<f32>) {
  ^bb0(%x: f32, %acc: f32):
    %next = arith.addf %acc, %x : f32
    linalg.yield %next : f32
  } -> tensor<f32>
  return %sum : tensor<f32>
}
