// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-build-row-loops)' \
// RUN:   --split-input-file --verify-diagnostics

#each = affine_map<(c) -> (c)>

// What lies inside of a path exists tile by tile: nobody else can read it.
func.func @read_outside(%input: tensor<6xi8>) -> (tensor<6xi8>, tensor<6xi8>) {
  %place = bufferization.alloc_tensor() : tensor<6xi8>
  // expected-error@+1 {{layer 'middle' cannot be inside a path: func.return outside of the path}}
  %middle = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6>, fdt.kind = "elementwise",
      fdt.layer = "middle", fdt.macs = 0 : i64, fdt.maps = [#each, #each],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%input : tensor<6xi8>) outs(%place : tensor<6xi8>) -> tensor<6xi8>
  %end_place = bufferization.alloc_tensor() : tensor<6xi8>
  %end = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6>, fdt.kind = "elementwise",
      fdt.layer = "end", fdt.macs = 0 : i64, fdt.maps = [#each, #each],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.row_dims = array<i64: 0>,
      fdt.row_tiles = array<i64: 2>,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%middle : tensor<6xi8>) outs(%end_place : tensor<6xi8>) -> tensor<6xi8>
  return %middle, %end : tensor<6xi8>, tensor<6xi8>
}
func.func private @same(%x: i8) -> i8 {
  return %x : i8
}

// -----

#matrix = affine_map<(y, c, k, l) -> (y, k)>
#again = affine_map<(y, c, k, l) -> (y, l)>
#each = affine_map<(y, c, k, l) -> (y, c)>

// The second reduction needs the first one whole: neither can be a sum over tiles.
func.func @two_reductions(%input: tensor<2x6xi32>) -> tensor<2x6xi32> {
  %place = bufferization.alloc_tensor() : tensor<2x6xi32>
  // expected-error@+1 {{the reduction of layer 'norm' cannot run tile by tile}}
  %end = iree_codegen.ukernel.generic {fdt.dims = array<i64: 2, 6, 6, 6>, fdt.kind = "softmax",
      fdt.layer = "norm", fdt.macs = 0 : i64, fdt.maps = [#matrix, #again, #each],
      fdt.result_dims = 2 : i64, fdt.row_path = 0 : i64, fdt.row_dims = array<i64: 2>,
      fdt.row_tiles = array<i64: 3>, fdt.stages = [
      {args = ["acc", "in:0"], body = @sum, init = @zero, init_args = [], over = array<i64: 0>,
      reduces = array<i64: 2>},
      {args = ["acc", "in:1", "stage:0"], body = @sum_less, init = @zero, init_args = [],
      over = array<i64: 0>, reduces = array<i64: 3>}]} "softmax"
      ins(%input, %input : tensor<2x6xi32>, tensor<2x6xi32>) outs(%place : tensor<2x6xi32>)
      -> tensor<2x6xi32>
  return %end : tensor<2x6xi32>
}
func.func private @zero() -> i32 {
  %zero = arith.constant 0 : i32
  return %zero : i32
}
func.func private @sum(%acc: i32, %x: i32) -> i32 {
  %next = arith.addi %acc, %x : i32
  return %next : i32
}
func.func private @sum_less(%acc: i32, %x: i32, %total: i32) -> i32 {
  %less = arith.subi %x, %total : i32
  %next = arith.addi %acc, %less : i32
  return %next : i32
}

// -----

#turned = affine_map<(y) -> (-y + 5)>
#each = affine_map<(y) -> (y)>

// Rows that are read backwards are not there yet when the first one is wanted.
func.func @backwards(%input: tensor<6xi8>) -> tensor<6xi8> {
  %place = bufferization.alloc_tensor() : tensor<6xi8>
  // expected-error@+1 {{layer 'middle' cannot be part of a stream: the rows of its result are not read in order}}
  %middle = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6>, fdt.kind = "elementwise",
      fdt.layer = "middle", fdt.macs = 0 : i64, fdt.maps = [#each, #each],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%input : tensor<6xi8>) outs(%place : tensor<6xi8>) -> tensor<6xi8>
  %end_place = bufferization.alloc_tensor() : tensor<6xi8>
  %end = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6>, fdt.kind = "elementwise",
      fdt.layer = "end", fdt.macs = 0 : i64, fdt.maps = [#turned, #each],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.row_dims = array<i64: 0>,
      fdt.row_tiles = array<i64: 1>, fdt.row_stream,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%middle : tensor<6xi8>) outs(%end_place : tensor<6xi8>) -> tensor<6xi8>
  return %end : tensor<6xi8>
}
func.func private @same(%x: i8) -> i8 {
  return %x : i8
}

// -----

#other = affine_map<(y) -> (2 * y)>
#each = affine_map<(y) -> (y)>

// The end reads every other row up to the fifth: nobody would compute the last one.
func.func @read_after(%input: tensor<6xi8>) -> (tensor<3xi8>, tensor<6xi8>) {
  %place = bufferization.alloc_tensor() : tensor<6xi8>
  // expected-error@+1 {{layer 'middle' is read after its stream, which computes 5 of its 6 rows}}
  %middle = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6>, fdt.kind = "elementwise",
      fdt.layer = "middle", fdt.macs = 0 : i64, fdt.maps = [#each, #each],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%input : tensor<6xi8>) outs(%place : tensor<6xi8>) -> tensor<6xi8>
  %end_place = bufferization.alloc_tensor() : tensor<3xi8>
  %end = iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "end", fdt.macs = 0 : i64, fdt.maps = [#other, #each],
      fdt.result_dims = 1 : i64, fdt.row_path = 0 : i64, fdt.row_dims = array<i64: 0>,
      fdt.row_tiles = array<i64: 1>, fdt.row_stream,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%middle : tensor<6xi8>) outs(%end_place : tensor<3xi8>) -> tensor<3xi8>
  %again_place = bufferization.alloc_tensor() : tensor<6xi8>
  %again = iree_codegen.ukernel.generic {fdt.dims = array<i64: 6>, fdt.kind = "elementwise",
      fdt.layer = "again", fdt.macs = 0 : i64, fdt.maps = [#each, #each],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%middle : tensor<6xi8>) outs(%again_place : tensor<6xi8>) -> tensor<6xi8>
  return %end, %again : tensor<3xi8>, tensor<6xi8>
}
func.func private @same(%x: i8) -> i8 {
  return %x : i8
}
