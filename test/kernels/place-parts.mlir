// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-form-kernels,fdt-place-parts,canonicalize)' \
// RUN:   | FileCheck %s

#each = affine_map<(y, c) -> (y, c)>

// The tensor exists before its first part; each kernel writes its slice, in program order, and the
// second part is computed first.
// CHECK-LABEL: func.func @concat(
// CHECK-SAME: %[[X:.*]]: tensor<6x4xi8>, %[[Y:.*]]: tensor<6x2xi8>
// CHECK: %[[EMPTY:.*]] = bufferization.alloc_tensor() : tensor<6x6xi8>
// CHECK: %[[RIGHT:.*]] = tensor.extract_slice %[[EMPTY]][0, 4] [6, 2] [1, 1]
// CHECK: %[[SECOND:.*]] = iree_codegen.ukernel.generic {{.*}} ins(%[[Y]] : tensor<6x2xi8>) outs(%[[RIGHT]]
// CHECK: %[[PARTIAL:.*]] = tensor.insert_slice %[[SECOND]] into %[[EMPTY]][0, 4]
// CHECK: %[[LEFT:.*]] = tensor.extract_slice %[[PARTIAL]][0, 0] [6, 4] [1, 1]
// CHECK: %[[FIRST:.*]] = iree_codegen.ukernel.generic {{.*}} ins(%[[X]] : tensor<6x4xi8>) outs(%[[LEFT]]
// CHECK: %[[FULL:.*]] = tensor.insert_slice %[[FIRST]] into %[[PARTIAL]][0, 0]
// CHECK-NOT: bufferization.alloc_tensor
// CHECK: return %[[FULL]]
func.func @concat(%x: tensor<6x4xi8>, %y: tensor<6x2xi8>) -> tensor<6x6xi8> {
  %right = tensor.empty() : tensor<6x2xi8>
  %second = linalg.generic {indexing_maps = [#each, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<6x2xi8>) outs(%right : tensor<6x2xi8>) attrs = {fdt.layer = "b"} {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<6x2xi8>
  %left = tensor.empty() : tensor<6x4xi8>
  %first = linalg.generic {indexing_maps = [#each, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<6x4xi8>) outs(%left : tensor<6x4xi8>) attrs = {fdt.layer = "a"} {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<6x4xi8>
  %dest = tensor.empty() : tensor<6x6xi8>
  %partial = tensor.insert_slice %first into %dest[0, 0] [6, 4] [1, 1]
      : tensor<6x4xi8> into tensor<6x6xi8>
  %full = tensor.insert_slice %second into %partial[0, 4] [6, 2] [1, 1]
      : tensor<6x2xi8> into tensor<6x6xi8>
  return %full : tensor<6x6xi8>
}

// A reshape between the kernel and its place is undone on the place.
// CHECK-LABEL: func.func @reshaped(
// CHECK: %[[SLICE:.*]] = tensor.extract_slice
// CHECK: %[[PLACE:.*]] = tensor.expand_shape %[[SLICE]] {{.*}} into tensor<2x3x4xi8>
// CHECK: %[[PART:.*]] = iree_codegen.ukernel.generic {{.*}} outs(%[[PLACE]] : tensor<2x3x4xi8>)
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[PART]]
// CHECK: tensor.insert_slice %[[ROWS]]
func.func @reshaped(%x: tensor<2x3x4xi8>) -> tensor<6x5xi8> {
  %made = tensor.empty() : tensor<2x3x4xi8>
  %part = linalg.generic {
      indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> (a, b, c)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x3x4xi8>) outs(%made : tensor<2x3x4xi8>) attrs = {fdt.layer = "a"} {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<2x3x4xi8>
  %rows = tensor.collapse_shape %part [[0, 1], [2]] : tensor<2x3x4xi8> into tensor<6x4xi8>
  %dest = tensor.empty() : tensor<6x5xi8>
  %partial = tensor.insert_slice %rows into %dest[0, 0] [6, 4] [1, 1]
      : tensor<6x4xi8> into tensor<6x5xi8>
  return %partial : tensor<6x5xi8>
}
