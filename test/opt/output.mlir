// Bytecode written to a file reads back as the same module.
// RUN: rm -rf %t && mkdir -p %t
// RUN: fdt-opt %s --emit-bytecode -o %t/module.mlirbc
// RUN: fdt-opt %t/module.mlirbc -o %t/module.mlir
// RUN: FileCheck %s --input-file %t/module.mlir
// CHECK: func.func private @image(tensor<2x?xi8>)

// A failing run leaves an earlier output as it was, and no other file beside it.
// RUN: not fdt-opt %s --fdt-make-batch-static -o %t/module.mlir
// RUN: FileCheck %s --input-file %t/module.mlir
// RUN: ls -A %t | FileCheck %s --check-prefix=FILES
// FILES: {{^module.mlir$}}
// FILES-NEXT: {{^module.mlirbc$}}
// FILES-NOT: {{.}}

// RUN: not fdt-opt %s -o %t/missing/module.mlir 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: error: cannot write {{.*}}missing/module.mlir: No such file or directory

// RUN: not fdt-opt %t/missing.mlir 2>&1 | FileCheck %s --check-prefix=INPUT
// INPUT: error: cannot read {{.*}}missing.mlir: No such file or directory
func.func private @image(tensor<2x?xi8>)
