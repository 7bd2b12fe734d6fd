// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-lower-to-emitc{model=tiny header=tiny.h})' \
// RUN:   --split-input-file | FileCheck %s

#element = affine_map<(c) -> (c)>

// Two calls that compute the same share a function; places and constants are its arguments. The
// header comes with the model's name, and so does the entry.
// CHECK: emitc.include "tiny.h"
// CHECK-DAG: emitc.global static const @[[ONE:first_.*]] : !emitc.array<3xi8> = dense<[1, 2, 3]>
// CHECK-DAG: emitc.global static const @[[TWO:second_.*]] : !emitc.array<3xi8> = dense<[4, 5, 6]>
// CHECK: emitc.func @[[SHARED:.*]](%{{.*}}) attributes {fdt.comment = "elementwise: first, second"
// CHECK-NOT: emitc.func @elementwise
// CHECK-LABEL: emitc.func @tiny_invoke(
// CHECK: literal "[[ONE]]"
// CHECK: call @[[SHARED]](
// CHECK: literal "[[TWO]]"
// CHECK: call @[[SHARED]](
// CHECK-NOT: func.func
// CHECK-NOT: memref.
memref.global "private" constant @one : memref<3xi8> = dense<[1, 2, 3]>
memref.global "private" constant @two : memref<3xi8> = dense<[4, 5, 6]>
func.func @main(%input: memref<3xi8>) -> memref<3xi8>
    attributes {fdt.arena_bytes = 6 : i64, fdt.input_offsets = array<i64: 0>} {
  %one = memref.get_global @one : memref<3xi8>
  %two = memref.get_global @two : memref<3xi8>
  %middle = memref.alloc() {fdt.offset = 3 : i64} : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "first", fdt.macs = 0 : i64, fdt.maps = [#element, #element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0", "in:1"], body = @add, over = array<i64: 0>}]} "elementwise"
      ins(%input, %one : memref<3xi8>, memref<3xi8>) outs(%middle : memref<3xi8>)
  %last = memref.alloc() {fdt.offset = 0 : i64} : memref<3xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3>, fdt.kind = "elementwise",
      fdt.layer = "second", fdt.macs = 0 : i64, fdt.maps = [#element, #element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0", "in:1"], body = @add_too, over = array<i64: 0>}]} "elementwise"
      ins(%middle, %two : memref<3xi8>, memref<3xi8>) outs(%last : memref<3xi8>)
  return %last : memref<3xi8>
}
func.func private @add(%x: i8, %y: i8) -> i8 {
  %sum = arith.addi %x, %y : i8
  return %sum : i8
}
func.func private @add_too(%x: i8, %y: i8) -> i8 {
  %sum = arith.addi %x, %y : i8
  return %sum : i8
}

// -----

#element = affine_map<(c) -> (c)>

// A slice of a constant is the slice's data; what else the constant holds is not stored. Another
// computation is another function.
// CHECK: emitc.global static const @{{.*}} : !emitc.array<2xi8> = dense<[5, 6]>
// CHECK-NOT: emitc.global
// CHECK: emitc.func @{{elementwise.*}}(
// CHECK: emitc.func @{{elementwise.*}}(
// CHECK-LABEL: emitc.func @tiny_invoke(
memref.global "private" constant @data : memref<2x3xi8> = dense<[[1, 2, 3], [4, 5, 6]]>
func.func @main(%input: memref<2xi8>) -> memref<2xi8>
    attributes {fdt.arena_bytes = 4 : i64, fdt.input_offsets = array<i64: 0>} {
  %data = memref.get_global @data : memref<2x3xi8>
  %slice = memref.subview %data[1, 1] [1, 2] [1, 1]
      : memref<2x3xi8> to memref<2xi8, strided<[1], offset: 4>>
  %middle = memref.alloc() {fdt.offset = 2 : i64} : memref<2xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 2>, fdt.kind = "elementwise",
      fdt.layer = "sum", fdt.macs = 0 : i64, fdt.maps = [#element, #element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0", "in:1"], body = @sum, over = array<i64: 0>}]} "elementwise"
      ins(%input, %slice : memref<2xi8>, memref<2xi8, strided<[1], offset: 4>>)
      outs(%middle : memref<2xi8>)
  %last = memref.alloc() {fdt.offset = 0 : i64} : memref<2xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 2>, fdt.kind = "elementwise",
      fdt.layer = "difference", fdt.macs = 0 : i64, fdt.maps = [#element, #element, #element],
      fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["in:0", "in:1"], body = @difference, over = array<i64: 0>}]}
      "elementwise" ins(%middle, %slice : memref<2xi8>, memref<2xi8, strided<[1], offset: 4>>)
      outs(%last : memref<2xi8>)
  return %last : memref<2xi8>
}
func.func private @sum(%x: i8, %y: i8) -> i8 {
  %sum = arith.addi %x, %y : i8
  return %sum : i8
}
func.func private @difference(%x: i8, %y: i8) -> i8 {
  %difference = arith.subi %x, %y : i8
  return %difference : i8
}

// -----

// Weights lie in the order in which the loops read them: for each k those of all output
// channels (f) in a register block. Three fit one block, so the matrix stays as it is.
// CHECK: emitc.global static const @fc_weights : !emitc.array<6xi8> = dense<[1, 2, 3, 4, 5, 6]>
// CHECK-SAME: fdt.comment = "2x3"
// CHECK-LABEL: emitc.func @tiny_invoke(
memref.global "private" constant @weights : memref<2x3xi8> = dense<[[1, 2, 3], [4, 5, 6]]>
func.func @main(%input: memref<2xi8>) -> memref<3xi32>
    attributes {fdt.arena_bytes = 14 : i64, fdt.input_offsets = array<i64: 12>} {
  %weights = memref.get_global @weights : memref<2x3xi8>
  %sums = memref.alloc() {fdt.offset = 0 : i64} : memref<3xi32>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 3, 2>, fdt.kind = "dense",
      fdt.layer = "fc", fdt.macs = 6 : i64, fdt.maps = [affine_map<(f, k) -> (k)>,
      affine_map<(f, k) -> (k, f)>, affine_map<(f, k) -> (f)>], fdt.result_dims = 1 : i64,
      fdt.stages = [{args = ["acc", "in:0", "in:1"], body = @step, init = @zero, init_args = [],
      over = array<i64: 0>, reduces = array<i64: 1>}]} "dense"
      ins(%input, %weights : memref<2xi8>, memref<2x3xi8>) outs(%sums : memref<3xi32>)
  return %sums : memref<3xi32>
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

// -----

#window = affine_map<(x, k) -> (x + k - 1)>
#result = affine_map<(x, k) -> (x)>

// Where padding is neutral the window is clipped: the inner loop runs over what lies inside, and
// nothing is asked per element.
// CHECK-LABEL: emitc.func @pool_4_k3(
// CHECK: for %[[X:.*]] = {{.*}} : i32 {
// CHECK: %[[LOW:.*]] = conditional
// CHECK: %[[HIGH:.*]] = conditional
// CHECK: for %{{.*}} = %[[LOW]] to %[[HIGH]] step
// CHECK-NOT: if %
// CHECK: emitc.func @tiny_invoke(
func.func @main(%input: memref<4xi8>) -> memref<4xi8>
    attributes {fdt.arena_bytes = 8 : i64, fdt.input_offsets = array<i64: 0>} {
  %largest = memref.alloc() {fdt.offset = 4 : i64} : memref<4xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 4, 3>, fdt.kind = "pool",
      fdt.layer = "pool", fdt.macs = 0 : i64, fdt.maps = [#window, #result],
      fdt.pads = [{neutral = true, operand = 0 : i64, value = -128 : i8}],
      fdt.result_dims = 1 : i64, fdt.stages = [{args = ["acc", "in:0"], body = @step,
      init = @lowest, init_args = [], over = array<i64: 0>, reduces = array<i64: 1>}]} "pool"
      ins(%input : memref<4xi8>) outs(%largest : memref<4xi8>)
  return %largest : memref<4xi8>
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

#window = affine_map<(x, k) -> (x + k - 1)>
#result = affine_map<(x, k) -> (x)>

// Where it is not neutral, the window runs over its whole extent and the padding is selected for
// each element outside.
// CHECK-LABEL: emitc.func @pool_4_k3(
// CHECK-DAG: %[[WINDOW:.*]] = "emitc.constant"() <{value = 3 : i32}>
// CHECK: for %{{.*}} = %{{.*}} to %[[WINDOW]] step
// CHECK: "emitc.variable"() <{value = 7 : i8}>
// CHECK: if
// CHECK: emitc.func @tiny_invoke(
func.func @main(%input: memref<4xi8>) -> memref<4xi8>
    attributes {fdt.arena_bytes = 8 : i64, fdt.input_offsets = array<i64: 0>} {
  %largest = memref.alloc() {fdt.offset = 4 : i64} : memref<4xi8>
  iree_codegen.ukernel.generic {fdt.dims = array<i64: 4, 3>, fdt.kind = "pool",
      fdt.layer = "pool", fdt.macs = 0 : i64, fdt.maps = [#window, #result],
      fdt.pads = [{neutral = false, operand = 0 : i64, value = 7 : i8}],
      fdt.result_dims = 1 : i64, fdt.stages = [{args = ["acc", "in:0"], body = @step,
      init = @lowest, init_args = [], over = array<i64: 0>, reduces = array<i64: 1>}]} "pool"
      ins(%input : memref<4xi8>) outs(%largest : memref<4xi8>)
  return %largest : memref<4xi8>
}
func.func private @lowest() -> i8 {
  %lowest = arith.constant -128 : i8
  return %lowest : i8
}
func.func private @step(%largest: i8, %x: i8) -> i8 {
  %next = arith.maxsi %largest, %x : i8
  return %next : i8
}
