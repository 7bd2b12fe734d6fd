// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-place-parts)' | FileCheck %s

// Each kernel writes its slice of the one tensor, which exists before the first of them; the
// tensors of their own are gone.
// CHECK-LABEL: func.func @concatenate(
// CHECK-NOT: alloc_tensor() : tensor<3xi8>
// CHECK: %[[WHOLE:.*]] = bufferization.alloc_tensor() : tensor<7xi8>
// CHECK: %[[FIRST:.*]] = tensor.extract_slice %[[WHOLE]][0] [3] [1]
// CHECK: %[[ONE:.*]] = iree_codegen.ukernel.generic "first" {{.*}}outs(%[[FIRST]] : tensor<3xi8>)
// CHECK: %[[HALF:.*]] = tensor.insert_slice %[[ONE]] into %[[WHOLE]][0] [3] [1]
// CHECK: %[[SECOND:.*]] = tensor.extract_slice %[[HALF]][3] [4] [1]
// CHECK: %[[TWO:.*]] = iree_codegen.ukernel.generic "second" {{.*}}outs(%[[SECOND]] : tensor<4xi8>)
// CHECK: %[[BOTH:.*]] = tensor.insert_slice %[[TWO]] into %[[HALF]][3] [4] [1]
// CHECK: return %[[BOTH]]
func.func @concatenate(%input: tensor<5xi8>) -> tensor<7xi8> {
  %own = bufferization.alloc_tensor() : tensor<3xi8>
  %first = iree_codegen.ukernel.generic "first" ins(%input : tensor<5xi8>)
      outs(%own : tensor<3xi8>) -> tensor<3xi8>
  %other_own = bufferization.alloc_tensor() : tensor<4xi8>
  %second = iree_codegen.ukernel.generic "second" ins(%input : tensor<5xi8>)
      outs(%other_own : tensor<4xi8>) -> tensor<4xi8>
  %empty = tensor.empty() : tensor<7xi8>
  %half = tensor.insert_slice %first into %empty[0] [3] [1] : tensor<3xi8> into tensor<7xi8>
  %both = tensor.insert_slice %second into %half[3] [4] [1] : tensor<4xi8> into tensor<7xi8>
  return %both : tensor<7xi8>
}

// A reshape between kernel and insertion is undone on the slice, so the kernel keeps its shape.
// CHECK-LABEL: func.func @reshaped(
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %{{.*}}[1] [6] [1] : tensor<8xi8> to tensor<6xi8>
// CHECK: %[[PLACE:.*]] = tensor.expand_shape %[[SLICE]] {{.*}} into tensor<2x3xi8>
// CHECK: %[[RESULT:.*]] = iree_codegen.ukernel.generic {{.*}}outs(%[[PLACE]] : tensor<2x3xi8>)
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %[[RESULT]]
// CHECK: tensor.insert_slice %[[FLAT]]
func.func @reshaped(%input: tensor<5xi8>) -> tensor<8xi8> {
  %own = bufferization.alloc_tensor() : tensor<2x3xi8>
  %rows = iree_codegen.ukernel.generic "rows" ins(%input : tensor<5xi8>)
      outs(%own : tensor<2x3xi8>) -> tensor<2x3xi8>
  %flat = tensor.collapse_shape %rows [[0, 1]] : tensor<2x3xi8> into tensor<6xi8>
  %empty = tensor.empty() : tensor<8xi8>
  %part = tensor.insert_slice %flat into %empty[1] [6] [1] : tensor<6xi8> into tensor<8xi8>
  return %part : tensor<8xi8>
}
