// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-lower-to-emitc)' \
// RUN:   --split-input-file --verify-diagnostics

// One model, one entry.
// expected-error@unknown {{the module has 2 public functions, one is needed}}
func.func @first() {
  return
}
func.func @second() {
  return
}

// -----

// expected-error@+1 {{the buffers have no place yet}}
func.func @unplanned(%input: memref<3xi8>) -> memref<3xi8> {
  return %input : memref<3xi8>
}

// -----

#element = affine_map<(c) -> (c)>

// A buffer that came into being after the plan.
func.func @forgotten(%input: memref<3xi8>) -> memref<3xi8>
    attributes {fdt.arena_bytes = 3 : i64, fdt.input_offsets = array<i64: 0>} {
  // expected-error@+1 {{the buffer has no place in the arena}}
  %output = memref.alloc() : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "layer", fdt.macs = 0 : i64, fdt.maps = [#element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<3xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}
func.func private @same(%x: i8) -> i8 {
  return %x : i8
}

// -----

func.func @other_kernel(%input: memref<3xi8>) -> memref<3xi8>
    attributes {fdt.arena_bytes = 6 : i64, fdt.input_offsets = array<i64: 0>} {
  %output = memref.alloc() {fdt.offset = 3 : i64} : memref<3xi8>
  // expected-error@+1 {{the kernel call lacks fdt.kind, fdt.dims, fdt.result_dims, fdt.maps}}
  iree_codegen.ukernel.generic {fdt.layer = "layer"} "other"
      ins(%input : memref<3xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}

// -----

#element = affine_map<(c) -> (c)>

func.func @undefined(%input: memref<3xi8>) -> memref<3xi8>
    attributes {fdt.arena_bytes = 6 : i64, fdt.input_offsets = array<i64: 0>} {
  %output = memref.alloc() {fdt.offset = 3 : i64} : memref<3xi8>
  // expected-error@+1 {{the kernel calls @gone, which is not defined}}
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "layer", fdt.macs = 0 : i64, fdt.maps = [#element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0"], body = @gone, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<3xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}

// -----

#element = affine_map<(c) -> (c)>

// C99 has no half precision.
func.func @half(%input: memref<3xf16>) -> memref<3xf16>
    attributes {fdt.arena_bytes = 12 : i64, fdt.input_offsets = array<i64: 0>} {
  %output = memref.alloc() {fdt.offset = 6 : i64} : memref<3xf16>
  // expected-error@+1 {{C has no type for elements of f16}}
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "layer", fdt.macs = 0 : i64, fdt.maps = [#element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<3xf16>) outs(%output : memref<3xf16>)
  return %output : memref<3xf16>
}
func.func private @same(%x: f16) -> f16 {
  return %x : f16
}

// -----

#element = affine_map<(c) -> (c)>

func.func @scalar_type(%input: memref<3xi8>) -> memref<3xi8>
    attributes {fdt.arena_bytes = 6 : i64, fdt.input_offsets = array<i64: 0>} {
  %output = memref.alloc() {fdt.offset = 3 : i64} : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "layer", fdt.macs = 0 : i64, fdt.maps = [#element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0"], body = @through, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<3xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}
func.func private @through(%x: i8) -> i8 {
  // expected-error@+1 {{C has no type for numbers of i48}}
  %wide = arith.extsi %x : i8 to i48
  %narrow = arith.trunci %wide : i48 to i8
  return %narrow : i8
}

// -----

#element = affine_map<(c) -> (c)>

func.func @scalar_operation(%input: memref<3xf32>) -> memref<3xf32>
    attributes {fdt.arena_bytes = 24 : i64, fdt.input_offsets = array<i64: 0>} {
  %output = memref.alloc() {fdt.offset = 12 : i64} : memref<3xf32>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "layer", fdt.macs = 0 : i64, fdt.maps = [#element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0"], body = @angle, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<3xf32>) outs(%output : memref<3xf32>)
  return %output : memref<3xf32>
}
func.func private @angle(%x: f32) -> f32 {
  // expected-error@+1 {{no C is known for operation 'math.atan2'}}
  %angle = math.atan2 %x, %x : f32
  return %angle : f32
}

// -----

#element = affine_map<(c) -> (c)>

// Where the next element lies must be known when the C is written.
// expected-error@+1 {{a view of dynamic strides cannot be compiled: memref<3xi8, strided<[?]>>}}
func.func @strides(%input: memref<3xi8, strided<[?]>>) -> memref<3xi8>
    attributes {fdt.arena_bytes = 6 : i64, fdt.input_offsets = array<i64: 0>} {
  %output = memref.alloc() {fdt.offset = 3 : i64} : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "layer", fdt.macs = 0 : i64, fdt.maps = [#element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0"], body = @same, over = array<i64: 0>}]} "elementwise"
      ins(%input : memref<3xi8, strided<[?]>>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}
func.func private @same(%x: i8) -> i8 {
  return %x : i8
}

// -----

#window = affine_map<(c, k) -> (c + k - 2147483646)>
#element = affine_map<(c, k) -> (c)>

// A window of a damaged model.
func.func @window(%input: memref<3xi8>) -> memref<3xi8>
    attributes {fdt.arena_bytes = 6 : i64, fdt.input_offsets = array<i64: 0>} {
  %output = memref.alloc() {fdt.offset = 3 : i64} : memref<3xi8>
  // expected-error@+1 {{layer 'pool' has a loop of 4294967295 steps and reaches 2147483650 elements far, but C counts to 2147483647}}
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3, 4294967295>, fdt.kind = "pool",
      fdt.layer = "pool", fdt.macs = 0 : i64, fdt.maps = [#window, #element],
      fdt.pads = [{neutral = true, operand = 0 : i64, value = -128 : i8}],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["acc", "in:0"], body = @larger, init = @least, init_args = [],
      over = array<i64: 0>, reduces = array<i64: 1>}]} "pool"
      ins(%input : memref<3xi8>) outs(%output : memref<3xi8>)
  return %output : memref<3xi8>
}
func.func private @least() -> i8 {
  %least = arith.constant -128 : i8
  return %least : i8
}
func.func private @larger(%so_far: i8, %x: i8) -> i8 {
  %larger = arith.maxsi %so_far, %x : i8
  return %larger : i8
}
