// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-place-parts)' | FileCheck %s

// The pass never fails; here is what it must leave alone.

// Somebody else reads the part: it stays where it is, and the insertion is a copy
// (fdt-expose-copies avoids this).
// CHECK-LABEL: func.func @shared(
// CHECK: %[[OWN:.*]] = bufferization.alloc_tensor() : tensor<3xi8>
// CHECK: %[[PART:.*]] = iree_codegen.ukernel.generic {{.*}}outs(%[[OWN]] : tensor<3xi8>)
// CHECK-NOT: tensor.extract_slice
// CHECK: %[[WHOLE:.*]] = tensor.insert_slice %[[PART]]
// CHECK: return %[[WHOLE]], %[[PART]]
func.func @shared(%input: tensor<5xi8>) -> (tensor<7xi8>, tensor<3xi8>) {
  %own = bufferization.alloc_tensor() : tensor<3xi8>
  %part = iree_codegen.ukernel.generic "part" ins(%input : tensor<5xi8>)
      outs(%own : tensor<3xi8>) -> tensor<3xi8>
  %empty = tensor.empty() : tensor<7xi8>
  %whole = tensor.insert_slice %part into %empty[0] [3] [1] : tensor<3xi8> into tensor<7xi8>
  return %whole, %part : tensor<7xi8>, tensor<3xi8>
}

// A part that no kernel computes.
// CHECK-LABEL: func.func @argument(
// CHECK-NOT: bufferization.alloc_tensor
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[2] [5] [1]
func.func @argument(%input: tensor<5xi8>) -> tensor<7xi8> {
  %empty = tensor.empty() : tensor<7xi8>
  %whole = tensor.insert_slice %input into %empty[2] [5] [1] : tensor<5xi8> into tensor<7xi8>
  return %whole : tensor<7xi8>
}
