// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-build-row-loops,canonicalize)' \
// RUN:   --split-input-file | FileCheck %s

#window = affine_map<(y, k) -> (y + k)>
#rows = affine_map<(y, k) -> (y)>

// Two rows of the end need four rows of the tensor before it (a window of 3): that many exist at a
// time, never all 8. Both calls compute the slice of their tile only; where the tensor's part
// begins is an operand of who writes it and of who reads it.
// CHECK-LABEL: func.func @halo(
// CHECK-SAME: %[[INPUT:.*]]: tensor<10xi8>
// CHECK-NOT: tensor<8xi8>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[TILE:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[ROWS:.*]] = arith.constant 6 : index
// CHECK: %[[WHOLE:.*]] = bufferization.alloc_tensor() : tensor<6xi8>
// CHECK: %[[RESULT:.*]] = scf.for %[[ROW:.*]] = %[[ZERO]] to %[[ROWS]] step %[[TILE]]
// CHECK-SAME: iter_args(%[[SO_FAR:.*]] = %[[WHOLE]])
// CHECK: %[[NEXT:.*]] = arith.addi %[[ROW]], %[[TILE]]
// CHECK: %[[PART:.*]] = bufferization.alloc_tensor() : tensor<4xi8>
// CHECK: %[[MIDDLE:.*]] = iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "middle"
// CHECK-SAME: fdt.slices = array<i64: 0>
// CHECK-SAME: fdt.windows = array<i64: 1, 0, 8>
// CHECK-SAME: ins(%[[INPUT]] : tensor<10xi8>) outs(%[[PART]] : tensor<4xi8>)
// CHECK-SAME: (%[[FIRST:.*]], %{{.*}}, %[[FIRST]] : index, index, index)
// CHECK: %[[END:.*]] = iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "end"
// CHECK-SAME: fdt.slices = array<i64: 0>
// CHECK-SAME: fdt.windows = array<i64: 0, 0, 8>
// CHECK-SAME: ins(%[[MIDDLE]] : tensor<4xi8>) outs(%[[SO_FAR]] : tensor<6xi8>)
// CHECK-SAME: (%[[ROW]], %[[NEXT]], %[[FIRST]] : index, index, index)
// CHECK: scf.yield %[[END]]
// CHECK: return %[[RESULT]]
func.func @halo(%input: tensor<10xi8>) -> tensor<6xi8> {
  %middle_place = bufferization.alloc_tensor() : tensor<8xi8>
  %middle = iree_codegen.ukernel.generic {fdt.dims = array<i64: 8, 3>, fdt.kind = "pool",
      fdt.layer = "middle", fdt.macs = 0 : i64, fdt.maps = [#window, #rows],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.stages = [{args = ["acc", "in:0"],
      body = @step, init = @lowest, init_args = [], over = array<i64: 0>, reduces = array<i64: 1>}]}
      "pool" ins(%input : tensor<10xi8>) outs(%middle_place : tensor<8xi8>) -> tensor<8xi8>
  %end_place = bufferization.alloc_tensor() : tensor<6xi8>
  %end = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6, 3>, fdt.kind = "pool",
      fdt.layer = "end", fdt.macs = 0 : i64, fdt.maps = [#window, #rows],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.row_dims = array<i64: 0>,
      fdt.row_tiles = array<i64: 2>, fdt.stages = [{args = ["acc", "in:0"],
      body = @step, init = @lowest, init_args = [], over = array<i64: 0>, reduces = array<i64: 1>}]}
      "pool" ins(%middle : tensor<8xi8>) outs(%end_place : tensor<6xi8>) -> tensor<6xi8>
  return %end : tensor<6xi8>
}
func.func private @lowest() -> i8 {
  %lowest = arith.constant -128 : i8
  return %lowest : i8
}
func.func private @step(%largest: i8, %x: i8) -> i8 {
  %next = arith.maxsi %largest, %x : i8
  return %next : i8
}

// -----

#inner = affine_map<(f, k) -> (k)>
#matrix = affine_map<(f, k) -> (k, f)>
#outer = affine_map<(f, k) -> (f)>
#each = affine_map<(c) -> (c)>

