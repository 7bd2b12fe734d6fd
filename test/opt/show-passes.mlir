// Every pass is listed with what it does and its options.
// RUN: fdt-opt --show-passes | FileCheck %s
// CHECK: fdt-make-batch-static: Replace the dynamic leading dimension
// CHECK-NEXT: batch=1 (an integer)
// CHECK: Every pass of MLIR and IREE

// RUN: fdt-opt --version | FileCheck %s --check-prefix=VERSION
// VERSION: fdt-mlir {{[0-9]+\.[0-9]+}}
