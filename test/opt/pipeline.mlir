// Our passes, MLIR's and IREE's run in the order of the pipeline, nests and options included.
// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-make-batch-static{batch=2}, iree-tosa-input-transformation-pipeline, func.func(canonicalize{max-iterations=3}, cse))' \
// RUN:   | FileCheck %s

// The same passes as single options.
// RUN: fdt-opt %s --fdt-make-batch-static=batch=2 --iree-tosa-input-transformation-pipeline --canonicalize --cse \
// RUN:   | FileCheck %s

// Standard input is the default, and without passes the module comes back as it was.
// RUN: fdt-opt < %s | FileCheck %s --check-prefix=SAME

// CHECK-LABEL: func.func @twice(
// CHECK-SAME: tensor<2x3xi8>
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK-NOT: tosa.
// SAME-LABEL: func.func @twice(
// SAME-COUNT-2: tosa.bitwise_not
func.func @twice(%input: tensor<?x3xi8>) -> (tensor<?x3xi8>, tensor<?x3xi8>) {
  %first = tosa.bitwise_not %input : (tensor<?x3xi8>) -> tensor<?x3xi8>
  %second = tosa.bitwise_not %input : (tensor<?x3xi8>) -> tensor<?x3xi8>
  return %first, %second : tensor<?x3xi8>, tensor<?x3xi8>
}
