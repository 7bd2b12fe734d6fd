// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-form-kernels,canonicalize)' \
// RUN:   --split-input-file | FileCheck %s

#each = affine_map<(y, c) -> (y, c)>
#window = affine_map<(y, f, k, c) -> (2 * y + k, c)>
#filter = affine_map<(y, f, k, c) -> (k, c, f)>
#sum = affine_map<(y, f, k, c) -> (y, f)>
#channel = affine_map<(y, f) -> (f)>

// The pad is in the map (minus 1), the accumulator in a stage: neither is a tensor any more.
// CHECK-DAG: #[[IMAGE:.*]] = affine_map<(d0, d1, d2, d3) -> (d0 * 2 + d2 - 1, d3)>
// CHECK-DAG: #[[WEIGHTS:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d3, d1)>
// CHECK-DAG: #[[BIAS:.*]] = affine_map<(d0, d1, d2, d3) -> (d1)>
// CHECK-DAG: #[[RESULT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1)>

// CHECK-LABEL: func.func @conv(
// CHECK-SAME: %[[INPUT:.*]]: tensor<7x2xi8>
// CHECK-NOT: tensor.pad
// CHECK-NOT: linalg.generic
// CHECK-NOT: tensor<3x5xi32>
// CHECK: %[[PLACE:.*]] = bufferization.alloc_tensor() : tensor<3x5xi8>
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: fdt.dims = array<i64: 3, 5, 4, 2>
// CHECK-SAME: fdt.kind = "conv"
// CHECK-SAME: fdt.layer = "stem"
// CHECK-SAME: fdt.macs = 120 : i64
// CHECK-SAME: fdt.maps = [#[[BIAS]], #[[IMAGE]], #[[WEIGHTS]], #[[RESULT]]]
// CHECK-SAME: fdt.pads = [{neutral = true, operand = 1 : i64, value = 9 : i8}]
// CHECK-SAME: fdt.result_dims = 2 : i64
// CHECK-SAME: args = ["acc", "in:1", "in:2"], body = @[[STEP:[a-z_0-9]+]]
// CHECK-SAME: init = @[[START:[a-z_0-9]+]], init_args = ["in:0"], over = array<i64: 0, 1>, reduces = array<i64: 2, 3>
// CHECK-SAME: args = ["stage:0"], body = @[[FINISH:[a-z_0-9]+]], over = array<i64: 0, 1>
// CHECK-SAME: ins(%{{.*}}, %[[INPUT]], %{{.*}} : tensor<5xi32>, tensor<7x2xi8>, tensor<4x2x5xi8>)
// CHECK-SAME: outs(%[[PLACE]] : tensor<3x5xi8>)
// CHECK: func.func private @[[FINISH]](%[[SUM:.*]]: i32) -> i8
// CHECK-NEXT: arith.trunci %[[SUM]]
// CHECK: func.func private @[[START]](
// CHECK: func.func private @[[STEP]](%{{.*}}: i32, %{{.*}}: i8, %{{.*}}: i8) -> i32
func.func @conv(%image: tensor<7x2xi8>) -> tensor<3x5xi8> {
  %weights = arith.constant dense<"0x0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728"> : tensor<4x2x5xi8>
  %bias = arith.constant dense<[1, 2, 3, 4, 5]> : tensor<5xi32>
  %zero_point = arith.constant 9 : i8
  %padded = tensor.pad %image low[1, 0] high[0, 0] {
  ^bb0(%y: index, %c: index):
    tensor.yield %zero_point : i8
  } {fdt.layer = "stem"} : tensor<7x2xi8> to tensor<8x2xi8>
  %wide = tensor.empty() : tensor<3x5xi32>
  %start = linalg.generic {indexing_maps = [#channel, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%bias : tensor<5xi32>) outs(%wide : tensor<3x5xi32>) attrs = {fdt.layer = "stem"} {
  ^bb0(%b: i32, %out: i32):
    linalg.yield %b : i32
  } -> tensor<3x5xi32>
  %sums = linalg.generic {indexing_maps = [#window, #filter, #sum],
      iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%padded, %weights : tensor<8x2xi8>, tensor<4x2x5xi8>) outs(%start : tensor<3x5xi32>)
      attrs = {fdt.layer = "stem"} {
  ^bb0(%p: i8, %w: i8, %acc: i32):
    %nine = arith.constant 9 : i32
    %p32 = arith.extsi %p : i8 to i32
    %centred = arith.subi %p32, %nine : i32
    %w32 = arith.extsi %w : i8 to i32
    %product = arith.muli %centred, %w32 : i32
    %next = arith.addi %acc, %product : i32
    linalg.yield %next : i32
  } -> tensor<3x5xi32>
  %narrow = tensor.empty() : tensor<3x5xi8>
  %scaled = linalg.generic {indexing_maps = [#each, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%sums : tensor<3x5xi32>) outs(%narrow : tensor<3x5xi8>) attrs = {fdt.layer = "stem"} {
  ^bb0(%s: i32, %out: i8):
    %byte = arith.trunci %s : i32 to i8
    linalg.yield %byte : i8
  } -> tensor<3x5xi8>
  return %scaled : tensor<3x5xi8>
}

// -----

#shifted = affine_map<(c, k) -> (c + k)>
#inner = affine_map<(c, k) -> (k)>
#outer = affine_map<(c, k) -> (c)>

// A maximum that sees 0 outside of the image is not the maximum inside: not neutral. The window
// has no data and is no operand.
// CHECK-LABEL: func.func @not_neutral(
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: fdt.kind = "pool"
// CHECK-SAME: fdt.pads = [{neutral = false, operand = 0 : i64, value = 0 : i8}]
// CHECK-SAME: ins(%{{.*}} : tensor<6xi8>)
func.func @not_neutral(%signal: tensor<6xi8>) -> tensor<5xi8> {
  %zero = arith.constant 0 : i8
  %padded = tensor.pad %signal low[1] high[0] {
  ^bb0(%c: index):
    tensor.yield %zero : i8
  } {fdt.layer = "pool"} : tensor<6xi8> to tensor<7xi8>
  %window = tensor.empty() : tensor<3xi8>
  %start = arith.constant dense<-128> : tensor<5xi8>
  %largest = linalg.generic {indexing_maps = [#shifted, #inner, #outer],
      iterator_types = ["parallel", "reduction"]}
      ins(%padded, %window : tensor<7xi8>, tensor<3xi8>) outs(%start : tensor<5xi8>)
      attrs = {fdt.layer = "pool"} {
  ^bb0(%x: i8, %unused: i8, %acc: i8):
    %next = arith.maxsi %acc, %x : i8
    linalg.yield %next : i8
  } -> tensor<5xi8>
  return %largest : tensor<5xi8>
}

// -----

#element = affine_map<(c) -> (c)>

// A table is an operand as a whole: its map has no index.
// CHECK-LABEL: func.func @table(
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: args = ["in:0", "table:1"], body = @[[LOOK_UP:[a-z_0-9]+]]
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<3xi8>, tensor<4xi8>)
// CHECK: func.func private @[[LOOK_UP]](%[[X:.*]]: i8, %[[TABLE:.*]]: tensor<4xi8>) -> i8
// CHECK: %[[PLACE:.*]] = arith.index_cast %[[X]]
// CHECK: tensor.extract %[[TABLE]][%[[PLACE]]]
func.func @table(%input: tensor<3xi8>) -> tensor<3xi8> {
  %values = arith.constant dense<[3, 1, 4, 1]> : tensor<4xi8>
  %place = tensor.empty() : tensor<3xi8>
  %found = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xi8>) outs(%place : tensor<3xi8>) attrs = {fdt.layer = "table"} {
  ^bb0(%x: i8, %out: i8):
    %position = arith.index_cast %x : i8 to index
    %value = tensor.extract %values[%position] : tensor<4xi8>
    linalg.yield %value : i8
  } -> tensor<3xi8>
  return %found : tensor<3xi8>
}

// -----

#each = affine_map<(y, c) -> (y, c)>
#row = affine_map<(y, c) -> (y)>

// Each pass over a row is a stage; the first two are computed once for each row (dimension 0), the
// last for each element. No row of temporaries exists.
// CHECK-LABEL: func.func @softmax(
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: fdt.dims = array<i64: 2, 9, 9, 9>
// CHECK-SAME: over = array<i64: 0>, reduces = array<i64: 2>
// CHECK-SAME: over = array<i64: 0>, reduces = array<i64: 3>
// CHECK-SAME: args = ["in:{{.}}", "stage:0", "stage:1"], body = @{{[a-z_0-9]+}}, over = array<i64: 0, 1>
// CHECK-SAME: outs(%{{.*}} : tensor<2x9xf32>)
func.func @softmax(%logits: tensor<2x9xf32>) -> tensor<2x9xf32> {
  %lowest = arith.constant dense<0xFF800000> : tensor<2xf32>
  %none = arith.constant dense<0.0> : tensor<2xf32>
  %largest = linalg.generic {indexing_maps = [#each, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%logits : tensor<2x9xf32>) outs(%lowest : tensor<2xf32>) attrs = {fdt.layer = "s"} {
  ^bb0(%x: f32, %acc: f32):
    %next = arith.maximumf %acc, %x : f32
    linalg.yield %next : f32
  } -> tensor<2xf32>
  %total = linalg.generic {indexing_maps = [#each, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%logits : tensor<2x9xf32>) outs(%none : tensor<2xf32>) attrs = {fdt.layer = "s"} {
  ^bb0(%x: f32, %acc: f32):
    %next = arith.addf %acc, %x : f32
    linalg.yield %next : f32
  } -> tensor<2xf32>
  %place = tensor.empty() : tensor<2x9xf32>
  %scaled = linalg.generic {indexing_maps = [#each, #row, #row, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%logits, %largest, %total : tensor<2x9xf32>, tensor<2xf32>, tensor<2xf32>)
      outs(%place : tensor<2x9xf32>) attrs = {fdt.layer = "s"} {
  ^bb0(%x: f32, %m: f32, %t: f32, %out: f32):
    %less = arith.subf %x, %m : f32
    %share = arith.divf %less, %t : f32
    linalg.yield %share : f32
  } -> tensor<2x9xf32>
  return %scaled : tensor<2x9xf32>
}

// -----

#element = affine_map<(c) -> (c)>

// A static slice of a constant is read where it lies, by its map; a splat is no operand but a
// number in the function.
// CHECK: #[[SLICE:.*]] = affine_map<(d0) -> (d0 + 1)>
// CHECK-LABEL: func.func @constants(
// CHECK-NOT: tensor.extract_slice
// CHECK: %[[ALL:.*]] = arith.constant dense<{{.*}}> : tensor<5xf32>
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: fdt.maps = [#{{.*}}, #[[SLICE]], #{{.*}}]
// CHECK-SAME: ins(%{{.*}}, %[[ALL]] : tensor<3xf32>, tensor<5xf32>)
// CHECK: func.func private
// CHECK: arith.constant 2.500000e+00 : f32
func.func @constants(%input: tensor<3xf32>) -> tensor<3xf32> {
  %all = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0]> : tensor<5xf32>
  %offset = tensor.extract_slice %all[1] [3] [1] : tensor<5xf32> to tensor<3xf32>
  %factor = arith.constant dense<2.5> : tensor<3xf32>
  %place = tensor.empty() : tensor<3xf32>
  %scaled = linalg.generic {indexing_maps = [#element, #element, #element, #element],
      iterator_types = ["parallel"]}
      ins(%input, %factor, %offset : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>)
      outs(%place : tensor<3xf32>) attrs = {fdt.layer = "scale"} {
  ^bb0(%x: f32, %f: f32, %o: f32, %out: f32):
    %product = arith.mulf %x, %f : f32
    %sum = arith.addf %product, %o : f32
    linalg.yield %sum : f32
  } -> tensor<3xf32>
  return %scaled : tensor<3xf32>
}

// -----

#shifted = affine_map<(c, k) -> (c + k)>
#inner = affine_map<(c, k) -> (k)>
#outer = affine_map<(c, k) -> (c)>

// With a border of other elements, a splat is not the same number everywhere: it is an operand.
// CHECK-LABEL: func.func @padded_splat(
// CHECK: %[[SPLAT:.*]] = arith.constant dense<127> : tensor<6xi8>
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: fdt.pads = [{neutral = true, operand = 0 : i64, value = 0 : i8}]
// CHECK-SAME: ins(%[[SPLAT]] : tensor<6xi8>)
func.func @padded_splat() -> tensor<5xi32> {
  %zero = arith.constant 0 : i8
  %signal = arith.constant dense<127> : tensor<6xi8>
  %padded = tensor.pad %signal low[1] high[0] {
  ^bb0(%c: index):
    tensor.yield %zero : i8
  } {fdt.layer = "pool"} : tensor<6xi8> to tensor<7xi8>
  %window = tensor.empty() : tensor<3xi8>
  %start = arith.constant dense<0> : tensor<5xi32>
  %total = linalg.generic {indexing_maps = [#shifted, #inner, #outer],
      iterator_types = ["parallel", "reduction"]}
      ins(%padded, %window : tensor<7xi8>, tensor<3xi8>) outs(%start : tensor<5xi32>)
      attrs = {fdt.layer = "pool"} {
  ^bb0(%x: i8, %unused: i8, %acc: i32):
    %wide = arith.extsi %x : i8 to i32
    %next = arith.addi %acc, %wide : i32
    linalg.yield %next : i32
  } -> tensor<5xi32>
  return %total : tensor<5xi32>
}

// -----

#shifted = affine_map<(c, k) -> (c + k)>
#inner = affine_map<(c, k) -> (k)>
#outer = affine_map<(c, k) -> (c)>

// With a border of the same elements it is.
// CHECK-LABEL: func.func @splat_padded_with_itself(
// CHECK: iree_codegen.ukernel.generic
// CHECK-NOT: ins(
// CHECK: func.func private @pool_accumulate
// CHECK: arith.constant 127 : i32
func.func @splat_padded_with_itself() -> tensor<5xi32> {
  %same = arith.constant 127 : i8
  %signal = arith.constant dense<127> : tensor<6xi8>
  %padded = tensor.pad %signal low[1] high[0] {
  ^bb0(%c: index):
    tensor.yield %same : i8
  } {fdt.layer = "pool"} : tensor<6xi8> to tensor<7xi8>
  %window = tensor.empty() : tensor<3xi8>
  %start = arith.constant dense<0> : tensor<5xi32>
  %total = linalg.generic {indexing_maps = [#shifted, #inner, #outer],
      iterator_types = ["parallel", "reduction"]}
      ins(%padded, %window : tensor<7xi8>, tensor<3xi8>) outs(%start : tensor<5xi32>)
      attrs = {fdt.layer = "pool"} {
  ^bb0(%x: i8, %unused: i8, %acc: i32):
    %wide = arith.extsi %x : i8 to i32
    %next = arith.addi %acc, %wide : i32
    linalg.yield %next : i32
  } -> tensor<5xi32>
  return %total : tensor<5xi32>
}

// -----

#element = affine_map<(c) -> (c)>

// Nobody reads it: nothing is left of the layer.
// CHECK-LABEL: func.func @dead(
// CHECK-NEXT: return
func.func @dead(%input: tensor<3xf32>) -> tensor<3xf32> {
  %place = tensor.empty() : tensor<3xf32>
  %copy = linalg.generic {indexing_maps = [#element, #element], iterator_types = ["parallel"]}
      ins(%input : tensor<3xf32>) outs(%place : tensor<3xf32>) attrs = {fdt.layer = "copy"} {
  ^bb0(%x: f32, %out: f32):
    linalg.yield %x : f32
  } -> tensor<3xf32>
  return %input : tensor<3xf32>
}
