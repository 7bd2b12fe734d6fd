// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-form-kernels,fdt-stream-input,canonicalize,cse)' \
// RUN:   | FileCheck %s

#each = affine_map<(y, c) -> (y, c)>

// The input's rows get a layer of their own, in the path of the layer that reads them.
// CHECK-LABEL: func.func @rows(
// CHECK: %[[COPY:.*]] = iree_codegen.ukernel.generic {{.*}}fdt.kind = "copy", fdt.layer = "input_rows", {{.*}}fdt.row_path = 0 : i64{{.*}} ins(%arg0 : tensor<1x6x4xi8>)
// CHECK: iree_codegen.ukernel.generic {{.*}}fdt.layer = "negate"{{.*}} ins(%[[COPY]] : tensor<1x6x4xi8>)
func.func @rows(%x: tensor<1x6x4xi8>) -> tensor<6x4xi8> attributes {fdt.stream_input = 0 : i64} {
  %rows = tensor.collapse_shape %x [[0, 1], [2]] : tensor<1x6x4xi8> into tensor<6x4xi8>
  %empty = tensor.empty() : tensor<6x4xi8>
  %zero = arith.constant 0 : i8
  %result = linalg.generic {indexing_maps = [#each, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%rows : tensor<6x4xi8>) outs(%empty : tensor<6x4xi8>)
      attrs = {fdt.layer = "negate", fdt.role = "map", fdt.row_path = 0 : i64} {
  ^bb0(%in: i8, %out: i8):
    %negative = arith.subi %zero, %in : i8
    linalg.yield %negative : i8
  } -> tensor<6x4xi8>
  return %result : tensor<6x4xi8>
}

// Nothing changes where no input is streamed.
// CHECK-LABEL: func.func @whole(
// CHECK-NOT: input_rows
// CHECK: return
func.func @whole(%x: tensor<6x4xi8>) -> tensor<6x4xi8> {
  %empty = tensor.empty() : tensor<6x4xi8>
  %result = linalg.generic {indexing_maps = [#each, #each],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<6x4xi8>) outs(%empty : tensor<6x4xi8>)
      attrs = {fdt.layer = "same", fdt.role = "map"} {
  ^bb0(%in: i8, %out: i8):
    linalg.yield %in : i8
  } -> tensor<6x4xi8>
  return %result : tensor<6x4xi8>
}
