// Every part is a module of its own: the same name may come again.
// RUN: fdt-opt %s --split-input-file --cse | FileCheck %s
// CHECK: func.func private @one(i32)
// CHECK: {{^// -----$}}
// CHECK: func.func private @one(i64)

// RUN: not fdt-opt %s 2>&1 | FileCheck %s --check-prefix=WHOLE
// WHOLE: split-input-file.mlir:[[LINE:[0-9]+]]:1: error: redefinition of symbol named 'one'

// RUN: not fdt-opt %s --split-input-file --emit-bytecode 2>&1 | FileCheck %s --check-prefix=BYTECODE
// BYTECODE: --emit-bytecode writes one module, the input has 2
func.func private @one(i32)

// -----
func.func private @one(i64)
