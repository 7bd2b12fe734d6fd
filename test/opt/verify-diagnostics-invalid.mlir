// A comparison that cannot fail would hide broken tests: both kinds of difference end with status 1.
// RUN: not fdt-opt %s --split-input-file --verify-diagnostics --fdt-make-batch-static 2>&1 | FileCheck %s

// CHECK: verify-diagnostics-invalid.mlir:9: error: did not find expected error: never reported
// CHECK-NEXT: verify-diagnostics-invalid.mlir:12: error: unexpected error: argument 0 of @unexpected
// CHECK: verify-diagnostics-invalid.mlir:16: error: unexpected error: argument 0 of @elsewhere
// CHECK: verify-diagnostics-invalid.mlir:17: error: did not find expected error: @elsewhere
// CHECK: verify-diagnostics-invalid.mlir:20: error: not a valid expectation
// expected-error {{never reported}}

// -----
func.func private @unexpected(tensor<4x?xf32>)

// -----
// The right text at the wrong line is both.
func.func private @elsewhere(tensor<5x?xf32>)
// expected-error {{@elsewhere}}

// -----
// expected-error@sometime {{text}}
