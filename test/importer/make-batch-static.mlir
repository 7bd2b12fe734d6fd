// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-make-batch-static)' | FileCheck %s
// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-make-batch-static{batch=3})' \
// RUN:   | FileCheck %s --check-prefix=THREE

// Every type that the batch reaches changes: argument, op result, signature.
// CHECK-LABEL: func.func @add(
// CHECK-SAME: tensor<1x12xi8>, %{{.*}}: tensor<1x12xi8>) -> tensor<1x12xi8>
// CHECK-NEXT: tosa.add {{.*}} -> tensor<1x12xi8>
// CHECK-NOT: tensor<?
// THREE-LABEL: func.func @add(
// THREE-SAME: tensor<3x12xi8>
// THREE: tosa.add {{.*}} -> tensor<3x12xi8>
func.func @add(%left: tensor<?x12xi8>, %right: tensor<?x12xi8>) -> tensor<?x12xi8> {
  %sum = tosa.add %left, %right : (tensor<?x12xi8>, tensor<?x12xi8>) -> tensor<?x12xi8>
  return %sum : tensor<?x12xi8>
}

// A reshape keeps its -1: only types are rewritten.
// CHECK-LABEL: func.func @reshape(
// CHECK: tosa.const_shape {{.*}}[-1, 24]
// CHECK: tosa.reshape {{.*}} -> tensor<1x24xi8>
func.func @reshape(%image: tensor<?x4x6xi8>) -> tensor<?x24xi8> {
  %shape = "tosa.const_shape"() <{values = dense<[-1, 24]> : tensor<2xindex>}> : () -> !tosa.shape<2>
  %row = tosa.reshape %image, %shape : (tensor<?x4x6xi8>, !tosa.shape<2>) -> tensor<?x24xi8>
  return %row : tensor<?x24xi8>
}

// Arguments of nested blocks carry the batch as well.
// CHECK-LABEL: func.func @loop(
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (tensor<1x5xi8>)
func.func @loop(%start: tensor<?x5xi8>, %count: index) -> tensor<?x5xi8> {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %last = scf.for %i = %zero to %count step %one iter_args(%value = %start) -> tensor<?x5xi8> {
    %next = tosa.add %value, %value : (tensor<?x5xi8>, tensor<?x5xi8>) -> tensor<?x5xi8>
    scf.yield %next : tensor<?x5xi8>
  }
  return %last : tensor<?x5xi8>
}

// A declaration has a signature only; static types and scalars stay.
// CHECK: func.func private @declared(tensor<1x7xi8>, tensor<2x7xi8>, i32) -> tensor<1xi8>
func.func private @declared(tensor<?x7xi8>, tensor<2x7xi8>, i32) -> tensor<?xi8>