// A tiled reduction: the start value is written before the loop, each tile adds its part of the
// sum to what is there (`out`), and the rescale runs once after it.
// CHECK-LABEL: func.func @fan_in(
// CHECK: %[[SUMS:.*]] = bufferization.alloc_tensor() : tensor<3xi32>
// CHECK: %[[START:.*]] = iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "fc_init"
// CHECK-SAME: outs(%[[SUMS]] : tensor<3xi32>)
// CHECK: %[[TOTAL:.*]] = scf.for {{.*}} iter_args(%[[SO_FAR:.*]] = %[[START]])
// CHECK: bufferization.alloc_tensor() : tensor<2xi8>
// CHECK: fdt.layer = "first"
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "fc"
// CHECK-SAME: fdt.slices = array<i64: 1>
// CHECK-SAME: init_args = ["out"]
// CHECK-SAME: fdt.total_macs = 18 : i64
// CHECK-SAME: outs(%[[SO_FAR]] : tensor<3xi32>)
// CHECK: }
// CHECK: iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "fc_finish"
// CHECK-SAME: ins(%[[TOTAL]] : tensor<3xi32>) outs(%{{.*}} : tensor<3xi8>)
func.func @fan_in(%input: tensor<6xi8>) -> tensor<3xi8> {
  %weights = arith.constant dense<1> : tensor<6x3xi8>
  %place = bufferization.alloc_tensor() : tensor<6xi8>
  %wide = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6>, fdt.kind = "elementwise",
      fdt.layer = "first", fdt.macs = 0 : i64, fdt.maps = [#each, #each],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.stages = [{args = ["in:0"],
      body = @twice, over = array<i64: 0>}]}
      "elementwise" ins(%input : tensor<6xi8>) outs(%place : tensor<6xi8>) -> tensor<6xi8>
  %end_place = bufferization.alloc_tensor() : tensor<3xi8>
  %end = iree_codegen.ukernel.generic {fdt.dims = array<i64: 3, 6>, fdt.kind = "dense",
      fdt.layer = "fc", fdt.macs = 18 : i64, fdt.maps = [#inner, #matrix, #outer],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.row_dims = array<i64: 1>,
      fdt.row_tiles = array<i64: 2>, fdt.stages = [{args = ["acc", "in:0", "in:1"],
      body = @step, init = @zero, init_args = [], over = array<i64: 0>, reduces = array<i64: 1>},
      {args = ["stage:0"], body = @narrow, over = array<i64: 0>}]}
      "dense" ins(%wide, %weights : tensor<6xi8>, tensor<6x3xi8>) outs(%end_place : tensor<3xi8>)
      -> tensor<3xi8>
  return %end : tensor<3xi8>
}
func.func private @twice(%x: i8) -> i8 {
  %y = arith.addi %x, %x : i8
  return %y : i8
}
func.func private @zero() -> i32 {
  %zero = arith.constant 0 : i32
  return %zero : i32
}
func.func private @step(%sum: i32, %x: i8, %w: i8) -> i32 {
  %x32 = arith.extsi %x : i8 to i32
  %w32 = arith.extsi %w : i8 to i32
  %product = arith.muli %x32, %w32 : i32
  %next = arith.addi %sum, %product : i32
  return %next : i32
}
func.func private @narrow(%x: i32) -> i8 {
  %y = arith.trunci %x : i32 to i8
  return %y : i8
}

// -----

#window = affine_map<(y, k) -> (y + k)>
#rows = affine_map<(y, k) -> (y)>

// The same as a stream: one row of the end in an iteration, and of the tensor before it the one row
// that is new. The two that the next window shares stay where they are, in a ring of three that the
// loop carries; it begins before the end's first row, so that the first window comes row by row too.
// CHECK-LABEL: func.func @stream(
// CHECK-SAME: %[[INPUT:.*]]: tensor<10xi8>
// CHECK-NOT: tensor<8xi8>
// CHECK-DAG: %[[FIRST_TIME:.*]] = arith.constant -2 : index
// CHECK-DAG: %[[ROWS:.*]] = arith.constant 6 : index
// CHECK-DAG: %[[WHOLE:.*]] = bufferization.alloc_tensor() : tensor<6xi8>
// CHECK-DAG: %[[RING:.*]] = bufferization.alloc_tensor() : tensor<3xi8>
// CHECK: scf.for %{{.*}} = %[[FIRST_TIME]] to %[[ROWS]] step
// CHECK-SAME: iter_args(%[[SO_FAR:.*]] = %[[WHOLE]], %[[KEPT:.*]] = %[[RING]])
// CHECK: %[[MIDDLE:.*]] = iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "middle"
// CHECK-SAME: fdt.rings = array<i64: 1, 0, 8>
// CHECK-SAME: ins(%[[INPUT]] : tensor<10xi8>) outs(%[[KEPT]] : tensor<3xi8>)
// CHECK: %[[END:.*]] = iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "end"
// CHECK-SAME: fdt.rings = array<i64: 0, 0, 8>
// CHECK-SAME: ins(%[[MIDDLE]] : tensor<3xi8>) outs(%[[SO_FAR]] : tensor<6xi8>)
// CHECK: scf.yield %[[END]], %[[MIDDLE]]
func.func @stream(%input: tensor<10xi8>) -> tensor<6xi8> {
  %middle_place = bufferization.alloc_tensor() : tensor<8xi8>
  %middle = iree_codegen.ukernel.generic {fdt.dims = array<i64: 8, 3>, fdt.kind = "pool",
      fdt.layer = "middle", fdt.macs = 0 : i64, fdt.maps = [#window, #rows],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.stages = [{args = ["acc", "in:0"],
      body = @step, init = @lowest, init_args = [], over = array<i64: 0>, reduces = array<i64: 1>}]}
      "pool" ins(%input : tensor<10xi8>) outs(%middle_place : tensor<8xi8>) -> tensor<8xi8>
  %end_place = bufferization.alloc_tensor() : tensor<6xi8>
  %end = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6, 3>, fdt.kind = "pool",
      fdt.layer = "end", fdt.macs = 0 : i64, fdt.maps = [#window, #rows],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.row_dims = array<i64: 0>,
      fdt.row_tiles = array<i64: 1>, fdt.row_stream, fdt.stages = [{args = ["acc", "in:0"],
      body = @step, init = @lowest, init_args = [], over = array<i64: 0>, reduces = array<i64: 1>}]}
      "pool" ins(%middle : tensor<8xi8>) outs(%end_place : tensor<6xi8>) -> tensor<6xi8>
  return %end : tensor<6xi8>
}
func.func private @lowest() -> i8 {
  %lowest = arith.constant -128 : i8
  return %lowest : i8
}
func.func private @step(%largest: i8, %x: i8) -> i8 {
  %next = arith.maxsi %largest, %x : i8
  return %next : i8
}

