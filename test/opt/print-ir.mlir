// Every pass shows the module that it was given and left; MLIR's passes one by one, too.
// RUN: fdt-opt %s --pass-pipeline='builtin.module(fdt-make-batch-static,canonicalize,cse)' -o /dev/null \
// RUN:   --mlir-print-ir-before-all --mlir-print-ir-after-all 2>&1 | FileCheck %s
// CHECK: // -----// IR Dump Before fdt-make-batch-static //----- //
// CHECK: tensor<?x2xi32>
// CHECK: // -----// IR Dump After fdt-make-batch-static //----- //
// CHECK: tensor<1x2xi32>
// CHECK: // -----// IR Dump Before canonicalize //----- //
// CHECK: // -----// IR Dump After canonicalize //----- //
// CHECK: // -----// IR Dump Before cse //----- //
// CHECK: // -----// IR Dump After cse //----- //

// RUN: fdt-opt %s --mlir-elide-elementsattrs-if-larger=3 | FileCheck %s --check-prefix=ELIDED
// ELIDED: dense_resource<__elided__>

// RUN: fdt-opt %s --mlir-print-op-generic --mlir-print-debuginfo | FileCheck %s --check-prefix=GENERIC
// GENERIC: "func.return"({{.*}}loc(
// GENERIC: print-ir.mlir":{{[0-9]+}}:3
func.func @constant(%unused: tensor<?x2xi32>) -> tensor<4xi32> {
  %table = arith.constant dense<[2, 3, 5, 7]> : tensor<4xi32>
  return %table : tensor<4xi32>
}
