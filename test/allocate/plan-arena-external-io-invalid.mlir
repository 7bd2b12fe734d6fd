// RUN: fdt-opt %s --verify-diagnostics --pass-pipeline='builtin.module(fdt-plan-arena{external-io=1})'

// State stays where it is between two inferences: nobody but the arena has a place for it.
// expected-error@+1 {{state has no place outside of the arena}}
func.func @main(%x: memref<4xi8>, %state: memref<4xi8>) -> (memref<4xi8>, memref<4xi8>)
    attributes {fdt.states = array<i64: 0>} {
  return %x, %state : memref<4xi8>, memref<4xi8>
}
