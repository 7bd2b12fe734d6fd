// Every fault of a pipeline is shown at its place, before the input is read.

// RUN: not fdt-opt %s --pass-pipeline='builtin.module(cse,fdt-make-batch-statik)' 2>&1 | FileCheck %s --check-prefix=UNKNOWN --strict-whitespace
// UNKNOWN: unknown pass 'fdt-make-batch-statik'; did you mean fdt-make-batch-static?
// UNKNOWN-NEXT:   builtin.module(cse,fdt-make-batch-statik)
// UNKNOWN-NEXT:                      ^

// RUN: not fdt-opt %s --pass-pipeline='builtin.module(fdt-make-batch-static{size=1})' 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: fdt-make-batch-static has no option 'size'; its options: batch

// RUN: not fdt-opt %s --pass-pipeline='builtin.module(fdt-make-batch-static{batch=0})' 2>&1 | FileCheck %s --check-prefix=RANGE
// RANGE: batch is 0, but must be at least 1

// RUN: not fdt-opt %s --pass-pipeline='builtin.module(func.func(cse,fdt-make-batch-static))' 2>&1 | FileCheck %s --check-prefix=NESTED --strict-whitespace
// NESTED: fdt-make-batch-static runs on the module: move it out of 'func.func(...)'
// NESTED-NEXT:   builtin.module(func.func(cse,fdt-make-batch-static))
// NESTED-NEXT:                                ^

// RUN: not fdt-opt %s --pass-pipeline='builtin.module(func.func(cse,canonicalise))' 2>&1 | FileCheck %s --check-prefix=MLIR --strict-whitespace
// MLIR: 'canonicalise' does not refer to a registered pass
// MLIR-NEXT:   builtin.module(func.func(cse,canonicalise))
// MLIR-NEXT:                                ^

// RUN: not fdt-opt %s stray 2>&1 | FileCheck %s --check-prefix=STRAY
// STRAY: unexpected argument stray

// RUN: not fdt-opt %s --cse --pass-pipeline='builtin.module(cse)' 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: --cse is no option of fdt-opt