// -----

#window = affine_map<(y, x, ky, kx) -> (y + ky, x + kx)>
#pixel = affine_map<(y, x, ky, kx) -> (y, x)>

// The same pixel by pixel: of the tensor between them two rows of ten and three pixels are kept, in a
// ring over both of its dimensions. Both loops begin before the end's first row and column.
// CHECK-LABEL: func.func @pixels(
// CHECK-SAME: %[[INPUT:.*]]: tensor<10x12xi8>
// CHECK-NOT: tensor<8x10xi8>
// CHECK-DAG: %[[WHOLE:.*]] = bufferization.alloc_tensor() : tensor<6x8xi8>
// CHECK-DAG: %[[RING:.*]] = bufferization.alloc_tensor() : tensor<1x23xi8>
// CHECK: scf.for %{{.*}} = %c-2{{.*}} to %c6{{.*}} step
// CHECK-SAME: iter_args(%[[ROWS:.*]] = %[[WHOLE]], %[[KEPT:.*]] = %[[RING]])
// CHECK: scf.for %{{.*}} = %c-2{{.*}} to %c8{{.*}} step
// CHECK-SAME: iter_args(%[[SO_FAR:.*]] = %[[ROWS]], %[[PIXELS:.*]] = %[[KEPT]])
// CHECK: %[[MIDDLE:.*]] = iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "middle"
// CHECK-SAME: fdt.rings = array<i64: 1, 0, 8, 1, 1, 10>
// CHECK-SAME: fdt.slices = array<i64: 0, 1>
// CHECK-SAME: ins(%[[INPUT]] : tensor<10x12xi8>) outs(%[[PIXELS]] : tensor<1x23xi8>)
// CHECK: %[[END:.*]] = iree_codegen.ukernel.generic
// CHECK-SAME: fdt.layer = "end"
// CHECK-SAME: fdt.rings = array<i64: 0, 0, 8, 0, 1, 10>
// CHECK-SAME: ins(%[[MIDDLE]] : tensor<1x23xi8>) outs(%[[SO_FAR]] : tensor<6x8xi8>)
// CHECK: scf.yield %[[END]], %[[MIDDLE]]
func.func @pixels(%input: tensor<10x12xi8>) -> tensor<6x8xi8> {
  %middle_place = bufferization.alloc_tensor() : tensor<8x10xi8>
  %middle = iree_codegen.ukernel.generic {fdt.dims = array<i64: 8, 10, 3, 3>, fdt.kind = "pool",
      fdt.layer = "middle", fdt.macs = 0 : i64, fdt.maps = [#window, #pixel],
      fdt.result_dims = 2 : i64, fdt.row_path = 0 : i64, fdt.stages = [{args = ["acc", "in:0"],
      body = @step, init = @lowest, init_args = [], over = array<i64: 0, 1>,
      reduces = array<i64: 2, 3>}]}
      "pool" ins(%input : tensor<10x12xi8>) outs(%middle_place : tensor<8x10xi8>) -> tensor<8x10xi8>
  %end_place = bufferization.alloc_tensor() : tensor<6x8xi8>
  %end = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6, 8, 3, 3>, fdt.kind = "pool",
      fdt.layer = "end", fdt.macs = 0 : i64, fdt.maps = [#window, #pixel],
      fdt.result_dims = 2 : i64, fdt.row_path = 0 : i64, fdt.row_dims = array<i64: 0, 1>,
      fdt.row_tiles = array<i64: 1, 1>, fdt.row_stream, fdt.pixel_stream,
      fdt.stages = [{args = ["acc", "in:0"], body = @step, init = @lowest, init_args = [],
      over = array<i64: 0, 1>, reduces = array<i64: 2, 3>}]}
      "pool" ins(%middle : tensor<8x10xi8>) outs(%end_place : tensor<6x8xi8>) -> tensor<6x8xi8>
  return %end : tensor<6x8xi8>
}
func.func private @lowest() -> i8 {
  %lowest = arith.constant -128 : i8
  return %lowest : i8
}
func.func private @step(%largest: i8, %x: i8) -> i8 {
  %next = arith.maxsi %largest, %x : i8
  return %next : i8
}
